import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Planted {
  readonly what: string;
  readonly folder: string;
  readonly code: string;
  /** The rule that refuses it; null: none does. */
  readonly rule: string | null;
}

const core = 'lib/core/json';
const planted: readonly Planted[] = [
  {
    what: 'a floating promise',
    folder: core,
    code: `const f = async (): Promise<number> => 1;\nf();\n`,
    rule: 'typescript(no-floating-promises)',
  },
  {
    what: 'a promise where a condition belongs',
    folder: 'spec/support',
    code: `export const f = (p: Promise<boolean>): number => (p ? 1 : 2);\n`,
    rule: 'typescript(no-misused-promises)',
  },
  {
    what: 'await of what is no promise',
    folder: 'adapters/pg',
    code: `export const f = async (x: number): Promise<number> => await x;\n`,
    rule: 'typescript(await-thenable)',
  },
  {
    what: 'a thrown text',
    folder: 'cli/shell',
    code: `export const f = (): void => {\n  throw 'no';\n};\n`,
    rule: 'typescript(only-throw-error)',
  },
  {
    what: 'a union that is not exhausted',
    folder: core,
    code: `export const f = (x: 'a' | 'b'): void => {\n  switch (x) {\n    case 'a':\n  }\n};\n`,
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    what: 'any',
    folder: 'spec/support',
    code: `export const f = (x: any): unknown => x;\n`,
    rule: 'typescript(no-explicit-any)',
  },
  {
    what: 'a type imported as a value',
    folder: core,
    code: `import { Json } from './planted-type.ts';\nexport const x: Json = 1;\n`,
    rule: 'typescript(consistent-type-imports)',
  },
  {
    what: 'an error that the compiler is told to leave out',
    folder: core,
    code: `// @ts-ignore\nexport const x: number = 'one';\n`,
    rule: 'typescript(ban-ts-comment)',
  },
  {
    what: 'a comparison that converts',
    folder: 'spec/support',
    code: `export const f = (x: unknown): boolean => x == 1;\n`,
    rule: 'eslint(eqeqeq)',
  },
  {
    what: 'a variable that never varies',
    folder: 'adapters/pg',
    code: `export const f = (): number => {\n  let x = 1;\n  return x;\n};\n`,
    rule: 'eslint(prefer-const)',
  },
  {
    what: 'a line of more than 100 columns',
    folder: 'spec/support',
    code: `// ${'word '.repeat(20)}\nexport const t = 1;\n`,
    rule: 'eslint-core(max-len)',
  },
  {
    what: 'a function of more than 100 lines',
    folder: 'cli/shell',
    code: `export const f = (): void => {\n${'  void 0;\n'.repeat(100)}};\n`,
    rule: 'eslint(max-lines-per-function)',
  },
  {
    what: 'a default export',
    folder: core,
    code: `export default 1;\n`,
    rule: 'eslint-core(no-restricted-syntax)',
  },
  {
    what: 'a default export of the command line',
    folder: 'cli/shell',
    code: `export default 1;\n`,
    rule: 'eslint-core(no-restricted-syntax)',
  },
  {
    what: 'Date.now() in the core',
    folder: core,
    code: `export const t = Date.now();\n`,
    rule: 'eslint-core(no-restricted-syntax)',
  },
  {
    what: 'new Date() in the simulator',
    folder: 'lib/sim',
    code: `export const t = new Date();\n`,
    rule: 'eslint-core(no-restricted-syntax)',
  },
  {
    what: 'Math.random() in a schema',
    folder: 'lib/schema',
    code: `export const t = Math.random();\n`,
    rule: 'eslint-core(no-restricted-syntax)',
  },
  {
    what: 'a class in a schema',
    folder: 'lib/schema',
    code: `export class T {}\n`,
    rule: 'eslint-core(no-restricted-syntax)',
  },
  {
    what: 'process in the core',
    folder: core,
    code: `export const t = process.pid;\n`,
    rule: 'eslint(no-restricted-globals)',
  },
  {
    what: 'a timer in streams',
    folder: 'lib/streams',
    code: `setTimeout(() => undefined, 1);\n`,
    rule: 'eslint(no-restricted-globals)',
  },
  {
    what: 'a pattern whose time is the square of its text',
    folder: core,
    code: `export const f = (text: string): boolean => /^[^/]*:[^/]*@/u.test(text);\n`,
    rule: 'regexp(no-super-linear-backtracking)',
  },
  {
    what: 'a pattern that is tried from every place to the end',
    folder: 'adapters/pg',
    code: `export const f = (text: string): string => text.replace(/s+$/u, '');\n`,
    rule: 'regexp(no-super-linear-move)',
  },
  {
    what: 'a rule switched off for nothing',
    folder: 'spec/support',
    code: `// oxlint-disable-next-line eqeqeq\nexport const t = 1;\n`,
    rule: 'Unused oxlint-disable directive (no problems were reported).',
  },
  {
    what: 'a date of given milliseconds, in the core',
    folder: core,
    code: `export const iso = (ms: number): string => new Date(ms).toISOString();\n`,
    rule: null,
  },
  {
    what: 'a class, a clock and a timer outside of the core',
    folder: 'adapters/pg',
    code: `export class T {\n  at = Date.now();\n}\nsetTimeout(() => undefined, 1);\n`,
    rule: null,
  },
];

/** A tree like ours of planted files alone, elsewhere: what lints ours must not see them. */
const lintPlanted = (folder: string): ReadonlyMap<number, readonly string[]> => {
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'spec/tsconfig.json', 'spec/lint'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write(`${core}/planted-type.ts`, 'export type Json = number;\n');
  for (const [i, { folder: part, code }] of planted.entries()) write(`${part}/case-${i}.ts`, code);
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const args = ['--tsconfig', 'spec/tsconfig.json', '--format', 'json'];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [oxlint, ...args, 'lib', 'adapters', 'cli', 'spec'],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const { diagnostics } = JSON.parse(stdout) as {
    readonly diagnostics: readonly {
      readonly filename: string;
      readonly code?: string;
      readonly message: string;
    }[];
  };
  const found = new Map<number, readonly string[]>();
  for (const { filename, code, message } of diagnostics) {
    const i = Number(/^case-(\d+)\.ts$/u.exec(basename(filename))?.[1]);
    found.set(i, [...(found.get(i) ?? []), code ?? message]);
  }
  return found;
};

describe('the linter', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-lint-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const found = lintPlanted(folder);

  for (const [i, { what, folder: part, rule }] of planted.entries())
    it(`${rule === null ? 'takes' : 'refuses'} ${what} (${part})`, () => {
      expect(found.get(i) ?? []).toEqual(rule === null ? [] : [rule]);
    });
});
