import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the build', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'batchor-build-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const at = (...path: readonly string[]): string => join(scratch, ...path);
  const options = {
    module: 'nodenext',
    target: 'es2022',
    types: [],
    lib: ['es5'],
    skipLibCheck: true,
    rootDir: '.',
    outDir: 'dist',
    declaration: true,
  };
  const build = (...args: readonly string[]): number | null =>
    spawnSync(process.execPath, [at('spec/build.mjs'), ...args], {
      stdio: 'ignore',
      timeout: 60_000,
    }).status;
  const lay = (path: string, text: string): void => {
    mkdirSync(join(at(path), '..'), { recursive: true });
    writeFileSync(at(path), text);
  };
  const litter = (): readonly string[] =>
    readdirSync(scratch).filter((name) => name.startsWith('.build-'));

  lay('package.json', '{ "type": "module" }');
  lay(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: options, include: ['lib', 'adapters', 'cli'] }),
  );
  lay('spec/build.mjs', '');
  cpSync(join(root, 'spec/build.mjs'), at('spec/build.mjs'));
  lay('node_modules/.keep', '');
  for (const name of ['typescript7', '@typescript', 'esbuild', '@esbuild'])
    symlinkSync(join(root, 'node_modules', name), at('node_modules', name));

  it('fails when there is nothing to compile', () => {
    expect(build()).not.toBe(0);
    expect(existsSync(at('dist'))).toBe(false);
  });

  it('compiles without a program, and with one makes it executable', () => {
    lay('lib/a.ts', 'export const a: number = 1;\n');
    expect(build()).toBe(0);
    expect(readdirSync(at('dist'))).toEqual(['lib']);
    lay('cli/main.ts', '#!/usr/bin/env node\nexport {};\n');
    expect(build()).toBe(0);
    expect(statSync(at('dist/cli/main.js')).mode & 0o111).toBe(0o111);
  });

  it('keeps the build before it when the sources are wrong', () => {
    lay('lib/b.ts', `export const b: number = 'one';\n`);
    expect(build()).not.toBe(0);
    expect(readdirSync(at('dist/lib'))).toEqual(['a.d.ts', 'a.js']);
    rmSync(at('lib/b.ts'));
  });

  it('leaves no stale file, and nothing aside', () => {
    lay('dist/lib/stale.js', '');
    expect(build()).toBe(0);
    expect(readdirSync(at('dist/lib'))).toEqual(['a.d.ts', 'a.js']);
    expect(litter()).toEqual([]);
  });

  it('if it must only be fresh, works for a changed, a new and a removed source, and not otherwise', () => {
    const builtMs = (): number => statSync(at('dist')).mtimeMs;
    const fresh = builtMs();
    expect([build('--if-stale'), builtMs()]).toEqual([0, fresh]);
    lay('lib/c.ts', 'export const c = 1;\n');
    expect(build('--if-stale')).toBe(0);
    expect(existsSync(at('dist/lib/c.js'))).toBe(true);
    rmSync(at('lib/c.ts'));
    expect(build('--if-stale')).toBe(0);
    expect(existsSync(at('dist/lib/c.js'))).toBe(false);
    const before = builtMs();
    lay('lib/a.ts', 'export const a: number = 2;\n');
    expect(build('--if-stale')).toBe(0);
    expect(builtMs()).toBeGreaterThan(before);
  });
});
