import { hashText } from '../prng.ts';
import type { BlobStore } from './blobs.ts';
import type { FileObject } from './wire.ts';
import type { Project } from './project.ts';

/** A stored file, as the provider knows it. */
export interface FileRecord {
  readonly id: string;
  readonly bytes: number;
  readonly createdMs: number;
  readonly filename: string;
  readonly purpose: string;
  readonly expiresMs: number | null;
  readonly blobKey: string;
  /** The batch that wrote it, counted from 1; null for an upload. */
  readonly batchOrdinal: number | null;
  readonly project: Project;
  /** From then on its status is `processed`. */
  readonly processedMs: number;
  /** From then on creates find it. */
  readonly foundMs: number;
  /** What creates are told until then, where the script has words of its own. */
  readonly processedWords?: string | undefined;
  readonly foundWords?: string | undefined;
}

/** All files of the provider. Expired and deleted files are gone for readers at once, their bytes once no batch reads them. */
export interface FileShelf {
  add(file: Omit<FileRecord, 'id'>): FileRecord;
  /** The file, or null if it never was, was deleted, or has expired. */
  find(id: string, nowMs: number): FileRecord | null;
  /** Oldest first. */
  list(nowMs: number): readonly FileRecord[];
  remove(id: string): Promise<void>;
  /** Keeps a file's bytes until released, whatever happens to the file. */
  hold(file: FileRecord): void;
  release(file: FileRecord): Promise<void>;
  /** Gives back the bytes of expired files. */
  sweep(nowMs: number): Promise<void>;
  nextBlobKey(): string;
}

/** An empty shelf. Ids are fixed by the seed and the order of additions. */
export const createFileShelf = (blobs: BlobStore, seed: number): FileShelf => {
  const files = new Map<string, FileRecord>();
  const holds = new Map<string, number>();
  const doomed = new Set<string>();
  let fileCount = 0;
  let blobCount = 0;

  const drop = async (file: FileRecord): Promise<void> => {
    files.delete(file.id);
    if ((holds.get(file.id) ?? 0) > 0) doomed.add(file.id);
    else await blobs.remove(file.blobKey);
  };
  const isExpired = (file: FileRecord, nowMs: number): boolean => file.expiresMs !== null && file.expiresMs <= nowMs;

  return {
    add: (file) => {
      fileCount += 1;
      const record = { ...file, id: `file-${idLetters(seed, fileCount)}` };
      files.set(record.id, record);
      return record;
    },
    find: (id, nowMs) => {
      const file = files.get(id);
      return file === undefined || isExpired(file, nowMs) ? null : file;
    },
    list: (nowMs) => [...files.values()].filter((file) => !isExpired(file, nowMs)),
    remove: async (id) => {
      const file = files.get(id);
      if (file !== undefined) await drop(file);
    },
    hold: (file) => {
      holds.set(file.id, (holds.get(file.id) ?? 0) + 1);
    },
    release: async (file) => {
      const left = (holds.get(file.id) ?? 1) - 1;
      holds.set(file.id, left);
      if (left > 0 || !doomed.delete(file.id)) return;
      await blobs.remove(file.blobKey);
    },
    sweep: async (nowMs) => {
      for (const file of files.values()) if (isExpired(file, nowMs)) await drop(file);
    },
    nextBlobKey: () => {
      blobCount += 1;
      return `blob-${blobCount}`;
    },
  };
};

/** The file in OpenAI's shape. */
export const toFileObject = (file: FileRecord, nowMs: number): FileObject => ({
  object: 'file',
  id: file.id,
  purpose: file.purpose,
  filename: file.filename,
  bytes: file.bytes,
  created_at: Math.floor(file.createdMs / 1000),
  expires_at: file.expiresMs === null ? null : Math.floor(file.expiresMs / 1000),
  status: nowMs < file.processedMs ? 'uploaded' : 'processed',
  status_details: null,
});

const idLetters = (seed: number, ordinal: number): string =>
  (hashText(`file ${ordinal}`, seed).toString(36) + hashText(`file again ${ordinal}`, seed).toString(36)).padEnd(22, '0').slice(0, 22);
