import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { cruiseTree } from './cruise.ts';
import type { Import } from './cruise.ts';
import { CORE_ROOMS, roomOf, upward } from './core-rooms.ts';
import { PARTS } from './rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));

/** Every TypeScript file that ships, as the disk has it: relative, sorted. */
const shippedFiles = (folder: string): readonly string[] =>
  ['lib', 'adapters', 'cli']
    .filter((each) => existsSync(join(folder, each)))
    .flatMap((each) => readdirSync(join(folder, each), { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();

const isBadSpecifier = ({ specifier }: Import): boolean =>
  specifier.startsWith('.')
    ? !specifier.endsWith('.ts')
    : /^(fp-ts|io-ts)(\/|$)/.test(specifier) &&
      specifier !== 'io-ts' &&
      !/^(fp-ts|io-ts)\/lib\/[\w/]+\.js$/.test(specifier);

/**
 * Imports that the compiler takes and plain Node does not find: relative ones without `.ts`, fp-ts
 * and io-ts outside `/lib/X.js`.
 */
const badSpecifiers = (imports: readonly Import[]): readonly string[] =>
  imports.filter(isBadSpecifier).map(({ from, specifier }) => `${from}: ${specifier}`);

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** What is left of a file once its types are erased, but for re-exports. */
const codeOf = (source: string): readonly string[] => {
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    removeComments: true,
  };
  const { outputText } = ts.transpileModule(source, { compilerOptions: options });
  const { statements } = ts.createSourceFile('erased.js', outputText, ts.ScriptTarget.ES2022, true);
  const isReExport = (each: ts.Statement): boolean =>
    ts.isExportDeclaration(each) &&
    (each.moduleSpecifier !== undefined || each.getText() === 'export {};');
  return statements.filter((each) => !isReExport(each)).map((each) => each.getText());
};

describe('the tree', async () => {
  const cruised = await cruiseTree(root);

  it('is read whole', () => {
    expect(cruised.files.toSorted()).toEqual(shippedFiles(root));
    expect(cruised.files.length).toBeGreaterThanOrEqual(10);
    expect(cruised.imports.length).toBeGreaterThanOrEqual(10);
  });

  it('imports along the rules, without a cycle', () => {
    expect(cruised.violations).toEqual([]);
  });

  it('has a core whose folders stand on those below them', () => {
    const rooms = new Set(
      cruised.files.filter((file) => /^lib\/core\/[\w-]+\//.test(file)).map(roomOf),
    );
    expect([...rooms].toSorted()).toEqual(CORE_ROOMS.toSorted());
    expect(upward(cruised.imports)).toEqual([]);
    const [low, high] = ['lib/core/plan/plan.ts', 'lib/core/settle/settle.ts'] as const;
    expect(
      upward([
        { from: low, to: high },
        { from: high, to: low },
        { from: low, to: 'lib/core/plan/pack.ts' },
      ]),
    ).toEqual([`${low} -> ${high}`]);
  });

  it('imports what plain Node finds', () => {
    expect(badSpecifiers(cruised.imports)).toEqual([]);
  });

  it('has no part that is under no rule', () => {
    const known = new RegExp(
      `^(lib/index\\.ts|lib/(${PARTS.join('|')})/.*|adapters/[\\w-]+/.*|cli/.*)$`,
    );
    expect(cruised.files.filter((file) => !known.test(file))).toEqual([]);
  });

  it('imports no package that a user would not get', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Readonly<
      Record<string, Readonly<Record<string, string>>>
    >;
    const declared = Object.keys({ ...manifest['dependencies'], ...manifest['peerDependencies'] });
    const imported = cruised.imports
      .filter(({ to }) => to.includes('node_modules/'))
      .map(({ specifier }) => packageOf(specifier));
    expect([...new Set(imported)].filter((name) => !declared.includes(name))).toEqual([]);
  });

  it('has no code in lib/ports but the errors that streams throw', () => {
    const errors = ['lib/ports/source-error.ts', 'lib/ports/payload-error.ts'];
    const ports = cruised.files.filter(
      (file) => file.startsWith('lib/ports/') && !errors.includes(file),
    );
    expect(
      ports.flatMap((file) =>
        codeOf(readFileSync(join(root, file), 'utf8')).map((code) => `${file}: ${code}`),
      ),
    ).toEqual([]);
  });

  it('has only re-exports at the front doors', () => {
    const doors = cruised.files.filter((file) => /^(lib|lib\/[\w-]+)\/index\.ts$/.test(file));
    expect(
      doors.flatMap((file) =>
        codeOf(readFileSync(join(root, file), 'utf8')).map((code) => `${file}: ${code}`),
      ),
    ).toEqual([]);
  });
});

describe('the rules', async () => {
  const planted = await cruiseTree(fixtures);

  it('each bite, once for each planted violation, and nowhere else', () => {
    expect(planted.violations).toMatchInlineSnapshot(`
      [
        "adapter-csv: adapters/csv/index.ts -> adapters/openai/index.ts",
        "adapter-csv: adapters/csv/index.ts -> lib/streams/planted.ts",
        "adapter-emulator: adapters/emulator/index.ts -> ../../../node_modules/rxjs/dist/cjs/index.js",
        "adapter-files: adapters/files/lines.ts -> cli/planted.ts",
        "adapter-http: adapters/http/planted.ts -> cli/planted.ts",
        "adapter-openai: adapters/openai/index.ts -> ../../../node_modules/csv-parse/dist/cjs/index.cjs",
        "bytes: lib/bytes/planted.ts -> fs",
        "cli-compose: cli/compose.ts -> ../../../node_modules/rxjs/dist/cjs/index.js",
        "cli: cli/planted.ts -> adapters/emulator/index.ts",
        "core: lib/core/planted.ts -> ../../../node_modules/rxjs/dist/cjs/index.js",
        "core: lib/core/planted.ts -> ./lost.ts",
        "disk: lib/disk/planted.ts -> lib/core/fine.ts",
        "effects: lib/effects/planted.ts -> lib/engine/planted.ts",
        "engine: lib/engine/planted.ts -> fs",
        "front-door: lib/index.ts -> ../../../node_modules/fp-ts/lib/Either.js",
        "no-cycles: lib/core/cycle-a.ts -> lib/core/cycle-b.ts",
        "ports-types-only: lib/ports/planted.ts -> lib/core/fine.ts",
        "ports: lib/ports/planted.ts -> lib/streams/planted.ts",
        "resolvable: lib/core/planted.ts -> ./lost.ts",
        "rows: lib/rows/planted.ts -> fs",
        "run-defaults-on-demand: lib/run/api/defaults.ts -> adapters/openai/index.ts",
        "run-defaults: lib/run/api/defaults.ts -> adapters/csv/index.ts",
        "run: lib/run/planted.ts -> adapters/openai/index.ts",
        "schema: lib/schema/planted.ts -> fs",
        "sim: lib/sim/planted.ts -> fs",
        "streams: lib/streams/planted.ts -> ../../../node_modules/rxjs/dist/cjs/index.js",
        "streams: lib/streams/planted.ts -> lib/run/planted.ts",
        "testing: lib/testing/planted.ts -> ../../../node_modules/vitest/index.cjs",
      ]
    `);
    const bitten = new Set(planted.violations.map((violation) => violation.split(':')[0]));
    expect(planted.rules.filter((rule) => !bitten.has(rule))).toEqual([]);
  });

  it('refuse imports that only the compiler finds', () => {
    expect(badSpecifiers(planted.imports)).toEqual([
      'adapters/openai/index.ts: ../../lib/core/fine',
      'adapters/openai/index.ts: fp-ts/Option',
    ]);
  });

  it('tell code from types', () => {
    expect(
      codeOf(
        `export type { A } from './a.ts';\nexport interface B {}\nexport * from './c.ts';\nimport type { D } from './d.ts';\n`,
      ),
    ).toEqual([]);
    expect(codeOf(`export interface B {}\nexport const b = 1;\n`)).toEqual(['export const b = 1;']);
    expect(codeOf(`import { a } from './a.ts';\nexport { a };\n`)).toHaveLength(2);
  });
});
