import type { BatchProvider } from '../../ports/provider.ts';
import { EngineFailure } from '../faults.ts';
import { createLineSplitter, type ReadLine } from '../settle/line-reader.ts';

/** A line of an input file; blank ones are left out. */
export interface RequestLine {
  /** Null: too long, or not UTF-8. */
  readonly text: string | null;
  /** The byte behind it. */
  readonly nextOffset: number;
}

/**
 * The lines of an input file at the provider, a block per chunk, in bounded memory. `from`: the
 * byte behind a line that was read before. Throws an `EngineFailure` where the file cannot be had,
 * and for a transfer that is cut: what came before it is whole lines.
 */
export async function* requestLinesOf(
  provider: Pick<BatchProvider, 'download'>,
  fileId: string,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<readonly RequestLine[]> {
  const opened = await provider.download(fileId)();
  if (opened._tag === 'Left') throw new EngineFailure(opened.left);
  const splitter = createLineSplitter();
  const { bytes: promised, chunks } = opened.right;
  let seen = 0;
  const source = chunks[Symbol.asyncIterator]();
  const cut = (cause: unknown): EngineFailure => {
    const message = `the download of ${fileId} was cut after ${seen} of ${promised ?? 'unknown'} bytes`;
    return new EngineFailure({ type: 'transient', message, retryAfterMs: null, cause });
  };
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await source.next().catch((cause: unknown) => {
        throw cut(cause);
      });
      if (next.done === true) break;
      const chunk = next.value;
      const known = Math.min(chunk.length, Math.max(0, from - seen));
      seen += chunk.length;
      const lines = splitter.add(chunk.subarray(known)).flatMap((line) => lineOf(line, from, 1));
      if (lines.length > 0) yield lines;
    }
  } finally {
    await source.return?.().catch(() => undefined);
  }
  if (promised !== null && seen !== promised) throw cut(null);
  const last = splitter.end().flatMap((line) => lineOf(line, from, 0));
  if (last.length > 0) yield last;
}

const lineOf = (
  { offset, length, text }: ReadLine,
  from: number,
  newline: 0 | 1,
): readonly RequestLine[] =>
  text?.trim() === '' ? [] : [{ text, nextOffset: from + offset + length + newline }];
