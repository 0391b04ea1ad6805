import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { compactNameOf } from '../../core/settle/raw-object.ts';
import type { ArtifactStore, Span } from '../../ports/artifacts.ts';
import type { Port, PortError } from '../../ports/port-error.ts';
import {
  type CompactLine,
  footerBytes,
  parseCompact,
  parseFooter,
  parseIndex,
} from './compact-line.ts';

/** Where the lines of a raw file are in its compact object. */
export interface CompactIndex {
  /** Bytes that the raw file had. */
  readonly rawBytes: number;
  /** Lines that are in it. */
  readonly count: number;
  /** The span of the nth line in the raw file, in bytes. Offsets ascend. */
  readonly rawSpan: (lineIndex: number) => Span;
  /** The same line in the compact object. */
  readonly span: (lineIndex: number) => Span;
}

// A page of results rarely touches more files; of the largest file an index is a few megabytes.
const keptMax = 8;
const kept = new WeakMap<ArtifactStore, Map<string, CompactIndex>>();

/**
 * The index of a raw file's compact object; `not_found` where there is none, `corrupt` where it is
 * not one.
 */
export const openCompact =
  (artifacts: ArtifactStore, object: string): Port<CompactIndex> =>
  async () => {
    const known = kept.get(artifacts) ?? new Map<string, CompactIndex>();
    kept.set(artifacts, known);
    const found = known.get(object);
    if (found !== undefined) return right(found);
    const read = await readIndex(artifacts, object);
    if (isLeft(read)) return read;
    // Objects are immutable: what was read once stays true.
    if (known.size >= keptMax) known.delete(known.keys().next().value as string);
    known.set(object, read.right);
    return read;
  };

const decoder = new TextDecoder();

const readIndex = async (
  artifacts: ArtifactStore,
  object: string,
): Promise<Either<PortError, CompactIndex>> => {
  const name = compactNameOf(object);
  const size = await artifacts.size(name)();
  if (isLeft(size)) return size;
  if (size.right === null)
    return left({ type: 'not_found', message: `no object ${object}, and no object ${name}` });
  const end = size.right - footerBytes;
  if (end < 0) return noCompact(name);
  const footing = await artifacts.readSpans(name, [{ offset: end, length: footerBytes }])();
  if (isLeft(footing)) return footing;
  const footer = parseFooter(decoder.decode(footing.right[0]));
  if (footer === null || footer.indexBytes > end) return noCompact(name);
  const linesEnd = end - footer.indexBytes;
  const indexing = await artifacts.readSpans(name, [
    { offset: linesEnd, length: footer.indexBytes },
  ])();
  if (isLeft(indexing)) return indexing;
  const numbers = parseIndex(decoder.decode(indexing.right[0]));
  if (numbers === null) return noCompact(name);
  // Four numbers a line, kept side by side: as objects they would be ten times as large.
  const columns = new Float64Array((numbers.length / 3) * 4);
  let at = 0;
  for (let i = 0, to = 0; i < numbers.length; i += 3, to += 4) {
    const length = numbers[i + 2] as number;
    columns.set([numbers[i] as number, numbers[i + 1] as number, at, length], to);
    at += length;
  }
  if (at !== linesEnd) return noCompact(name);
  const pair = (from: number): Span => ({
    offset: columns[from] as number,
    length: columns[from + 1] as number,
  });
  return right({
    rawBytes: footer.rawBytes,
    count: numbers.length / 3,
    rawSpan: (lineIndex) => pair(4 * lineIndex),
    span: (lineIndex) => pair(4 * lineIndex + 2),
  });
};

const noCompact = (name: string): Either<PortError, never> =>
  left({ type: 'corrupt', message: `object ${name} is not what was written there`, where: name });

/**
 * The content of the lines at these spans of the raw file, in the order asked for. Error: `corrupt`
 * for a span without a line.
 */
export const readCompactLines =
  (
    artifacts: ArtifactStore,
    object: string,
    rawSpans: readonly Span[],
  ): Port<readonly CompactLine[]> =>
  async () => {
    const opened = await openCompact(artifacts, object)();
    if (isLeft(opened)) return opened;
    const name = compactNameOf(object);
    const lineIndexes = rawSpans.map((span) => lineIndexOf(opened.right, span));
    const missing = lineIndexes.indexOf(-1);
    if (missing >= 0) {
      const { offset, length } = rawSpans[missing] as Span;
      return left({
        type: 'corrupt',
        message: `object ${name} holds no line for bytes ${offset}+${length} of ${object}`,
        where: name,
      });
    }
    const read = await artifacts.readSpans(
      name,
      lineIndexes.map((lineIndex) => opened.right.span(lineIndex)),
    )();
    if (isLeft(read)) return read;
    const lines: CompactLine[] = [];
    for (const bytes of read.right) {
      const line = parseCompact(decoder.decode(bytes));
      if (line === null) return noCompact(name);
      lines.push(line);
    }
    return right(lines);
  };

/**
 * Deletes the compact object of a raw file, so that it can be made again. For an object made from a
 * corrupt file.
 */
export const dropCompact = (artifacts: ArtifactStore, object: string): Port<void> => {
  kept.get(artifacts)?.delete(object);
  return artifacts.remove(compactNameOf(object));
};

/**
 * Of these spans of the raw file, those without a line in the compact object. Does not read its
 * lines.
 */
export const linesMissing = (
  artifacts: ArtifactStore,
  object: string,
  rawSpans: readonly Span[],
): Port<readonly Span[]> =>
  pipe(
    openCompact(artifacts, object),
    TE.map((index) => rawSpans.filter((span) => lineIndexOf(index, span) < 0)),
  );

const lineIndexOf = ({ count, rawSpan }: CompactIndex, { offset, length }: Span): number => {
  let low = 0;
  for (let high = count; low < high;) {
    const middle = (low + high) >>> 1;
    if (rawSpan(middle).offset < offset) low = middle + 1;
    else high = middle;
  }
  if (low === count) return -1;
  const found = rawSpan(low);
  return found.offset === offset && found.length === length ? low : -1;
};
