import type { RunConfig } from '../../core/model/config.ts';
import { stampOf } from '../../core/values/custom-ids.ts';
import type { ProviderWire } from '../../ports/provider.ts';

/** Whole lines, each as long as it was. */
export type ChangeLines = (lines: string) => string;

/** How the run raises the output limits of rows that are asked again; null: it does not. */
export const raisingOf = (wire: ProviderWire, { operation }: RunConfig): ChangeLines | null => {
  const { raisedOutputTokensMax } = operation.retry;
  const { raiseOutputTokens } = wire;
  return raisedOutputTokensMax === null || raiseOutputTokens === undefined
    ? null
    : (lines) => raiseOutputTokens(lines, raisedOutputTokensMax);
};

/**
 * How batch and attempt come into the `custom_id`s of a batch; null: the run's ids have no field
 * for them.
 */
export const stampingOf = (
  { stampCustomIds }: ProviderWire,
  { customIds }: RunConfig,
  { batchNo, createAttempt }: { readonly batchNo: number; readonly createAttempt: number },
): ChangeLines | null => {
  if (customIds?.isStamped !== true || stampCustomIds === undefined) return null;
  const stamp = stampOf(batchNo, createAttempt);
  return (lines) => stampCustomIds(lines, stamp);
};

const newline = 0x0a;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Request lines, changed on their way. A chunk may end inside a line: its beginning waits for the
 * rest.
 */
export async function* changedLines(
  chunks: AsyncIterable<Uint8Array>,
  change: ChangeLines,
): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end > 0) {
      yield encoder.encode(change(textOf([...waiting, chunk.subarray(0, end)])));
      waiting = [];
    }
    if (end < chunk.length) waiting.push(chunk.slice(end));
  }
  if (waiting.length > 0) yield encoder.encode(change(textOf(waiting)));
}

/** Parts may be cut inside a character. */
const textOf = (parts: readonly Uint8Array[]): string => {
  const whole = parts.map((part, place) =>
    decoder.decode(part, { stream: place < parts.length - 1 }),
  );
  return whole.join('');
};
