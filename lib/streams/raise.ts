import type { RunConfig } from '../core/config.ts';
import type { ProviderWire } from '../ports/provider.ts';

/** Whole lines, each as long as it was. */
export type RaiseLines = (lines: string) => string;

/** How the run raises the output limits of rows that are asked again; null: it does not. */
export const raisingOf = (wire: ProviderWire, { operation }: RunConfig): RaiseLines | null => {
  const { raisedOutputTokensMax } = operation.retry;
  const { raiseOutputTokens } = wire;
  return raisedOutputTokensMax === null || raiseOutputTokens === undefined
    ? null
    : (lines) => raiseOutputTokens(lines, raisedOutputTokensMax);
};

const newline = 0x0a;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Request lines with raised limits. A chunk may end inside a line: its beginning waits for the rest. */
export async function* raisedLines(chunks: AsyncIterable<Uint8Array>, raise: RaiseLines): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end > 0) {
      yield encoder.encode(raise(textOf([...waiting, chunk.subarray(0, end)])));
      waiting = [];
    }
    if (end < chunk.length) waiting.push(chunk.slice(end));
  }
  if (waiting.length > 0) yield encoder.encode(raise(textOf(waiting)));
}

/** Parts may be cut inside a character. */
const textOf = (parts: readonly Uint8Array[]): string => {
  const whole = parts.map((part, place) => decoder.decode(part, { stream: place < parts.length - 1 }));
  return whole.join('');
};
