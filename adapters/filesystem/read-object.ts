import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Span } from '../../lib/ports/artifacts.ts';
import { PayloadError } from '../../lib/ports/payload-error.ts';
import { blockEnd, type BlockSums, blockStart, changedBlock } from './sums-file.ts';

const chunkBytes = 512 * 1024;
/** Spans closer than this are read together: a system call costs more than the bytes between. */
const gapBytesMax = 16 * 1024;
const readBytesMax = 1024 * 1024;

/** The kernel rejects a link as the last path segment. */
const openObject = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW);

const readFully = async (
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0)
      throw new Error(`${path} ends at byte ${offset + at}, ${length - at} bytes too early`);
    at += bytesRead;
  }
  return bytes;
};

/** The error for changed bytes, which no caller receives. */
export const changedBytes = (path: string, { offset, length }: Span): PayloadError =>
  new PayloadError({
    type: 'corrupt',
    message:
      `${path} has changed since it was stored: bytes ${offset}+${length} do not match their checksum, and are neither sent nor handed out. ` +
      'Restore this file from a backup; `batchor verify --run-id RUN` names the rows that need it',
    where: `${path}:${offset}`,
  });

/**
 * The bytes of the span in chunks, each verified before it is returned. The file is open only
 * during the iteration. Throws `PayloadError`.
 */
export async function* readChunks(
  path: string,
  span: Span,
  sums: BlockSums | null,
): AsyncGenerator<Uint8Array> {
  const handle = await openObject(path);
  const step = stepOf(chunkBytes, sums);
  try {
    const end = span.offset + span.length;
    for (let at = span.offset; at < end;) {
      const from = sums === null ? at : blockStart(sums, at);
      const to = Math.min(from + step, sums === null ? end : blockEnd(sums, end));
      const bytes = await readFully(handle, path, from, to - from);
      requireSame(path, sums, bytes, from);
      yield bytes.subarray(at - from, Math.min(to, end) - from);
      at = to;
    }
  } finally {
    await handle.close();
  }
}

/** How many bytes to read at once, in whole blocks. */
const stepOf = (bytes: number, sums: BlockSums | null): number =>
  sums === null ? bytes : Math.max(1, Math.floor(bytes / sums.blockBytes)) * sums.blockBytes;

const requireSame = (
  path: string,
  sums: BlockSums | null,
  bytes: Uint8Array,
  from: number,
): void => {
  const changed = sums === null ? null : changedBlock(sums, bytes, from);
  if (changed !== null) throw changedBytes(path, changed);
};

/**
 * Every span, in the given order. Adjacent spans share a read, and results are views of its bytes.
 * Every block that a span touches is verified. Throws `PayloadError`.
 */
export const readAllSpans = async (
  path: string,
  spans: readonly Span[],
  sums: BlockSums | null,
): Promise<readonly Uint8Array[]> => {
  const order = spans
    .map((_, i) => i)
    .sort((a, b) => spanAt(spans, a).offset - spanAt(spans, b).offset);
  const found: Uint8Array[] = new Array<Uint8Array>(spans.length);
  const handle = await openObject(path);
  try {
    for (let i = 0; i < order.length;) {
      const behind = neighboursEnd(spans, order, i);
      const first = spanAt(spans, order[i] as number);
      let end = first.offset;
      for (let at = i; at < behind; at += 1)
        end = Math.max(end, endOf(spanAt(spans, order[at] as number)));
      const start = sums === null ? first.offset : blockStart(sums, first.offset);
      const block = await readFully(
        handle,
        path,
        start,
        (sums === null ? end : blockEnd(sums, end)) - start,
      );
      let verifiedTo = 0;
      for (; i < behind; i += 1) {
        const at = order[i] as number;
        const span = spanAt(spans, at);
        if (sums !== null) verifiedTo = verifySpan(path, sums, block, start, span, verifiedTo);
        found[at] = block.subarray(span.offset - start, endOf(span) - start);
      }
    }
    return found;
  } finally {
    await handle.close();
  }
};

/**
 * Verifies spans in offset order: a block that an earlier span touched is not summed again. Returns
 * the block after the last verified one.
 */
const verifySpan = (
  path: string,
  sums: BlockSums,
  block: Uint8Array,
  start: number,
  span: Span,
  verifiedTo: number,
): number => {
  if (span.length === 0) return verifiedTo;
  const from = Math.max(verifiedTo, Math.floor(span.offset / sums.blockBytes));
  const to = Math.max(verifiedTo, Math.ceil(endOf(span) / sums.blockBytes));
  const changed = changedBlock(sums, block, start, from, to);
  if (changed !== null) throw changedBytes(path, changed);
  return to;
};

/** The index after the last span that is read together with this one. */
const neighboursEnd = (spans: readonly Span[], order: readonly number[], from: number): number => {
  const start = spanAt(spans, order[from] as number).offset;
  let end = start;
  let behind = from;
  for (; behind < order.length; behind += 1) {
    const span = spanAt(spans, order[behind] as number);
    const isNear =
      span.offset <= end + gapBytesMax && Math.max(end, endOf(span)) - start <= readBytesMax;
    if (behind > from && !isNear) break;
    end = Math.max(end, endOf(span));
  }
  return behind;
};

const spanAt = (spans: readonly Span[], at: number): Span => spans[at] as Span;
const endOf = (span: Span): number => span.offset + span.length;

/** The first changed bytes of the whole object; null: none. */
export const findChange = async (
  path: string,
  sums: BlockSums,
  bytes: number,
): Promise<Span | null> => {
  if (bytes !== sums.bytes) {
    const offset = Math.min(bytes, sums.bytes);
    return { offset, length: Math.max(bytes, sums.bytes) - offset };
  }
  const handle = await openObject(path);
  const step = stepOf(readBytesMax, sums);
  try {
    for (let from = 0; from < bytes; from += step) {
      const changed = changedBlock(
        sums,
        await readFully(handle, path, from, Math.min(step, bytes - from)),
        from,
      );
      if (changed !== null) return changed;
    }
    return null;
  } finally {
    await handle.close();
  }
};
