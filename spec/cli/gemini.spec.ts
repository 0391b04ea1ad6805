import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../lib/sim/provider/index.ts';
import { hasBegun, runBuilt, startBuilt, until, type Built } from './built.ts';
import { jsonlOf } from './in-process.ts';
import type { Ran } from './ran.ts';

const rowCount = 400;
const itemIds = Array.from({ length: rowCount }, (_, i) => `item-${i}`);
const key = 'AIza-spec-0123456789abcdefghij';

/** The answer to the second create is lost, and the fourth create never arrives. */
const faults = [
  { type: 'lose_create_reply', batch: 2 },
  { type: 'drop_create', batch: 4 },
];

describe('the built command line, against Gemini’s emulator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor gemini-'));
  let emulator: Built;
  let env: Readonly<Record<string, string>> = {};
  let ledgerUrl = '';
  const ledger = async (): Promise<Ledger> => (await fetch(ledgerUrl)).json() as Promise<Ledger>;
  const run = (...args: readonly string[]): Promise<Ran> => runBuilt(args, { cwd: folder, env });
  const startArgs = (runId: string, ...more: readonly string[]): readonly string[] => [
    ...['start', '--provider', 'gemini', '--model', 'gemini-2.5-flash', '--input', 'rows.jsonl'],
    ...['--id-field', 'id', '--prompt-field', 'text', '--store', 'store', '--run-id', runId],
    ...['--poll-interval', '0.1', '--create-grace', '1', ...more],
  ];
  beforeAll(async () => {
    writeFileSync(join(folder, 'rows.jsonl'), jsonlOf(rowCount));
    writeFileSync(join(folder, 'faults.json'), JSON.stringify(faults));
    const args = ['emulator', '--provider', 'gemini', '--port', '0', '--turnaround', '0.2-0.5'];
    emulator = startBuilt([...args, '--faults', 'faults.json'], { cwd: folder });
    await until(() => emulator.stdout().includes('\n'), 'the emulator listens');
    const announced = JSON.parse(emulator.stdout()) as {
      readonly base_url: string;
      readonly ledger_url: string;
    };
    env = { GOOGLE_API_KEY: key, GOOGLE_GEMINI_BASE_URL: announced.base_url };
    ledgerUrl = announced.ledger_url;
  });
  afterAll(async () => {
    emulator.child.kill();
    await emulator.ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  it('is killed half-way and resumed: each row is answered once, lost creates are found by name', async () => {
    const first = startBuilt(startArgs('killed', '--max-requests-per-batch', '40', '--wait'), {
      cwd: folder,
      env,
    });
    await until(() => hasBegun(folder, 'killed'), 'the run has read rows');
    await until(async () => (await ledger()).batchesCreated >= 3, 'three batches are created');
    first.child.kill('SIGKILL');
    await first.ended;

    const resumed = await run('wait', '--run-id', 'killed', '--store', 'store');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.json).toMatchObject({ status: 'completed', item_count: rowCount });
    const results = await run('results', '--run-id', 'killed', '--store', 'store');
    expect(results.lines.map((line) => line['item_id'])).toEqual(itemIds);
    expect(results.lines.every(({ status }) => status === 'completed')).toBe(true);
    const verified = await run('verify', '--run-id', 'killed', '--store', 'store');
    expect(verified.json).toMatchObject({ is_sound: true, item_count: rowCount });
    expect(verified.code).toBe(0);

    const { requestsBilled, doubleBilledCount, batches } = await ledger();
    expect({ requestsBilled, doubleBilledCount }).toEqual({
      requestsBilled: rowCount,
      doubleBilledCount: 0,
    });
    for (const { metadata } of batches)
      expect(metadata?.['display_name']).toMatch(/^batchor\/killed\/bk_[0-9a-f]{20}\/\d$/u);
  });

  it('shows no key in what it stored', async () => {
    const shown = await run(
      'inspect',
      '--run-id',
      'killed',
      '--store',
      'store',
      '--item',
      'item-7',
    );
    expect(shown.stdout).not.toContain(key);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a parameter in snake case',
      ['--param', 'max_output_tokens=5'],
      /"generationConfig": \{"maxOutputTokens"/,
    ],
    [
      'an endpoint of another service',
      ['--endpoint', 'moderations'],
      /generateContent and embedContent/,
    ],
    ['files that expire sooner', ['--files-expire-after', '7200'], /live 48 hours/],
  ])('refuses %s before it sends a row', async (name, args, message) => {
    const before = (await ledger()).uploads;
    const refused = await run(...startArgs(name.replaceAll(' ', '-'), ...args));
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(message);
    expect((await ledger()).uploads).toBe(before);
  });

  it('asks for a key by its name', async () => {
    const without = await runBuilt(startArgs('keyless', '--base-url', 'https://example.com'), {
      cwd: folder,
    });
    expect(without.stderr).toContain('GEMINI_API_KEY is not set');
  });

  it('checks a schema by Gemini’s rules', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string', pattern: '^a' } },
      required: [],
      additionalProperties: false,
    };
    writeFileSync(join(folder, 'schema.json'), JSON.stringify(schema));
    const args = ['schema', 'check', 'schema.json', '--model', 'gemini-2.5-flash'];
    const checked = await run(...args, '--provider', 'gemini');
    expect(checked.stdout).toContain('Gemini does not take \\"pattern\\"');
    expect(checked.stdout).not.toContain('is not in \\"required\\"');
  });
});
