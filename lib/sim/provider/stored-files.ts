import { hashText } from '../prng.ts';
import type { BlobStore } from './blobs.ts';
import type { FileObject } from './wire.ts';
import type { Project } from './project.ts';

/** A stored file of the provider. */
export interface FileRecord {
  readonly id: string;
  readonly bytes: number;
  readonly createdMs: number;
  readonly filename: string;
  readonly purpose: string;
  readonly expiresMs: number | null;
  readonly blobKey: string;
  /** The batch that wrote it, from 1; null for an upload. */
  readonly batchNo: number | null;
  readonly project: Project;
  /** When its status becomes `processed`. */
  readonly processedMs: number;
  /** When creates begin to find it. */
  readonly foundMs: number;
  /** Messages for creates before that, if the script sets them. */
  readonly processedMessage?: string | undefined;
  readonly foundMessage?: string | undefined;
}

/**
 * All files of the provider. Readers no longer see expired and deleted files; their bytes go once
 * no batch reads them.
 */
export interface StoredFiles {
  add(file: Omit<FileRecord, 'id'>): FileRecord;
  /** The file; null when it never existed, was deleted or has expired. */
  find(id: string, nowMs: number): FileRecord | null;
  /** Oldest first. */
  list(nowMs: number): readonly FileRecord[];
  remove(id: string): Promise<void>;
  /** Keeps a file's bytes until `release`, even if the file is deleted. */
  hold(file: FileRecord): void;
  release(file: FileRecord): Promise<void>;
  /** Deletes the bytes of expired files. */
  removeExpired(nowMs: number): Promise<void>;
  nextBlobKey(): string;
}

/** No files. Ids depend on the seed and the order of additions. */
export const createStoredFiles = (blobs: BlobStore, seed: number): StoredFiles => {
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
  const isExpired = (file: FileRecord, nowMs: number): boolean =>
    file.expiresMs !== null && file.expiresMs <= nowMs;

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
    removeExpired: async (nowMs) => {
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

const idLetters = (seed: number, fileNo: number): string =>
  (
    hashText(`file ${fileNo}`, seed).toString(36) +
    hashText(`file again ${fileNo}`, seed).toString(36)
  )
    .padEnd(22, '0')
    .slice(0, 22);
