import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesystemArtifacts, makeFolder, sweepObjects } from '../../adapters/filesystem/index.ts';
import { artifactsWith } from '../../adapters/filesystem/filesystem-artifacts.ts';
import { describeArtifactContract } from './artifact-contract.ts';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'batchor-artifacts-'));

describeArtifactContract('the filesystem', async () => {
  const dir = await newFolder();
  return { artifacts: filesystemArtifacts({ dir: join(dir, 'root') }), dispose: () => rm(dir, { recursive: true, force: true }) };
});

describe('a folder for files', () => {
  it('is made with those above it, for its owner alone, by as many at once as like', async () => {
    const dir = await newFolder();
    const path = join(dir, 'a', 'b', 'c');
    const made = await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)]);
    // Who looks when another has begun finds less to make.
    expect(made).toContain(join(dir, 'a'));
    for (const top of made) expect([null, join(dir, 'a'), join(dir, 'a', 'b'), path]).toContain(top);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('700');
    expect(await makeFolder(path)).toBeNull();
    await rm(dir, { recursive: true });
  });

  it('is refused at once where none can be made', async () => {
    const dir = await newFolder();
    await writeFile(join(dir, 'file'), '');
    await expect(makeFolder(join(dir, 'file', 'a'))).rejects.toThrow('ENOTDIR');
    // Node's own recursive mkdir does not come back from here.
    if (existsSync('/proc/self')) await expect(makeFolder('/proc/batchor/a')).rejects.toThrow('/proc/batchor');
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

  it('make no folder before the first object, and then let nobody else in', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    await artifacts.size('a/b')();
    expect(existsSync(root)).toBe(false);
    await artifacts.put('a/b', text('x'))();
    expect(((await stat(join(root, 'a', 'b'))).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(join(root, 'a'))).mode & 0o777).toString(8)).toBe('700');
    expect(await readdir(join(root, 'a'))).toEqual(['b']);
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
      expect([put._tag === 'Left' && put.left.type, read._tag === 'Left' && read.left.type]).toEqual(['refused', 'refused']);
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
    expect(answer._tag === 'Left' && answer.left.type === 'unavailable' && answer.left.message).toContain('the disk is full');
    expect(await readdir(root)).toEqual([]);
  });

  it('are swept but for what is kept, unfinished files too', async () => {
    const artifacts = filesystemArtifacts({ dir: root });
    for (const name of ['keep/a', 'lose/b', 'c']) await artifacts.put(name, text(name))();
    await writeFile(join(root, 'keep', '.put-0123'), 'half');
    expect([...((await sweepObjects(root, (name) => name === 'keep/a')) as readonly string[])].sort()).toEqual([
      'c',
      'keep/.put-0123',
      'lose/b',
    ]);
    expect(await artifacts.list('')()).toEqual({ _tag: 'Right', right: [{ name: 'keep/a', bytes: 6 }] });
    expect(await sweepObjects(join(dir, 'nowhere'), () => true)).toEqual([]);
  });
});
