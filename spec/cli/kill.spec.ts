import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from 'batchor/adapters/emulator';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasBegun, runBuilt, startBuilt, until } from './built.ts';
import { apiKey, csvOf, linesOf, startArgs } from './in-process.ts';

const rowCount = 2_000;
const kills = 20;

it('finishes after being killed at random moments, every row once, and pays for nothing twice', async () => {
  const [seed] = fc.sample(fc.nat(), { numRuns: 1 });
  const moments = fc.sample(fc.integer({ min: 0, max: 600 }), { numRuns: kills, seed: seed ?? 0 });
  const folder = mkdtempSync(join(tmpdir(), 'batchor-kill-'));
  await using emulator = await startEmulator({ turnaroundMs: { min: 300, max: 15_000 } });
  const options = { cwd: folder, env: { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: emulator.baseURL } };
  const wait = ['wait', '--run-id', 'killed', '--store', 'store'];
  try {
    writeFileSync(join(folder, 'rows.csv'), csvOf(rowCount));
    let killedAlive = 0;
    for (const [i, ms] of moments.entries()) {
      const args = i === 0 ? startArgs('rows.csv', 'killed', '--wait', '--max-requests-per-batch', '40') : wait;
      const victim = startBuilt(args, options);
      // The first may be killed before it has made a run: then there is nothing to wait for. Later ones, from their first request on.
      const calls = callsOf(emulator.ledger);
      await until(() => victim.child.exitCode !== null || (hasBegun(folder, 'killed') && callsOf(emulator.ledger) > calls));
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (victim.child.kill('SIGKILL')) killedAlive += 1;
      await victim.ended;
    }
    expect(killedAlive).toBeGreaterThanOrEqual(kills / 2);
    const last = await runBuilt(wait, options);
    // A kill while a create was out may leave that batch to be looked for: it is said, and nothing is sent again meanwhile.
    const isHeld = last.code === 4 && last.json['control_reason'] === 'batch_unresolved';
    expect(isHeld || last.code === 0, `${last.stderr}${last.stdout}`).toBe(true);
    const results = await runBuilt(['results', '--run-id', 'killed', '--store', 'store', ...(isHeld ? ['--partial'] : [])], options);
    const ids = linesOf(results.stdout).map((line) => line['item_id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(emulator.ledger.doubleBilledCount).toBe(0);
    if (isHeld) {
      expect(last.stderr).toContain('batchor_batch_key');
      // All that is missing is what the held batches hold, and what is not sent while they are.
      const live = last.json['live_batches'] as readonly { readonly held: unknown; readonly provider_batch_id: string | null }[];
      expect(live.every((batch) => batch.held !== null || batch.provider_batch_id === null)).toBe(true);
      const counts = last.json['item_counts'] as Readonly<Record<string, number>>;
      expect(counts['completed']).toBe(ids.length);
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(rowCount);
    } else expect(ids).toEqual(Array.from({ length: rowCount }, (_, i) => `item-${i}`));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}, 120_000);

const callsOf = (ledger: { readonly calls: Readonly<Record<string, number>> }): number =>
  Object.values(ledger.calls).reduce((sum, count) => sum + count, 0);
