import { lstatSync } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { filesystemArtifacts, sumsPath } from '../../../adapters/filesystem/index.ts';
import { ok } from '../../contract/run-store-fixture.ts';
import { newStoreFolder } from '../../contract/filestore-folder.ts';
import { pause } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';

/** The bytes of a file, under any of its names. */
interface Content {
  written: number;
  durable: number;
}

interface Watched {
  /** The content under a name; null: none. */
  contentOf(path: string): Content | null;
  /** True once the name itself would survive. */
  isNameDurable(path: string): boolean;
  end(): void;
}

/**
 * Watches the calls that write, rename and sync files; the power may fail after each. Without
 * links, files are renamed.
 */
const watchDisk = (areLinksRefused: boolean, after: () => void): Watched => {
  const real = { open: fs.open, link: fs.link, rename: fs.rename, mkdir: fs.mkdir };
  const contents = new Map<string, Content>();
  const newNames = new Set<string>();
  const name = (path: string, content: Content | undefined): void => {
    if (content !== undefined) contents.set(path, content);
    newNames.add(path);
    after();
  };
  const watched = (handle: FileHandle, path: string, isNew: boolean): FileHandle => {
    const content: Content = { written: 0, durable: 0 };
    if (isNew) name(path, content);
    const { writev, sync } = handle;
    const write: (bytes: Uint8Array, offset: number) => Promise<{ readonly bytesWritten: number }> =
      handle.write.bind(handle);
    const wrote = (bytes: number): void => {
      content.written += bytes;
      after();
    };
    return Object.assign(handle, {
      writev: async (parts: Uint8Array[]) => {
        const done = await writev.call(handle, parts);
        wrote(done.bytesWritten);
        return done;
      },
      write: async (bytes: Uint8Array, offset: number) => {
        const done = await write(bytes, offset);
        wrote(done.bytesWritten);
        return done;
      },
      sync: async () => {
        const { written } = content;
        const named = [...newNames].filter((each) => dirname(each) === path);
        // Slow, so that code that does not wait for the sync is detected.
        await pause(syncMs);
        await sync.call(handle);
        content.durable = written;
        for (const each of named) newNames.delete(each);
        after();
      },
    });
  };
  Object.assign(fs, {
    open: async (path: string, flags: string, mode?: number) =>
      watched(await real.open(path, flags, mode), path, flags.startsWith('w')),
    link: async (from: string, to: string) => {
      if (areLinksRefused) throw Object.assign(new Error('EPERM: link'), { code: 'EPERM' });
      await real.link(from, to);
      name(to, contents.get(from));
    },
    rename: async (from: string, to: string) => {
      await real.rename(from, to);
      name(to, contents.get(from));
    },
    mkdir: async (path: string, options: { readonly mode: number }) => {
      await real.mkdir(path, options);
      name(path, undefined);
    },
  });
  syncBuiltinESMExports();
  return {
    contentOf: (path) => contents.get(path) ?? null,
    isNameDurable: (path) => !newNames.has(path),
    end() {
      Object.assign(fs, real);
      syncBuiltinESMExports();
    },
  };
};

const syncMs = 3;
const sizes = [0, 10, 700_000] as const;
const folders = ['a new folder', 'a folder that is there'] as const;

/**
 * The power fails after each call of a put: an object with its name is whole, and an acknowledged
 * object has its name.
 */
export const objectPowerLosses = (): readonly Case[] =>
  sizes.flatMap((bytes) =>
    folders.flatMap((folder) =>
      [false, true].map((areLinksRefused) => ({
        kind: 'power loss over an object',
        name: `${bytes} bytes in ${folder}${areLinksRefused ? ', without links' : ''}`,
        play: () => playPut(bytes, folder, areLinksRefused),
      })),
    ),
  );

const upTo = (path: string, dir: string): readonly string[] =>
  path === dir ? [] : [path, ...upTo(dirname(path), dir)];

const playPut = async (
  bytes: number,
  folder: (typeof folders)[number],
  areLinksRefused: boolean,
): Promise<Outcome> => {
  const dir = newStoreFolder();
  const artifacts = filesystemArtifacts({ dir });
  if (folder === 'a folder that is there')
    await ok(artifacts.put('raw/batch/other', [Buffer.from('other')]));
  const path = join(dir, 'raw/batch/object');
  let calls = 0;
  let torn: string | null = null;
  const disk = watchDisk(areLinksRefused, () => {
    calls += 1;
    const content = disk.contentOf(path);
    if (content !== null && content.durable < bytes)
      torn ??= `call ${calls}: the object has its name, and ${content.durable} of ${bytes} bytes are durable`;
  });
  try {
    const chunks = Array.from(
      { length: 7 },
      (_, i) => new Uint8Array(Math.floor(((i + 1) * bytes) / 7) - Math.floor((i * bytes) / 7)),
    );
    await ok(artifacts.put('raw/batch/object', chunks));
    const content = disk.contentOf(path);
    const sums = sumsPath(path);
    const summed = disk.contentOf(sums);
    assert(
      summed !== null && summed.durable === lstatSync(sums).size,
      `it is put, and ${summed?.durable ?? 0} bytes of its checksums are durable`,
    );
    for (const at of [sums, ...upTo(path, dir)])
      assert(
        disk.isNameDurable(at),
        `it is put, and the name of ${at.slice(dir.length + 1)} is not durable`,
      );
    assert(torn === null, torn ?? '');
    assert(
      content?.durable === bytes && lstatSync(path).size === bytes,
      `it is put, and ${content?.durable ?? 0} of ${bytes} bytes are durable`,
    );
    assert(calls >= 3, 'nothing was watched');
  } finally {
    disk.end();
  }
  return 'opened';
};
