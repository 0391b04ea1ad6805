import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';
import { messageOf } from '../files/row-mapping.ts';
import { readMessageHead } from './message-head.ts';
import type { MessageHead } from './message-head.ts';

/** A message of an Arrow file, without its body. */
export interface ArrowMessage {
  readonly head: MessageHead;
  /** The head as in the file, with its length before it. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly bodyOffset: number;
  /** The byte offset after its body. */
  readonly end: number;
}

const CONTINUATION = 0xffff_ffff;

/**
 * The message at an offset; null at the end mark or the end of the file. Throws `SourceError` for
 * one that is damaged or truncated.
 */
export const readMessage = async (file: OpenFile, offset: number): Promise<ArrowMessage | null> => {
  if (offset === file.sizeBytes) return null;
  const prefix = view(await readBytes(file, offset, Math.min(8, file.sizeBytes - offset)));
  // Before version 0.15 there was no continuation mark.
  const isOld = prefix.byteLength < 8 || prefix.getUint32(0, true) !== CONTINUATION;
  if (prefix.byteLength < (isOld ? 4 : 8)) throw damaged(file, offset, 'the file ends there');
  const metadataBytes = prefix.getUint32(isOld ? 0 : 4, true);
  if (metadataBytes === 0) return null;
  const bodyOffset = offset + (isOld ? 4 : 8) + metadataBytes;
  if (bodyOffset > file.sizeBytes)
    throw damaged(file, offset, 'the file ends in the middle of its head');
  const bytes = await readBytes(file, offset, bodyOffset - offset);
  let head: MessageHead;
  try {
    head = readMessageHead(bytes.subarray(isOld ? 4 : 8));
  } catch (error) {
    throw damaged(file, offset, messageOf(error), error);
  }
  const end = bodyOffset + head.bodyBytes;
  if (end > file.sizeBytes) throw damaged(file, offset, 'the file ends in the middle of its body');
  return { head, bytes, offset, bodyOffset, end };
};

/** A message's body in a buffer of its own, so that its columns can be aligned views of it. */
export const readBody = (file: OpenFile, message: ArrowMessage): Promise<Uint8Array> =>
  readBytes(file, message.bodyOffset, message.head.bodyBytes);

/**
 * Bytes of the file in a buffer of their own. Throws `SourceError` if the file has become shorter.
 */
export const readBytes = async (
  file: OpenFile,
  offset: number,
  count: number,
): Promise<Uint8Array> => {
  // Never from a shared pool: only an aligned body allows numbers to be read in place.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(count).buffer);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.handle.read(
      bytes,
      filled,
      Math.min(count - filled, READ_BYTES_MAX),
      offset + filled,
    );
    if (bytesRead === 0)
      throw new SourceError(
        'became shorter while it was read. Do not change it until the run has read it',
        { ref: file.path },
      );
    filled += bytesRead;
  }
  return bytes;
};

/** Node cannot read 2 GiB at once. */
const READ_BYTES_MAX = 1024 * 1024 * 1024;

const view = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The error for a message that cannot be read. */
export const damaged = (
  file: OpenFile,
  offset: number,
  what: string,
  cause?: unknown,
): SourceError =>
  new SourceError(
    `is damaged or cut off: the message at byte ${offset} cannot be read (${what}). Write or copy the file again`,
    {
      ref: file.path,
      cause,
    },
  );
