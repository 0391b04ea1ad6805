import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from './open-file.ts';

/** The bytes of a text in their order, taken as they are asked for. */
export interface ByteFlow {
  /** True once it is known that nothing more comes. */
  readonly ended: boolean;
  /** Reads the next bytes into `target`; 0 only at the end. Must not be called concurrently. */
  read(target: Buffer): Promise<number>;
  /** Stops the decompressor or decoder. The file stays open; its opener closes it. */
  close(): Promise<void>;
}

/** The bytes of `file` as they lie there, from `offset` to the end that it had at opening. */
export const plainFlow = (file: OpenFile, offset: number): ByteFlow => {
  let at = offset;
  return {
    get ended() {
      return at >= file.sizeBytes;
    },
    read: async (target) => {
      const bytesRead = await readAt(file, target, at);
      at += bytesRead;
      return bytesRead;
    },
    close: () => Promise.resolve(),
  };
};

/**
 * Reads bytes that the file had at opening; 0 only at its end. Throws `SourceError` where they are
 * gone.
 */
export const readAt = async (file: OpenFile, target: Buffer, offset: number): Promise<number> => {
  const length = Math.min(target.length, file.sizeBytes - offset);
  if (length <= 0) return 0;
  const { bytesRead } = await file.handle.read(target, 0, length, offset);
  if (bytesRead > 0) return bytesRead;
  throw new SourceError(
    'became shorter while it was read. Leave it alone until the run has read it',
    { ref: file.path },
  );
};
