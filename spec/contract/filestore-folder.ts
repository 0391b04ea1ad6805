import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Disk, nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { unframe } from '../../adapters/filestore/journal/frame.ts';
import { localClient } from '../../adapters/filestore/worker/worker-client.ts';
import {
  journalFile,
  listRunFolder,
  lockFile,
  runFolder,
} from '../../adapters/filestore/disk/run-folder.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { ok, runId } from './run-store-fixture.ts';

/**
 * Helpers for specs of the file store: open folders, copy them as a crash leaves them, read
 * journals.
 */

const folders: string[] = [];
export const newStoreFolder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'batchor-sqljs-'));
  folders.push(dir);
  return dir;
};
export const removeStoreFolders = (): void => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
};

/** A store that runs in this thread. */
export const openStore = (
  dir: string,
  {
    checkpointRows = 150_000,
    disk = nodeDisk,
  }: { readonly checkpointRows?: number; readonly disk?: Disk } = {},
): Promise<RunStore> =>
  ok(sqljsStoreOn({ dir, checkpointRows }, () => localClient(disk, 0)).open());

export const folderOf = (dir: string): string => runFolder(dir, runId);

/**
 * A copy of a store's folder, as a killed process leaves it. Files that are deleted meanwhile are
 * left out.
 */
export const copyOf = (dir: string): string => {
  const copy = newStoreFolder();
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(copy, from.slice(dir.length));
    mkdirSync(dirname(to), { recursive: true });
    if (existsSync(from)) writeFileSync(to, readFileSync(from));
  }
  return copy;
};

/** Marks the owner's process as dead. */
export const letGo = (dir: string): void => {
  const folder = folderOf(dir);
  for (const epoch of listRunFolder(folder).lockEpochs) {
    const path = join(folder, lockFile(epoch));
    writeFileSync(
      path,
      JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), released: true }),
    );
  }
};

export const newestJournal = (dir: string): string => {
  const [newest] = listRunFolder(folderOf(dir)).journals;
  if (newest === undefined) throw new Error('no journal');
  return join(folderOf(dir), journalFile(newest));
};

/** The byte offset of each whole record, and of the end of the last one. */
export const recordBounds = (path: string): readonly number[] => {
  const bytes = new Uint8Array(readFileSync(path));
  const bounds = [0];
  for (let at = 0; at < bytes.length;) {
    const found = unframe(bytes, at);
    if (found.type !== 'frame') break;
    at = found.frame.end;
    bounds.push(at);
  }
  return bounds;
};

export const sizeOf = (path: string): number => statSync(path).size;
