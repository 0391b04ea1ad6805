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
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeFolderDurably } from '../../lib/disk/make-folder.ts';
import {
  replaceFile,
  replaceFileNow,
  temporaryName,
  writeAll,
} from '../../lib/disk/replace-file.ts';

type Synced = 'folder' | 'bytes before the name' | 'bytes after the name';

describe('a file on the disk', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor disk ü '));
    path = join(folder, 'a b');
    writeFileSync(path, 'old');
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What is synced, and whether the file has its new bytes by then. */
  const watchSyncs = async (): Promise<readonly Synced[]> => {
    const handle = await open(path, 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const { sync } = prototype;
    const synced: Synced[] = [];
    vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
      const isNamed = readFileSync(path, 'utf8') === 'new';
      const isFile = (await this.stat()).isFile();
      synced.push(!isFile ? 'folder' : isNamed ? 'bytes after the name' : 'bytes before the name');
      return sync.call(this);
    });
    return synced;
  };

  it('has durable bytes before they have the name, and a durable name if asked for', async () => {
    const synced = await watchSyncs();
    const expected: Readonly<Record<'none' | 'bytes' | 'name', readonly Synced[]>> = {
      none: [],
      bytes: ['bytes before the name'],
      name: ['bytes before the name', ...(process.platform === 'win32' ? [] : ['folder' as const])],
    };
    let seen = 0;
    for (const durable of ['none', 'bytes', 'name'] as const) {
      writeFileSync(path, 'old');
      await replaceFile(path, ['ne', 'w'], { durable });
      expect([durable, readFileSync(path, 'utf8')]).toEqual([durable, 'new']);
      expect(synced.slice(seen)).toEqual(expected[durable]);
      seen = synced.length;
    }
    expect(readdirSync(folder)).toEqual(['a b']);
  });

  it.skipIf(process.platform === 'win32')('is for its owner alone', async () => {
    await replaceFile(path, ['new'], { durable: 'none' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    replaceFileNow(path, 'newer');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps its bytes, and leaves nothing beside it, where the new ones never come', async () => {
    const chunks = function* (): Generator<string> {
      yield 'half';
      throw new Error('cut');
    };
    for (const aside of [undefined, temporaryName(path)]) {
      const replacing = { durable: 'name', ...(aside === undefined ? {} : { aside }) } as const;
      await expect(replaceFile(path, chunks(), replacing)).rejects.toThrow('cut');
    }
    expect(() => replaceFileNow(join(folder, 'missing', 'a'), 'new')).toThrow('ENOENT');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a b']);
  });

  it('is replaced over what a dead writer left under the same temporary name', async () => {
    writeFileSync(temporaryName(path), 'longer than what comes');
    await replaceFile(path, ['new'], { durable: 'bytes', aside: temporaryName(path) });
    expect(readFileSync(path, 'utf8')).toBe('new');
    writeFileSync(temporaryName(path), 'longer than what comes');
    replaceFileNow(path, 'newer', temporaryName(path));
    expect(readFileSync(path, 'utf8')).toBe('newer');
    expect(readdirSync(folder)).toEqual(['a b']);
  });

  it('is whole, whichever of concurrent writers comes last', async () => {
    const all = Array.from({ length: 20 }, (_, at) => String(at).repeat(1_000));
    await Promise.all(all.map((text) => replaceFile(path, [text], { durable: 'none' })));
    expect(all).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder)).toEqual(['a b']);
  });

  it('gets the rest after a short write, or the error of the rest', async () => {
    const written: number[] = [];
    const shortBy = (length: number, fails: boolean): FileHandle =>
      ({
        writev: (parts: readonly Uint8Array[]) =>
          Promise.resolve({
            bytesWritten: parts.reduce((sum, part) => sum + part.length, -length),
          }),
        write: (rest: Uint8Array, at: number) => {
          if (fails) return Promise.reject(new Error('ENOSPC'));
          written.push(rest[at] as number);
          return Promise.resolve({ bytesWritten: 1 });
        },
      }) as unknown as FileHandle;
    const parts = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];
    await writeAll(shortBy(3, false), parts);
    expect(written).toEqual([2, 3, 4]);
    await expect(writeAll(shortBy(1, true), parts)).rejects.toThrow('ENOSPC');
    await writeAll(shortBy(0, true), parts);
  });

  it('lies in a folder whose new parents are synced, each in the one above', async () => {
    const synced = await watchSyncs();
    mkdirSync(join(folder, 'known'));
    await makeFolderDurably(join(folder, 'known', 'b', 'c'));
    expect(existsSync(join(folder, 'known', 'b', 'c'))).toBe(true);
    const isSynced = process.platform !== 'win32';
    expect(synced).toEqual(isSynced ? ['folder', 'folder'] : []);
    await makeFolderDurably(join(folder, 'known', 'b', 'c'));
    expect(synced).toHaveLength(isSynced ? 2 : 0);
  });
});
