import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, hasBegun, main, runBuilt, startBuilt, until } from './built.ts';
import { specEnv } from '../gate/env.mjs';
import { apiKey, csvOf, jsonlOf, type Ran, startArgs } from './in-process.ts';

const rowCount = 2_000;
const itemIds = Array.from({ length: rowCount }, (_, i) => `item-${i}`);

/** Many small batches: long enough to step in. */
const small = ['--limit', '300', '--max-requests-per-batch', '10'];

/** Writes down every module that is imported. */
const listImports = (() => {
  const hooks = `export const resolve = async (name, context, next) => { const found = await next(name, context); process._rawDebug('import ' + found.url); return found; };`;
  const boot = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
  return ['--no-warnings', '--import', `data:text/javascript,${encodeURIComponent(boot)}`];
})();

describe('the built command line, in processes of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-built-'));
  let emulator: Built;
  let env: Readonly<Record<string, string>> = {};
  const run = (args: readonly string[], nodeArgs: readonly string[] = []): Promise<Ran> =>
    runBuilt(args, { cwd: folder, env, nodeArgs });
  beforeAll(async () => {
    writeFileSync(join(folder, 'rows.csv'), csvOf(rowCount));
    writeFileSync(join(folder, 'rows.jsonl'), jsonlOf(rowCount));
    emulator = startBuilt(['emulator', '--port', '0', '--turnaround', '0.1-0.3'], { cwd: folder });
    await until(() => emulator.stdout().includes('\n'));
    const announced = JSON.parse(emulator.stdout()) as {
      readonly base_url: string;
      readonly port: number;
      readonly pid: number;
    };
    expect(announced.base_url).toBe(`http://127.0.0.1:${announced.port}/v1`);
    expect(announced.pid).toBe(emulator.child.pid);
    env = { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: announced.base_url };
  });
  afterAll(async () => {
    emulator.child.kill();
    expect((await emulator.ended).code).toBe(0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  for (const kind of ['csv', 'jsonl']) {
    it(`answers ${rowCount} rows of ${kind}, each once, in input order`, async () => {
      const ran = await run(
        startArgs(`rows.${kind}`, kind, '--wait', '--max-requests-per-batch', '700'),
      );
      expect([ran.stderr, ran.code]).toEqual(['', 0]);
      expect(ran.json).toMatchObject({
        run_id: kind,
        status: 'completed',
        item_count: rowCount,
        batch_count: 3,
      });
      const results = await run(['results', '--run-id', kind, '--store', 'store']);
      expect([results.stderr, results.code]).toEqual(['', 0]);
      expect(results.lines.map((line) => line['item_id'])).toEqual(itemIds);
      expect(results.lines.every((line) => typeof line['output_text'] === 'string')).toBe(true);
    });
  }

  it('ends quietly when its reader stops, and not as if all had been read', () => {
    // The reader of the pipe has left before anything is written.
    const script = `mkfifo gone; : < gone & exec 3> gone; wait; "$0" "$1" results --run-id csv --store store >&3; echo $?`;
    const said = execFileSync('bash', ['-c', `exec 2>&1; ${script}`, process.execPath, main], {
      cwd: folder,
      env: { ...specEnv(process.env), ...env },
      encoding: 'utf8',
    });
    expect(said).toBe('141\n');
  });

  it('shows its version, and its commands when it is asked for nothing', async () => {
    const [version, nothing, help] = await Promise.all([
      run(['--version']),
      run([]),
      run(['--help']),
    ]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect([nothing.code, nothing.stderr]).toEqual([0, '']);
    expect(nothing.stdout).toBe(help.stdout);
    expect(nothing.stdout).toContain('start     ');
  });

  it('loads no provider, no tokenizer and no parser to show help or a status', async () => {
    for (const args of [['--help'], ['status', '--run-id', 'csv', '--store', 'store']]) {
      const ran = await run(args, listImports);
      expect(ran.code).toBe(0);
      expect(ran.stderr).toContain('import file://');
      expect(ran.stderr).not.toMatch(/node_modules\/(openai|tiktoken|csv-parse)\//);
    }
  });

  it('lets one process drive a run, another follow it, and a third not take it', async () => {
    const driving = startBuilt(startArgs('rows.csv', 'shared', '--wait', ...small), {
      cwd: folder,
      env,
    });
    await until(() => driving.child.exitCode !== null || hasBegun(folder, 'shared'));
    // Stopped, it lives and owns the run, and cannot finish before the others have looked.
    driving.child.kill('SIGSTOP');
    const follower = run(['wait', '--run-id', 'shared', '--store', 'store']);
    const taking = await run(startArgs('rows.csv', 'shared', ...small));
    driving.child.kill('SIGCONT');
    const [driven, following] = await Promise.all([driving.ended, follower]);
    expect([driven.stderr, driven.code]).toEqual(['', 0]);
    expect([taking.code, taking.stdout]).toEqual([5, '']);
    expect(taking.stderr).toContain('Follow it: batchor wait --run-id shared --store store');
    expect([following.stderr, following.code]).toEqual(['', 0]);
    expect(following.json['status']).toBe('completed');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('gives the run back at the first %s, and ends with %i', async (signal, code) => {
    const runId = `stopped-${code}`;
    const started = startBuilt(startArgs('rows.jsonl', runId, '--wait', ...small), {
      cwd: folder,
      env,
    });
    await until(() => hasBegun(folder, runId));
    started.child.kill(signal);
    const ran = await started.ended;
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toMatch(
      /^batchor: interrupted; run stopped-\d+ is kept, and .* at the provider/,
    );
    expect(ran.stderr).toContain(`continue: batchor wait --run-id ${runId} --store store`);
    const waited = await run(['wait', '--run-id', runId, '--store', 'store']);
    expect([waited.stderr, waited.code]).toEqual(['', 0]);
  });
});
