import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Span } from '../../lib/ports/artifacts.ts';

const chunkBytes = 512 * 1024;
/** Spans closer than this are read in one go: a system call costs more than the bytes between. */
const gapBytesMax = 16 * 1024;
const blockBytesMax = 1024 * 1024;

/** A link in the last place is refused by the kernel. */
const openObject = (path: string): Promise<FileHandle> => open(path, constants.O_RDONLY | constants.O_NOFOLLOW);

const readFully = async (handle: FileHandle, path: string, offset: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new Error(`${path} ends at byte ${offset + at}, ${length - at} bytes too early`);
    at += bytesRead;
  }
  return bytes;
};

/** The bytes of the span, chunk by chunk; the file is open only while somebody reads. */
export async function* readChunks(path: string, span: Span): AsyncGenerator<Uint8Array> {
  const handle = await openObject(path);
  try {
    const end = span.offset + span.length;
    for (let at = span.offset; at < end; at += chunkBytes) {
      yield await readFully(handle, path, at, Math.min(chunkBytes, end - at));
    }
  } finally {
    await handle.close();
  }
}

/** Every span, in the order asked for: neighbours share a read, and views share its bytes. */
export const readAllSpans = async (path: string, spans: readonly Span[]): Promise<readonly Uint8Array[]> => {
  const order = spans.map((_, i) => i).sort((a, b) => offsetAt(spans, a) - offsetAt(spans, b));
  const found: Uint8Array[] = new Array<Uint8Array>(spans.length);
  const handle = await openObject(path);
  try {
    for (let i = 0; i < order.length;) {
      const start = offsetAt(spans, order[i] as number);
      let end = start;
      let behind = i;
      for (; behind < order.length; behind += 1) {
        const span = spans[order[behind] as number] as Span;
        const isNear = span.offset <= end + gapBytesMax && Math.max(end, span.offset + span.length) - start <= blockBytesMax;
        if (behind > i && !isNear) break;
        end = Math.max(end, span.offset + span.length);
      }
      const block = await readFully(handle, path, start, end - start);
      for (; i < behind; i += 1) {
        const place = order[i] as number;
        const span = spans[place] as Span;
        found[place] = block.subarray(span.offset - start, span.offset - start + span.length);
      }
    }
    return found;
  } finally {
    await handle.close();
  }
};

const offsetAt = (spans: readonly Span[], place: number): number => (spans[place] as Span).offset;
