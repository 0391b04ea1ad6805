import { createLineBlocks, type LineBlock } from '../../bytes/line-blocks.ts';
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

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Request lines, changed on their way: whole lines at a time. */
export async function* changedLines(
  chunks: AsyncIterable<Uint8Array>,
  change: ChangeLines,
): AsyncGenerator<Uint8Array> {
  const blocks = createLineBlocks(Number.POSITIVE_INFINITY);
  const changed = ({ bytes }: LineBlock): Uint8Array =>
    encoder.encode(change(decoder.decode(bytes as Uint8Array)));
  for await (const chunk of chunks) yield* blocks.add(chunk).map(changed);
  yield* blocks.end().map(changed);
}
