import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { cleanEnv, specEnv } from './env.mjs';
import { isFormatted } from './format.mjs';
import { readReport, tally } from './tally.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'batchor-gate-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const report = (passed: number, failed: number) => ({
  numTotalTests: passed + failed,
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: 0,
  success: failed === 0,
  testResults: [
    { name: 'some.spec.ts', status: failed === 0 ? 'passed' : 'failed', assertionResults: [{}] },
  ],
});
const gates = [{ name: 'lint', ok: true }];

describe('the count at the end of npm test', () => {
  it('adds the gates to the tests', () => {
    expect(tally(report(41, 0), 0, gates)).toEqual({ passed: 42, failed: 0, problems: [] });
  });

  it('counts a failed test', () => {
    expect(tally(report(41, 2), 1, gates)).toMatchObject({ passed: 42, failed: 2 });
  });

  it('counts a failed gate by name', () => {
    expect(tally(report(41, 0), 0, [...gates, { name: 'build', ok: false }])).toEqual({
      passed: 42,
      failed: 1,
      problems: ['gate failed: build'],
    });
  });

  it('fails when not one test was run', () => {
    expect(tally(report(0, 0), 0, gates)).toMatchObject({ failed: 1 });
  });

  it('fails when every test was skipped', () => {
    expect(
      tally({ ...report(0, 0), numTotalTests: 7, numPendingTests: 7 }, 0, gates),
    ).toMatchObject({ failed: 1 });
  });

  it('fails when the report is missing, cut short or not a report', () => {
    expect(readReport(join(scratch, 'missing.json'))).toBeNull();
    for (const text of ['{"numPassedTests": 1', '{}', 'null', '']) {
      writeFileSync(join(scratch, 'torn.json'), text);
      expect(readReport(join(scratch, 'torn.json'))).toBeNull();
    }
    expect(tally(null, 0, gates)).toMatchObject({ passed: 1, failed: 1 });
  });

  it('fails when a spec file does not load', () => {
    const broken = {
      ...report(3, 0),
      testResults: [{ name: 'broken.spec.ts', status: 'failed', assertionResults: [] }],
    };
    expect(tally(broken, 1, gates)).toMatchObject({
      passed: 4,
      failed: 1,
      problems: ['spec did not load: broken.spec.ts'],
    });
  });

  it('fails when vitest is unhappy and no test failed', () => {
    expect(tally(report(3, 0), 1, gates)).toMatchObject({ failed: 1 });
    expect(tally(report(3, 0), null, gates)).toMatchObject({ failed: 1 });
    expect(tally({ ...report(3, 0), success: false }, 0, gates)).toMatchObject({ failed: 1 });
  });

  it('reads what vitest writes', () => {
    writeFileSync(
      join(scratch, 'planted.spec.mjs'),
      `import { expect, it } from 'vitest';\nit('a', () => {});\nit('b', () => expect(1).toBe(2));\n`,
    );
    const path = join(scratch, 'report.json');
    const args = [
      'run',
      '--root',
      scratch,
      '--dir',
      scratch,
      '--config',
      join(scratch, 'vitest.config.mjs'),
      '--reporter=json',
    ];
    writeFileSync(
      join(scratch, 'vitest.config.mjs'),
      `export default { test: { include: ['*.spec.mjs'] } };\n`,
    );
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { status } = spawnSync(process.execPath, [vitest, ...args, `--outputFile=${path}`], {
      cwd: root,
    });
    expect(status).toBe(1);
    expect(tally(readReport(path), status, gates)).toEqual({ passed: 2, failed: 1, problems: [] });
  });
});

describe('the environment of the specs', () => {
  const unwanted = [
    'OPENAI_API_KEY',
    'OPENAI_BASE_URL',
    'BATCHOR_STORE',
    'HTTP_PROXY',
    'https_proxy',
    'ALL_PROXY',
    'NO_PROXY',
    'npm_config_proxy',
  ];

  it('has no key, no address and no proxy in it', () => {
    expect(Object.keys(process.env).filter((name) => unwanted.includes(name))).toEqual([]);
  });

  it('is the caller’s but for those', () => {
    const planted = {
      PATH: '/bin',
      HOME: '/root',
      ...Object.fromEntries(unwanted.map((name) => [name, 'planted'])),
    };
    expect(specEnv(planted)).toEqual({ PATH: '/bin', HOME: '/root' });
    cleanEnv(planted);
    expect(planted).toEqual({ PATH: '/bin', HOME: '/root' });
  });
});

