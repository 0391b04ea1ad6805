import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runBuilt, startBuilt, until } from '../cli/built.ts';
import { parseDoc } from '../docs/markdown.ts';
import { specEnv } from '../gate/env.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guidePath = 'docs/guides/writing-an-adapter.md';
const key = 'acme-key-0123456789';

/** The guide's service, as unkind as its faults, in a process that no kill reaches. */
const serve = `import { startDouble } from './double.ts';
const faults = [
  { type: 'lose_create_reply', batch: 2 },
  { type: 'create_lands_late', forMs: 1, batch: 3 },
  { type: 'rows_fail', batch: 1, ratio: 1, statusCode: 500 },
] as const;
const double = await startDouble({ key: '${key}', speed: 15_000, faults });
console.log(double.baseURL);
`;

/** A folder as the guide makes it. */
const guideFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-own adapter-'));
  for (const { file, text } of parseDoc(guidePath, readFileSync(join(root, guidePath), 'utf8'))
    .blocks)
    if (file !== null) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, 'serve.ts'), serve);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/batchor'));
  symlinkSync(join(root, 'node_modules/fp-ts'), join(folder, 'node_modules/fp-ts'));
  const rows = Array.from({ length: 30 }, (_, i) => ({ id: `w${i}`, text: `word ${i}` }));
  writeFileSync(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return folder;
};

/** The guide's service in that folder. */
const startService = async (folder: string) => {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const child = spawn(process.execPath, [tsx, 'serve.ts'], {
    cwd: folder,
    env: specEnv(process.env),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(() => said.includes('\n'), 'the service says its address');
  const baseURL = said.trim();
  const ledger = async (): Promise<{
    readonly batchesCreated: number;
    readonly doubleBilledCount: number;
  }> => (await (await fetch(`${baseURL}/ledger`)).json()) as never;
  return { baseURL, ledger, stop: () => child.kill('SIGKILL') };
};

describe('an adapter of yours, in the module of a job', () => {
  it('is found by processes that continue its run after one was killed: no row is lost, none paid twice', async () => {
    const folder = guideFolder();
    const service = await startService(folder);
    try {
      const env = { ACME_API_KEY: key, ACME_BASE_URL: service.baseURL };
      const of = ['--run-id', 'french', '--store', 'store'];
      const run = (...args: readonly string[]) => runBuilt(args, { cwd: folder, env });

      const killed = startBuilt(['start', '--job', 'job.ts', '--wait', ...of], {
        cwd: folder,
        env,
      });
      await until(
        async () => (await service.ledger()).batchesCreated >= 2,
        'two batches are created, of which one was never confirmed',
      );
      killed.child.kill('SIGKILL');
      expect((await killed.ended).code).toBe(-1);

      const stood = await run('status', ...of);
      expect([stood.code, stood.json['status']]).toEqual([0, 'running']);

      const worker = startBuilt(['worker', '--store', 'store'], { cwd: folder, env });
      await until(() => worker.stdout().includes('"finished"'), 'the worker ends the run');
      worker.child.kill('SIGINT');
      expect((await worker.ended).code).toBe(0);

      const results = await run('results', ...of);
      expect(results.code).toBe(0);
      const lines = results.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(lines).toHaveLength(30);
      for (const line of lines)
        expect(line).toMatchObject({ status: 'completed', finish_reason: 'end' });
      expect((await service.ledger()).doubleBilledCount).toBe(0);
      for (const { stdout, stderr } of [stood, results]) expect(stdout + stderr).not.toContain(key);

      rmSync(join(folder, 'job.ts'));
      const lost = await run('results', ...of);
      expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('--job job.ts')]);
    } finally {
      service.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
