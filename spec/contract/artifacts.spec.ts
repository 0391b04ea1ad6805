import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesystemArtifacts, sweepObjects } from '../../adapters/filesystem/index.ts';
import { memoryArtifacts } from '../../lib/sim/store/memory-artifacts.ts';
import { makeFolder } from '../../lib/disk/make-folder.ts';
import { artifactsWith } from '../../adapters/filesystem/filesystem-artifacts.ts';
import { artifactCases, describeCases } from '../../lib/testing/index.ts';

const flip = async (path: string, byteOffset: number): Promise<void> => {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(byteOffset) ^ 4, byteOffset);
  await writeFile(path, bytes);
};

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'batchor-artifacts-'));

describeCases(
  'the filesystem keeps the law of artifacts: it',
  artifactCases({
    open: async () => {
      const dir = await newFolder();
      return {
        artifacts: filesystemArtifacts({ dir: join(dir, 'root') }),
        damage: (name, byteOffset) => flip(join(dir, 'root', name), byteOffset),
        dispose: () => rm(dir, { recursive: true, force: true }),
      };
    },
  }),
  { describe, it },
);

describeCases(
  'memory keeps the law of artifacts: it',
  artifactCases({
    open: () => Promise.resolve({ artifacts: memoryArtifacts(), dispose: () => Promise.resolve() }),
    keepsNoSums: true,
  }),
  { describe, it },
);

describe('a folder for files', () => {
  it('is made with those above it, for its owner alone, by as many at once as like', async () => {
    const dir = await newFolder();
    const path = join(dir, 'a', 'b', 'c');
    const made = await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)]);
    // Who looks when another has begun finds less to make.
    expect(made).toContain(join(dir, 'a'));
    for (const top of made)
      expect([null, join(dir, 'a'), join(dir, 'a', 'b'), path]).toContain(top);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('700');
    expect(await makeFolder(path)).toBeNull();
    await rm(dir, { recursive: true });
  });

  it('is refused at once where none can be made', async () => {
    const dir = await newFolder();
    await writeFile(join(dir, 'file'), '');
    await expect(makeFolder(join(dir, 'file', 'a'))).rejects.toThrow('ENOTDIR');
    // Node's own recursive mkdir does not come back from here.
    if (existsSync('/proc/self'))
      await expect(makeFolder('/proc/batchor/a')).rejects.toThrow('/proc/batchor');
    await rm(dir, { recursive: true });
  });
});

