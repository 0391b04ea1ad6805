import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from './open-file.ts';

/** How the bytes of a file are packed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/**
 * The compression that a file's name promises: `.gz` and `.zst`, in any case; every other end means
 * none.
 */
export const compressionOfName = (path: string): Compression => {
  if (/\.gz$/i.test(path)) return 'gzip';
  return /\.zst$/i.test(path) ? 'zstd' : 'none';
};

/**
 * The compression to read `file` by: the given one, or that of its name. Throws `SourceError` if
 * the file's first bytes contradict it. An empty file is not checked.
 */
export const checkCompression = async (
  file: OpenFile,
  said: Compression | undefined,
): Promise<Compression> => {
  const meant = said ?? compressionOfName(file.path);
  const { buffer, bytesRead } = await file.handle.read(Buffer.alloc(4), 0, 4, 0);
  if (bytesRead === 0) return meant;
  const head = buffer.subarray(0, bytesRead).toString('hex');
  const found = compressionOfHead(head, meant);
  if (found === meant) return meant;
  const why = said === undefined ? `its name says ${READ_AS[meant]}` : `compression is '${said}'`;
  const hint =
    found === 'none'
      ? `If it is plain text, say compression: 'none'`
      : `Say compression: '${found}'`;
  throw new SourceError(`holds ${HOLDS[found]}, but ${why}. ${hint}, or name it by what it is`, {
    ref: file.path,
  });
};

const HOLDS: Readonly<Record<Compression, string>> = {
  none: 'no compressed data',
  gzip: 'gzip data',
  zstd: 'zstd data',
};
const READ_AS: Readonly<Record<Compression, string>> = {
  none: 'plain text',
  gzip: 'gzip',
  zstd: 'zstd',
};

/**
 * No UTF-8 text begins with either magic number. A skippable frame of zstd may look like text, so
 * it counts only where zstd is meant.
 */
const compressionOfHead = (head: string, meant: Compression): Compression => {
  if (head.startsWith('1f8b')) return 'gzip';
  return head === '28b52ffd' || (meant === 'zstd' && /^5.2a4d18$/.test(head)) ? 'zstd' : 'none';
};
