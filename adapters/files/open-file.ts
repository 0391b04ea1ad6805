import { type FileHandle, open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { SourceError } from '../../lib/ports/source-error.ts';

/** A regular file open for reading. The opener closes `handle`. */
export interface OpenFile {
  /** As the user gave it. */
  readonly path: string;
  readonly handle: FileHandle;
  /** Size at opening. Later bytes are not read, so a growing file cannot end in half a row. */
  readonly sizeBytes: number;
}

/**
 * Opens a regular file. Throws `SourceError` for no such file, a folder, a file that may not be
 * read, and anything without offsets (a pipe, a device): reading could not continue after a restart
 * there.
 */
export const openFile = async (path: string): Promise<OpenFile> => {
  let handle: FileHandle;
  try {
    // A pipe without a writer is refused at once: opened without the flag, it would block until one
    // comes.
    handle = await open(
      path,
      constants.O_RDONLY | ((constants as { readonly O_NONBLOCK?: number }).O_NONBLOCK ?? 0),
    );
  } catch (error) {
    throw openFailure(path, error);
  }
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new SourceError('is a folder. Name a file in it', { ref: path });
    if (!stats.isFile())
      throw new SourceError(
        'is not a regular file, so reading could not be resumed. Copy it to a file first',
        { ref: path },
      );
    return { path, handle, sizeBytes: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
};

/** The failure to open a file, in the reader's words. */
export const openFailure = (path: string, cause: unknown): SourceError => {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT')
    return new SourceError(`no such file. Relative paths start at ${process.cwd()}`, {
      ref: path,
      cause,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new SourceError('may not be read by this user. Check its permissions', {
      ref: path,
      cause,
    });
  if (code === 'EISDIR')
    return new SourceError('is a folder. Name a file in it', { ref: path, cause });
  return new SourceError(
    `cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
    { ref: path, cause },
  );
};

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
