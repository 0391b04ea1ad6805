import type { Compression } from './compression.ts';
import type { FilePosition } from './file-position.ts';
import type { OpenFile } from './open-file.ts';

/** What one read of a file needs. */
export interface FileReading {
  readonly file: OpenFile;
  readonly compression: Compression;
  /** By the name that the WHATWG gives it. */
  readonly encoding: string;
  readonly from: FilePosition | null;
  readonly chunkBytes: number;
  readonly signal: AbortSignal;
}
