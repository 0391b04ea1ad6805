import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Emulator } from 'batchor/adapters/emulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, startBuilt, until } from './built.ts';

const flags = [
  '--id-field',
  'id',
  '--prompt-field',
  'text',
  '--model',
  'gpt-4.1',
  '--store',
  'store',
  '--poll-interval',
  '0.05',
];
let folder: string;
let emulator: Emulator;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batchor-pipes-'));
  for (const name of ['in.csv', 'out.jsonl', 'schema.json'])
    execFileSync('mkfifo', [join(folder, name)]);
  writeFileSync(join(folder, 'rows.csv'), 'id,text\na,hello\nb,hello\n');
  emulator = await startEmulator({ turnaroundMs: { min: 1, max: 2 } });
  env = { OPENAI_API_KEY: 'sk-any', OPENAI_BASE_URL: emulator.baseURL, TMPDIR: folder };
  const done = await start(['start', '--input', 'rows.csv', ...flags, '--run-id', 'done', '--wait'])
    .ended;
  expect([done.stderr, done.code]).toEqual(['', 0]);
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});
const start = (args: readonly string[], stdin: 'pipe' | 'ignore' = 'ignore'): Built =>
  startBuilt(args, { cwd: folder, env, stdin });
/** Says on stderr when the pipe is opened. */
const sayWhenOpened = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
for (const calls of [fs, fs.promises]) {
  const { open } = calls;
  calls.open = (path, ...rest) => {
    if (String(path).endsWith('out.jsonl')) process.stderr.write('opening');
    return open(path, ...rest);
  };
}
syncBuiltinESMExports();`;
const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(sayWhenOpened)}`];

describe('a named pipe', () => {
  it.each(['start', 'quote'])(
    'without a writer is no input: %s says so at once, and makes nothing',
    async (command) => {
      const more = command === 'start' ? ['--run-id', 'piped', '--wait'] : [];
      const ran = await start([
        command,
        '--input',
        'in.csv',
        ...(command === 'start' ? flags : flags.slice(0, 6)),
        ...more,
      ]).ended;
      expect([ran.code, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toContain('in.csv: is not a regular file');
      expect(existsSync(join(folder, 'store/runs/piped'))).toBe(false);
    },
  );

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('without a reader as output ends at %s, at once, with %i', async (signal, code) => {
    const args = ['results', '--run-id', 'done', '--store', 'store', '--output', 'out.jsonl'];
    const built = startBuilt(args, { cwd: folder, env, nodeArgs });
    await until(() => built.stderr().includes('opening') || built.child.exitCode !== null);
    built.child.kill(signal);
    expect((await built.ended).code).toBe(code);
    expect(statSync(join(folder, 'out.jsonl')).isFIFO()).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('as output gets what a reader takes', async () => {
    const built = start([
      'results',
      '--run-id',
      'done',
      '--store',
      'store',
      '--output',
      'out.jsonl',
    ]);
    const text = execFileSync('cat', [join(folder, 'out.jsonl')], { encoding: 'utf8' });
    expect([(await built.ended).code, text.trimEnd().split('\n').length]).toEqual([0, 2]);
  });
});

describe('standard input', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'that does not end is left at %s, at once, with %i and nothing behind',
    async (signal, code) => {
      const built = start(
        ['start', '--input', '-', '--input-format', 'csv', ...flags, '--run-id', 'endless'],
        'pipe',
      );
      built.child.stdin?.write('id,text\na,hello\n');
      const spools = (): readonly string[] =>
        readdirSync(folder).filter((name) => name.startsWith('batchor-stdin-'));
      await until(() => spools().some((name) => existsSync(join(folder, name, 'rows.csv'))));
      built.child.kill(signal);
      expect((await built.ended).code).toBe(code);
      expect(spools()).toEqual([]);
      expect(existsSync(join(folder, 'store/runs/endless'))).toBe(false);
    },
  );
});

describe('standard error', () => {
  it('that is closed is no reason to leave a run', async () => {
    const built = start([
      'start',
      '--input',
      'rows.csv',
      ...flags,
      '--run-id',
      'unheard',
      '--wait',
    ]);
    built.child.stderr?.destroy();
    const ran = await built.ended;
    expect([ran.code, ran.json['status']]).toEqual([0, 'completed']);
  });
});

describe('standard output', () => {
  it('is data alone, whatever a library logs', async () => {
    const args = ['start', '--input', 'rows.csv', ...flags, '--run-id', 'logged', '--wait'];
    const noise = "process.on('exit', () => console.log('noise of a library'))";
    const ran = await startBuilt(args, {
      cwd: folder,
      env: { ...env, OPENAI_LOG: 'debug' },
      nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(noise)}`],
    }).ended;
    expect(ran.json).toMatchObject({ run_id: 'logged', status: 'completed' });
    expect(ran.stderr).toContain('noise of a library');
    expect(ran.stderr).not.toContain('sk-any');
  });
});
