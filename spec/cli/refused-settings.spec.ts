import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition } from 'clipanion';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCli } from '../../cli/cli.ts';
import { fieldsInFlags } from '../../cli/shell/field-flags.ts';
import { inFlags } from '../../cli/shell/file-flags.ts';
import { isRepeatable } from '../../cli/shell/command-line.ts';
import { type CliWorld, createCliWorld, csvOf, startArgs } from './in-process.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await createCliWorld();
  world.write('good.csv', csvOf(2));
  mkdirSync(join(world.folder, 'folder'));
  expect((await world.run(startArgs('good.csv', 'r', '--wait'))).code).toBe(0);
});
afterAll(() => world[Symbol.asyncDispose]());

const results = ['results', '--run-id', 'r', '--store', 'store', '--output'];

describe('a setting that cannot be meant', () => {
  const cases: readonly (readonly [
    args: () => readonly string[],
    message: RegExp,
    hint: RegExp,
  ])[] = [
    [() => ['list', '--store', ''], /--store is empty/u, /Name a folder/u],
    [
      () => [...results, 'x.csv', '--format', 'parquet'],
      /--output x\.csv promises csv, and --format is parquet/u,
      /\.parquet/u,
    ],
    [
      () => [...results, 'nodir/x.csv'],
      /nodir\/x\.csv cannot be written: there is no folder/u,
      /mkdir -p /u,
    ],
    [() => startArgs('folder', 'n'), /--input folder is a folder/u, /--input 'folder\/\*\.csv'/u],
    [
      () => startArgs('good.csv', 'n', '--schema', 'missing.json'),
      /--schema missing\.json: there is no file/u,
      /path/u,
    ],
    [
      () => startArgs('good.csv', 'n', '--system-prompt', ' '),
      /--system-prompt is empty/u,
      /Omit it/u,
    ],
    [
      () => [...startArgs('good.csv', 'n'), '--model', 'n'],
      /--model is given twice/u,
      /Give it once/u,
    ],
    [() => startArgs('good.csv', 'n', '--model=n'), /--model is given twice/u, /Give it once/u],
    [
      () => ['emulator', '--turnaround', 'x'],
      /--turnaround must be seconds of at least 0, a number or min-max \(got "x"\)/u,
      /^/u,
    ],
  ];
  for (const [args, message, hint] of cases)
    it(`is refused by name: ${String(message)}`, async () => {
      const { code, stdout, stderr } = await world.run(args());
      expect([code > 0, stdout]).toEqual([true, '']);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(hint);
      expect(stderr).not.toMatch(/ENOENT|\.tmp/u);
    });

  it('is said, where a file name shows no format', async () => {
    const { code, stderr } = await world.run([...results, 'x.xyz']);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/x\.xyz: written as JSON lines, since \.xyz names no format/u),
    ]);
  });
});

it('knows the flags that collect their values', async () => {
  const flags = (await createCli())
    .definitions()
    .flatMap(({ options }: Definition) =>
      options.filter(isRepeatable).flatMap(({ nameSet }) => nameSet),
    );
  expect([...new Set(flags)].sort()).toEqual(
    [
      '--columns',
      '--from-batch',
      '--header',
      '--include',
      '--input',
      '--metadata-field',
      '--param',
    ].sort(),
  );
});

it('help keeps its sentences whole: no line of prose begins in lower case behind an empty one', async () => {
  for (const { path } of (await createCli()).definitions()) {
    const { stdout } = await world.run([...path.split(' ').slice(1), '--help']);
    expect(stdout).not.toMatch(/\n\n[a-z](?!.*:\n {2})/u);
    expect(stdout).not.toMatch(/\.\n\nThose /u);
  }
});

describe('names that the library has for settings', () => {
  it('are flags on the command line', async () => {
    const other = startArgs(
      'good.csv',
      'r',
      '--system-prompt',
      'Be brief.',
      '--param',
      'temperature=0',
    );
    const { code, stderr } = await world.run(other);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'the job differs from run r in --param temperature, --system-prompt (--param temperature: none then',
    );
    expect(stderr).toMatch(/another id, or one that sends its rows again \(--from-run r\)/u);
    expect(fieldsInFlags('Correct structuredOutput.')).toBe('Correct --schema.');
  });

  it('and code is none of them', () => {
    const said = inFlags(
      'To accept that: --accept-no-list (checkProvider(config, { acceptNoList: true }))',
    );
    expect(said).toBe('To accept that: --accept-no-list');
    expect(inFlags('set OPENAI_API_KEY, or give createOpenAI an apiKey')).not.toContain(
      'createOpenAI',
    );
  });
});
