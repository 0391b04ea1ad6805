import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLines, writeWholeFile } from '../../../lib/run/results/whole-file.ts';

async function* texts(...all: readonly (string | Error)[]): AsyncGenerator<string> {
  for (const text of all) {
    if (text instanceof Error) throw text;
    await Promise.resolve();
    yield text;
  }
}

describe('a whole file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-whole-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('replaces what was there once it is whole, for its owner alone', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    await writeWholeFile(path, texts('one', 'two'));
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('leaves what was there, and nothing else, where it never becomes whole', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    await expect(writeWholeFile(path, texts('one', new Error('cut')))).rejects.toThrow('cut');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('lies where a link leads, and the link stays', async () => {
    symlinkSync('real', join(folder, 'link'));
    writeFileSync(join(folder, 'real'), 'old');
    await writeWholeFile(join(folder, 'link'), texts('new'));
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
  });

  it('is made where a link leads to what is not there yet, and the link stays', async () => {
    mkdirSync(join(folder, 'away'));
    symlinkSync(join('away', 'second'), join(folder, 'first'));
    symlinkSync('real', join(folder, 'away', 'second'));
    await writeWholeFile(join(folder, 'first'), texts('new'));
    expect(readFileSync(join(folder, 'away', 'real'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'first')).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(folder, 'away', 'second')).isSymbolicLink()).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'is written to a pipe by the link that is all the name it has',
    () => {
      const code = `import { writeWholeFile } from ${JSON.stringify(new URL('../../../lib/run/results/whole-file.ts', import.meta.url).href)};
      await writeWholeFile('/dev/stdout', (async function* () { yield 'through'; })());`;
      const piped = [
        '-c',
        '"$0" --import tsx --input-type=module -e "$1" | cat',
        process.execPath,
        code,
      ];
      expect(execFileSync('sh', piped, { encoding: 'utf8' })).toBe('through');
    },
  );

  it('that is written twice at once is one of them, whole', async () => {
    const path = join(folder, 'a');
    const long = ['x'.repeat(1_000), 'y'.repeat(100_000)].map((text) =>
      Array.from({ length: 50 }, () => text),
    );
    await Promise.all(long.map((all) => writeWholeFile(path, texts(...all))));
    expect(long.map((all) => all.join(''))).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

describe('lines behind a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-append-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    [null, ['a\n', 'b\n'], 'a\nb\n'],
    ['', ['a\n'], 'a\n'],
    ['x\n', ['', 'a\n'], 'x\na\n'],
    ['x\n{"half', ['', 'a\n', 'b\n'], 'x\n{"half\na\nb\n'],
    ['x', [], 'x'],
  ])('of %j are lines of their own: %j', async (before, added, after) => {
    const path = join(folder, 'a');
    if (before !== null) writeFileSync(path, before);
    await appendLines(path, texts(...added));
    expect(readFileSync(path, 'utf8')).toBe(after);
  });
});
