import Anthropic from '@anthropic-ai/sdk';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from 'batchor/adapters/emulator';
import { runBuilt, startBuilt, until } from './built.ts';
import { createCliWorld, csvOf, type CliWorld, type Ran, startArgs } from './in-process.ts';

const key = 'sk-ant-spec-0123456789abcdef';
const rowCount = 600;
const claude = ['--provider', 'anthropic', '--model', 'claude-haiku-4-5'];

describe('the built command line at Anthropic', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-anthropic-'));
  let emulator: Emulator;
  beforeAll(async () => {
    writeFileSync(join(folder, 'rows.csv'), csvOf(rowCount));
    emulator = await startEmulator({
      provider: 'anthropic',
      turnaroundMs: { min: 200, max: 600 },
      faults: [{ type: 'rows_fail', batch: 2, ratio: 0.2, statusCode: 529 }],
    });
  });
  afterAll(async () => {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  const options = () => ({
    cwd: folder,
    env: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: emulator.baseURL },
  });
  const run = (...args: readonly string[]): Promise<Ran> => runBuilt(args, options());

  it('is killed half-way and resumed without its flags: every row is answered once', async () => {
    const small = ['--max-requests-per-batch', '50', '--create-grace', '1'];
    const args = startArgs('rows.csv', 'a', ...claude, ...small, '--wait');
    const started = startBuilt(args, options());
    await until(() => emulator.ledger.batchesCreated >= 3);
    started.child.kill('SIGKILL');
    await started.ended;
    const waited = await run('wait', '--run-id', 'a', '--store', 'store');
    // Creates that were under way when it was killed are unconfirmed, and searched for.
    expect(waited.code).toBe(0);
    expect(waited.json).toMatchObject({ status: 'completed', item_count: rowCount });

    const verified = await run('verify', '--run-id', 'a', '--store', 'store');
    expect(verified.json).toMatchObject({ is_sound: true });
    const results = await run('results', '--run-id', 'a', '--store', 'store');
    expect(results.lines.map((line) => line['item_id'])).toEqual(
      Array.from({ length: rowCount }, (_, i) => `item-${i}`),
    );
    expect(results.lines.every((line) => typeof line['output_text'] === 'string')).toBe(true);
    expect(results.lines.every((line) => line['finish_reason'] === 'end_turn')).toBe(true);
    expect(emulator.ledger.doubleBilledCount).toBe(0);
  });
});