describe('properties', () => {
  it('draw from the seed of the run, and print it when they fail', () => {
    const seed = Number(process.env['BATCHOR_SEED']);
    expect(fc.readConfigureGlobal().seed).toBe(seed);
    expect(() => fc.assert(fc.property(fc.nat(), (n) => n < 0))).toThrow(`seed: ${seed}`);
  });
});

describe('the formatter', () => {
  /** What is said of a folder with these files in it; null: all are formatted. */
  const refusal = (files: Readonly<Record<string, string>>): string | null => {
    const folder = mkdtempSync(join(scratch, 'formatted-'));
    cpSync(join(root, '.prettierrc.json'), join(folder, '.prettierrc.json'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const said: string[] = [];
    return isFormatted(folder, (text) => said.push(text)) ? null : said.join('');
  };
  const fine = `export const a = 'x';\n`;

  it('takes what Prettier writes, also where the quick one would write something else', () => {
    expect(refusal({ 'a.ts': fine, 'b.json': '{ "a": 1 }\n' })).toBeNull();
    const union =
      `export type ArrowRow =\n` +
      `  { readonly type: 'row'; readonly value: JsonObject } | ({ readonly type: 'bad' } & RowFault);\n`;
    expect(refusal({ 'a.ts': fine, 'b.ts': union })).toBeNull();
  });

  it.each([
    ['double quotes', 'b.ts', `export const a = "x";\n`],
    ['lines of more than 100 columns', 'b.ts', `export const a = ['${`x', '`.repeat(30)}x'];\n`],
    ['JSON that is not', 'b.json', `{"a":1}\n`],
    ['what cannot be read', 'b.ts', `const a = ;\n`],
  ])('refuses %s, by the name of the file', (_, name, text) => {
    const said = refusal({ 'a.ts': fine, [name]: text });
    expect(said).toContain(name);
    expect(said).not.toContain('a.ts');
  });
});

describe('the compiler', () => {
  /** Type-checks one planted file as if it lay in lib/core, under a config of ours. */
  const errorsUnder = (config: string, code: string): readonly string[] => {
    const configPath = join(root, config);
    const parsed = ts.parseJsonConfigFileContent(
      ts.readConfigFile(configPath, ts.sys.readFile).config,
      ts.sys,
      join(root, 'spec'),
    );
    const planted = join(root, 'lib/core/planted.ts');
    const options: ts.CompilerOptions = { ...parsed.options, incremental: false };
    delete options.tsBuildInfoFile;
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = (path) => path === planted || fileExists(path);
    host.readFile = (path) => (path === planted ? code : readFile(path));
    host.getSourceFile = (path, ...rest) =>
      path === planted
        ? ts.createSourceFile(path, code, ts.ScriptTarget.ES2022)
        : getSourceFile(path, ...rest);
    const program = ts.createProgram([planted], options, host);
    return ts
      .getPreEmitDiagnostics(program)
      .map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'));
  };

  it('refuses process, timers, the DOM and node modules in the core', () => {
    expect(
      errorsUnder('spec/tsconfig.core.json', 'export const t = process.pid;\n').join(),
    ).toContain("Cannot find name 'process'");
    expect(
      errorsUnder('spec/tsconfig.core.json', 'setTimeout(() => undefined, 1);\n').join(),
    ).toContain("Cannot find name 'setTimeout'");
    expect(errorsUnder('spec/tsconfig.core.json', 'export const t = document;\n').join()).toContain(
      "Cannot find name 'document'",
    );
    expect(errorsUnder('spec/tsconfig.core.json', `import 'node:fs';\n`)).not.toEqual([]);
  });

  it('takes plain code in the core', () => {
    expect(errorsUnder('spec/tsconfig.core.json', 'export const t: number = 1;\n')).toEqual([]);
  });

  it.each(['tsconfig.json', 'spec/tsconfig.json'])('refuses a wrong type under %s', (config) => {
    expect(errorsUnder(config, `export const t: number = 'one';\n`)).not.toEqual([]);
  });
});