describe('artifacts as files', () => {
  let dir: string;
  let root: string;
  beforeEach(async () => {
    dir = await newFolder();
    root = join(dir, 'root');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const text = (value: string): readonly Uint8Array[] => [Buffer.from(value)];

  it('make no folder before the first object, and then let no other user in', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    await artifacts.size('a/b')();
    expect(existsSync(root)).toBe(false);
    await artifacts.put('a/b', text('x'))();
    expect(((await stat(join(root, 'a', 'b'))).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(join(root, 'a'))).mode & 0o777).toString(8)).toBe('700');
    expect(((await stat(join(root, 'a', '.sums-b'))).mode & 0o777).toString(8)).toBe('600');
    expect((await readdir(join(root, 'a'))).sort()).toEqual(['.sums-b', 'b']);
  });

  it('have no name that could lead out of the root', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    const names = [
      '',
      '/etc/passwd',
      '../out',
      'a/../../out',
      'a/./b',
      'a//b',
      'a/',
      '/',
      '..',
      '.',
      'a\\b',
      'a\0b',
      '.hidden',
      'x'.repeat(300),
    ];
    for (const name of names) {
      for (const port of [
        artifacts.put(name, text('x')),
        artifacts.read(name),
        artifacts.readSpans(name, []),
        artifacts.size(name),
        artifacts.remove(name),
      ]) {
        const answer = await port();
        expect([name, answer._tag === 'Left' && answer.left.type]).toEqual([name, 'refused']);
      }
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it('follow no link out of the root', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    const outside = join(dir, 'outside');
    await mkdir(outside);
    await mkdir(root);
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(root, 'folder'));
    await symlink(join(outside, 'secret'), join(root, 'file'));
    for (const name of ['folder/secret', 'folder/new', 'folder/deep/new']) {
      const [put, read] = [await artifacts.put(name, text('x'))(), await artifacts.read(name)()];
      expect([
        put._tag === 'Left' && put.left.type,
        read._tag === 'Left' && read.left.type,
      ]).toEqual(['refused', 'refused']);
    }
    const read = await artifacts.readSpans('file', [{ offset: 0, length: 1 }])();
    expect(read._tag === 'Left' && read.left.type).toBe('not_found');
    expect(await readdir(outside)).toEqual(['secret']);
  });

  it('leave nothing behind when the disk is full, and say so', async () => {
    const full = artifactsWith(root, async (handle) => {
      await handle.write(Buffer.from('ha'));
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const answer = await full.put('a', text('half'))();
    expect(
      answer._tag === 'Left' && answer.left.type === 'unavailable' && answer.left.message,
    ).toContain('the disk is full');
    expect(await readdir(root)).toEqual([]);
  });

  it('are read without checksums where the release before wrote them, and say so', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    await artifacts.put('a', text('old'))();
    await rm(join(root, '.sums-a'));
    expect((await artifacts.readSpans('a', [{ offset: 0, length: 3 }])())._tag).toBe('Right');
    expect(await artifacts.check?.('a')()).toEqual({
      _tag: 'Right',
      right: { bytes: 3, hasSums: false, changed: null },
    });
  });

  it('are refused where they were cut, lengthened, or their checksums damaged, with the file that is to be restored', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    const put = async (): Promise<void> => {
      await artifacts.remove('a')();
      await artifacts.put('a', text('four'))();
    };
    const refusal = async (): Promise<unknown> => {
      const read = await artifacts.readSpans('a', [{ offset: 0, length: 4 }])();
      return read._tag === 'Left' && read.left.type === 'corrupt' ? read.left.message : read;
    };
    await put();
    await writeFile(join(root, 'a'), 'fou');
    expect(await refusal()).toContain('has 3 bytes, and was stored with 4');
    await writeFile(join(root, 'a'), 'fours');
    expect(await refusal()).toContain('has 5 bytes, and was stored with 4');
    await put();
    await flip(join(root, '.sums-a'), 34);
    expect(await refusal()).toContain(
      `restore ${join(root, '.sums-a')} from a backup, or remove it`,
    );
  });

  it('have no checksums left behind, and none of an object that is gone', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    for (const name of ['gone', 'lost', 'kept']) await artifacts.put(name, text(name))();
    await artifacts.remove('gone')();
    expect((await readdir(root)).sort()).toEqual(['.sums-kept', '.sums-lost', 'kept', 'lost']);
    await rm(join(root, 'lost'));
    expect(await artifacts.list('')()).toEqual({
      _tag: 'Right',
      right: [{ name: 'kept', bytes: 4 }],
    });
    expect(await sweepObjects(root, () => true)).toEqual([]);
    expect((await readdir(root)).sort()).toEqual(['.sums-kept', 'kept']);
    // Nor do those of an earlier object speak for a later one of its name.
    await writeFile(join(root, '.sums-new'), await readFile(join(root, '.sums-kept')));
    await artifacts.put('new', text('new'))();
    expect((await artifacts.readSpans('new', [{ offset: 0, length: 3 }])())._tag).toBe('Right');
  });

  it('are removed but for what is kept, unfinished files too', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    for (const name of ['keep/a', 'lose/b', 'c']) await artifacts.put(name, text(name))();
    await writeFile(join(root, 'keep', '.put-0123'), 'half');
    expect(
      [...((await sweepObjects(root, (name) => name === 'keep/a')) as readonly string[])].sort(),
    ).toEqual(['c', 'keep/.put-0123', 'lose/b']);
    expect(await artifacts.list('')()).toEqual({
      _tag: 'Right',
      right: [{ name: 'keep/a', bytes: 6 }],
    });
    expect(await sweepObjects(join(dir, 'nowhere'), () => true)).toEqual([]);
  });
});