describe('a run at Anthropic', () => {
  let world: CliWorld;
  const options = () => ({
    onlyEnv: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: world.emulator.baseURL },
  });
  const run = (args: readonly string[]): Promise<Ran> => world.run(args, options());
  beforeAll(async () => {
    world = await createCliWorld({ provider: 'anthropic' });
    world.write('rows.csv', csvOf(12));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it('shows the requests that it would send, and needs no key for that', async () => {
    const shown = await world.run(
      startArgs('rows.csv', 'dry', ...claude, '--system-prompt', 'Be brief.', '--dry-run'),
      { onlyEnv: {} },
    );
    expect([shown.stderr, shown.code]).toEqual(['', 0]);
    expect(shown.lines[0]).toEqual({
      custom_id: 'r00000000-0',
      params: {
        model: 'claude-haiku-4-5',
        system: 'Be brief.',
        messages: [{ role: 'user', content: 'What is 0?' }],
        max_tokens: 4096,
      },
    });
  });

  it('is answered, costed and collected, and continues without --provider', async () => {
    const started = await run(startArgs('rows.csv', 'b', ...claude, '--param', 'max_tokens=64'));
    expect([started.stderr, started.code]).toEqual(['', 0]);
    const waited = await run(['wait', '--run-id', 'b', '--store', 'store']);
    expect(waited.json).toMatchObject({ status: 'completed', item_count: 12 });
    expect(waited.json['cost']).toMatchObject({ is_complete: true });
    expect(world.storedText('store')).not.toContain(key);
  });

  it('is refused another provider, and a job whose key is missing names its variable', async () => {
    const other = await world.run(startArgs('rows.csv', 'b', '--provider', 'openai'), options());
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('was started with --provider anthropic');
    const keyless = await world.run(startArgs('rows.csv', 'c', ...claude), { onlyEnv: {} });
    expect(keyless.code).toBe(1);
    expect(keyless.stderr).toContain('ANTHROPIC_API_KEY is not set');
    const none = await run(startArgs('rows.csv', 'c', '--provider', 'nobody'));
    expect(none.stderr).toContain('Allowed are openai, anthropic');
  });

  it.each<[readonly string[], RegExp]>([
    [['--endpoint', 'responses'], /Anthropic has only messages/u],
    [['--param', 'speed="fast"'], /"speed" is refused/u],
    [['--param', 'max_tokens=0'], /at least 1/u],
    [['--files-expire-after', '7200'], /--files-expire-after.*no such setting/u],
    [['--input-format', 'openai-batch'], /takes no such requests/u],
  ])('refuses %j before anything exists', async (flags, words) => {
    const refused = await run(startArgs('rows.csv', 'refused', ...claude, ...flags));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(words);
  });

  it('checks a schema by the rules of Anthropic', async () => {
    const schema = (properties: number, required: readonly string[]): string =>
      JSON.stringify({
        type: 'object',
        properties: Object.fromEntries(
          Array.from({ length: properties }, (_, i) => [`p${i}`, { type: 'string' }]),
        ),
        required,
        additionalProperties: false,
      });
    world.write('good.json', schema(24, []));
    world.write('bad.json', schema(25, []));
    const good = await run(['schema', 'check', 'good.json', '--provider', 'anthropic']);
    expect(good.json).toMatchObject({ is_taken: true, sizes: { optional_properties: 24 } });
    const bad = await run(['schema', 'check', 'bad.json', '--provider', 'anthropic']);
    expect(bad.code).toBe(6);
    expect(bad.json).toMatchObject({ violations: [{ rule: 'optional_max' }] });
  });

  it('sends rows of a finished run again', async () => {
    const again = await run([
      ...['start', '--from-run', 'b', '--only', 'all', '--run-id', 'again', '--store', 'store'],
      ...[...claude, '--poll-interval', '0.05', '--wait'],
    ]);
    expect([again.stderr, again.code]).toEqual(['', 0]);
    expect(again.json).toMatchObject({ status: 'completed', item_count: 12 });
  });
});

describe('a create whose answer is lost at Anthropic', () => {
  const unanswered = 'got no answer; batchor searches for the batch';
  const withFaults = async (
    faults: NonNullable<Parameters<typeof startEmulator>[0]>['faults'],
    use: (world: CliWorld, ran: Ran) => void,
  ): Promise<void> => {
    await using world = await createCliWorld({ provider: 'anthropic', faults: faults ?? [] });
    world.write('rows.csv', csvOf(10));
    const ran = await world.run(
      startArgs('rows.csv', 'a', ...claude, '--create-grace', '1', '--wait'),
      { onlyEnv: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: world.emulator.baseURL } },
    );
    use(world, ran);
  };

  it('is proved by the id in one of its results, also where the list lags', async () => {
    await withFaults(
      [
        { type: 'lose_create_reply', batch: 1 },
        { type: 'list_lags', batch: 1, forMs: 300 },
      ],
      (world, ran) => {
        expect([ran.stderr, ran.code]).toEqual([expect.stringContaining(unanswered), 0]);
        expect(ran.json).toMatchObject({ status: 'completed', item_count: 10 });
        expect(world.emulator.ledger).toMatchObject({ batchesCreated: 1, doubleBilledCount: 0 });
      },
    );
  });

  it('is distinguished from one of the same size that another program created meanwhile', async () => {
    await using world = await createCliWorld({
      provider: 'anthropic',
      faults: [{ type: 'drop_create', batch: 1, times: 1 }],
    });
    world.write('rows.csv', csvOf(10));
    const { baseURL } = world.emulator;
    const client = new Anthropic({ baseURL, apiKey: key, maxRetries: 0 });
    const running = world.run(
      startArgs('rows.csv', 'a', ...claude, '--create-grace', '1', '--wait'),
      { onlyEnv: { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: baseURL } },
    );
    await until(() => world.emulator.ledger.createAttempts === 1);
    const params = {
      model: 'claude-haiku-4-5',
      max_tokens: 9,
      messages: [{ role: 'user' as const, content: 'Hi' }],
    };
    await client.messages.batches.create({
      requests: Array.from({ length: 10 }, (_, i) => ({ custom_id: `other-${i}`, params })),
    });
    const ran = await running;
    expect([ran.stderr, ran.code]).toEqual([expect.stringContaining(unanswered), 0]);
    expect(ran.json).toMatchObject({ status: 'completed', item_count: 10 });
    expect(world.emulator.ledger).toMatchObject({ batchesCreated: 2, requestsBilled: 20 });
  });

  it('that never happened is sent again, once the list was read twice without it', async () => {
    await withFaults([{ type: 'drop_create', batch: 1, times: 1 }], (world, ran) => {
      expect([ran.stderr, ran.code]).toEqual([expect.stringContaining(unanswered), 0]);
      expect(ran.json).toMatchObject({ status: 'completed', item_count: 10 });
      expect(world.emulator.ledger).toMatchObject({ batchesCreated: 1, createAttempts: 2 });
    });
  });
});
