import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { specEnv } from '../gate/env.mjs';
import { doorsOf, pack, root } from './packed.ts';
import type { Packed } from './packed.ts';

/**
 * Type errors of a user's files, and of the declarations that it leads to, under the strictest
 * settings.
 */
const typeErrors = (
  { project, folder }: Packed,
  programs: Readonly<Record<string, string>>,
): readonly string[] => {
  const paths = Object.keys(programs).map((name) => join(project, name));
  for (const [name, code] of Object.entries(programs)) writeFileSync(join(project, name), code);
  const program = ts.createProgram(paths, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
  });
  // Only what is ours: other packages' declarations are their own business, and cost ten seconds.
  return program
    .getSourceFiles()
    .filter(({ fileName }) => paths.includes(fileName) || fileName.startsWith(`${folder}/`))
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ])
    .map(
      ({ file, messageText }) =>
        `${file?.fileName.replace(project, '') ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
};

// Without a program there is no package yet.
describe.runIf(existsSync(join(root, 'cli/main.ts')))('the package', () => {
  let packed: Packed;
  beforeAll(() => {
    if (!existsSync(join(root, 'dist/cli/main.js')))
      throw new Error('dist/cli/main.js is missing: run `npm run build` first');
    packed = pack();
  });
  afterAll(() => rmSync(packed.scratch, { recursive: true, force: true }));

  it('holds what is built, the README and the license, and nothing else', () => {
    const others = packed.files.filter((file) => !file.startsWith('dist/'));
    expect(others).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(
      packed.files.filter((file) => /^dist\/(?!(lib|adapters|cli)\/.*\.(js|d\.ts)$)/.test(file)),
    ).toEqual([]);
    expect(packed.files.length).toBeGreaterThan(50);
  });

  it('pleases publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: packed.folder, strict: true, pack: false });
    expect(
      messages
        .filter(({ type }) => type !== 'suggestion')
        .map((message) => formatMessage(message, pkg)),
    ).toEqual([]);
  });

  it('opens every door under bare Node', () => {
    const doors = doorsOf(packed);
    expect(doors).toEqual(
      expect.arrayContaining([
        'batchor',
        'batchor/core',
        'batchor/ports',
        'batchor/rows',
        'batchor/streams',
        'batchor/sim',
        'batchor/testing',
      ]),
    );
    expect(
      doors.filter((door) => door.startsWith('batchor/adapters/')).length,
    ).toBeGreaterThanOrEqual(3);
    const code = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length > 0);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: packed.project,
      encoding: 'utf8',
    });
    expect(output.trim().split('\n')).toEqual(doors.map((door) => `${door} true`));
  });

  it('keeps what is behind the doors to itself', () => {
    const code = `import('batchor/dist/lib/index.js').then(() => process.exit(0), (error) => { console.log(error.code); process.exit(1); });`;
    const { status, stdout } = spawnSync(process.execPath, ['-e', code], {
      cwd: packed.project,
      encoding: 'utf8',
    });
    expect([status, stdout.trim()]).toEqual([1, 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
  });

  it('brings types for every door, without a flaw in its declarations', () => {
    const doors = doorsOf(packed);
    const uses = doors.map(
      (door, index) =>
        `import type * as door${index} from '${door}';\nexport type Door${index} = keyof typeof door${index};`,
    );
    const wrong = `import { nothing } from 'batchor';\nexport const a: number = nothing;\n`;
    expect(typeErrors(packed, { 'user.ts': `${uses.join('\n')}\n`, 'wrong.ts': wrong })).toEqual([
      expect.stringMatching(/^\/wrong\.ts: .*nothing/),
    ]);
  });

  it('has a program that says what it can do', () => {
    const main = join(packed.folder, packed.manifest.bin['batchor'] ?? '');
    expect(statSync(main).mode & 0o111).toBe(0o111);
    const { status, stdout, stderr } = spawnSync(main, ['--help'], {
      cwd: packed.project,
      encoding: 'utf8',
      env: specEnv(process.env),
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('batchor');
  });
});
