import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from 'batchor/adapters/emulator';
import { runBuilt, startBuilt, until } from './built.ts';
import { csvOf, type Ran, startArgs } from './in-process.ts';

const rowCount = 300;
const model = ['--provider', 'mistral', '--model', 'mistral-small-latest'];

describe('the built command line at Mistral', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-mistral-'));
  let emulator: Emulator;
  beforeAll(async () => {
    writeFileSync(join(folder, 'rows.csv'), csvOf(rowCount));
    emulator = await startEmulator({
      provider: 'mistral',
      turnaroundMs: { min: 200, max: 600 },
      faults: [{ type: 'rows_fail', batch: 2, ratio: 0.2, statusCode: 500 }],
    });
  });
  afterAll(async () => {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  const options = () => ({
    cwd: folder,
    env: { MISTRAL_API_KEY: 'key-0123456789abcdef', MISTRAL_BASE_URL: emulator.baseURL },
  });
  const run = (...args: readonly string[]): Promise<Ran> => runBuilt(args, options());

  it('is killed half-way and resumed without its flags: every row is answered once', async () => {
    const small = ['--max-requests-per-batch', '50', '--create-grace', '1'];
    const args = startArgs('rows.csv', 'm', ...model, ...small, '--wait');
    const started = startBuilt(args, options());
    await until(() => emulator.ledger.batchesCreated >= 2);
    started.child.kill('SIGKILL');
    await started.ended;
    const waited = await run('wait', '--run-id', 'm', '--store', 'store');
    expect([waited.code, waited.stderr.includes('rror:')]).toEqual([0, false]);
    expect(waited.json).toMatchObject({ status: 'completed', item_count: rowCount });

    const verified = await run('verify', '--run-id', 'm', '--store', 'store');
    expect(verified.json).toMatchObject({ is_sound: true });
    const results = await run('results', '--run-id', 'm', '--store', 'store');
    expect(results.lines.map((line) => line['item_id'])).toEqual(
      Array.from({ length: rowCount }, (_, i) => `item-${i}`),
    );
    expect(results.lines.every((line) => line['finish_reason'] === 'stop')).toBe(true);
    expect(emulator.ledger.doubleBilledCount).toBe(0);
  });
});
