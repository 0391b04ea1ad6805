import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './built.ts';
import { disk } from './disk.ts';
import { apiKey, createCliWorld, csvOf, startArgs, type CliWorld } from './in-process.ts';

const store = ['--store', 'store'];
const hourMs = 3_600_000;

describe('a run that an operator steps into', () => {
  let world: CliWorld;
  beforeAll(async () => {
    // The provider's time stands still, but for what a test lets pass.
    world = await createCliWorld({ speed: 0, turnaroundMs: { min: hourMs, max: hourMs }, apiKey });
    world.write('rows.csv', csvOf(20));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  const sent = (): number => world.emulator.ledger.batchesCreated;
  const start = (runId: string, ...rest: readonly string[]): Promise<unknown> =>
    world.run(startArgs('rows.csv', runId, '--max-requests-per-batch', '10', ...rest));
  const idsOf = (from: number): readonly string[] =>
    world.emulator.ledger.batches.slice(from).map((batch) => batch.id);
  /** Lets provider time pass while a command runs. */
  const passing = async <A>(command: Promise<A>): Promise<A> => {
    const timer = setInterval(() => void world.emulator.advance(hourMs), 50);
    return command.finally(() => clearInterval(timer));
  };

  it('says at Ctrl-C which batches continue, how to continue and how to cancel; wait continues', async () => {
    const before = sent();
    const args = startArgs('rows.csv', 'stopped', '--wait', '--max-requests-per-batch', '10');
    const ran = await world.run(args, { interruptAfter: () => until(() => sent() === before + 2) });
    expect([ran.code, ran.stdout]).toEqual([130, '']);
    const said = ran.stderr.trimEnd().split('\n');
    expect(said[0]).toMatch(
      /^batchor: interrupted; run stopped is kept, and these batches continue at the provider: /,
    );
    for (const id of idsOf(before)) expect(said[0]).toContain(id);
    expect(said.slice(1)).toEqual([
      '  continue: batchor wait --run-id stopped --store store',
      '  cancel:   batchor cancel --run-id stopped --store store',
    ]);
    const waited = await passing(world.run(['wait', '--run-id', 'stopped', ...store]));
    expect([waited.stderr, waited.code]).toEqual(['', 0]);
    expect(sent()).toBe(before + 2);
  });

  it('hears a Ctrl-C that comes while it is being created', async () => {
    const args = startArgs('rows.csv', 'early', '--wait', '--max-requests-per-batch', '10');
    const folder = join(world.folder, 'store/runs/early');
    const ran = await world.run(args, { interruptAfter: () => until(() => existsSync(folder)) });
    expect([ran.code, ran.stdout]).toEqual([130, '']);
    expect(ran.stderr).toMatch(/^batchor: interrupted; run early is kept, and /);
    const waited = await passing(world.run(['wait', '--run-id', 'early', ...store]));
    expect(waited.code).toBe(0);
  });

  it('is not resumed by start: it says that it is paused, and how to resume', async () => {
    world.write('later.csv', `${csvOf(5)}broken\n`);
    await world.run(startArgs('later.csv', 'paused'));
    const before = sent();
    const started = await world.run(startArgs('later.csv', 'paused', '--wait'));
    expect(started.code).toBe(4);
    expect(started.json).toMatchObject({ run_id: 'paused', control_state: 'paused' });
    expect(started.stderr).toContain('run paused is paused (bad_rows)');
    const waited = await world.run(['wait', '--run-id', 'paused', ...store]);
    expect([waited.code, waited.json['control_state']]).toEqual([4, 'paused']);
    expect(sent()).toBe(before);
    const resumed = await passing(
      world.run(['resume', '--run-id', 'paused', ...store, '--bad-rows', 'record', '--wait']),
    );
    expect([resumed.stderr, resumed.code]).toEqual([
      expect.stringMatching(/^batchor: 1 row failed \(invalid_row 1\); show them: /u),
      2,
    ]);
    const again = await world.run(['resume', '--run-id', 'paused', ...store]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('run paused is finished');
  });

  it('while it is paused takes what the flags of start say anew of its batches', async () => {
    world.write('paused.csv', `${csvOf(19)}broken\n`);
    const args = startArgs('paused.csv', 'anew', '--max-requests-per-batch', '20');
    await world.run(args);
    const sized = await world.run([
      ...startArgs('paused.csv', 'anew'),
      '--max-requests-per-batch',
      '5',
    ]);
    expect([sized.code, sized.stderr]).toEqual([
      4,
      expect.stringContaining('take effect when you resume it'),
    ]);
    const since = sent();
    const resumed = await passing(
      world.run(['resume', '--run-id', 'anew', ...store, '--bad-rows', 'record', '--wait']),
    );
    expect(resumed.code).toBe(2);
    expect(sent() - since).toBe(4);
  });

  it('is paused by hand, and resumed by hand', async () => {
    await start('byhand');
    const paused = await world.run(['pause', '--run-id', 'byhand', ...store]);
    expect([paused.code, paused.json['control_reason']]).toEqual([0, 'manual']);
    const resumed = await world.run(['resume', '--run-id', 'byhand', ...store]);
    expect([resumed.code, resumed.json['control_state']]).toEqual([0, 'running']);
    expect(resumed.stderr).toBe(
      'batchor: run byhand is resumed; continue it: batchor wait --run-id byhand --store store\n',
    );
    const waited = await passing(world.run(['wait', '--run-id', 'byhand', ...store]));
    expect(waited.code).toBe(0);
  });

  it('is cancelled at the provider before cancel returns; what is left fails as run_cancelled', async () => {
    await start('cancelled');
    const calls = world.emulator.ledger.calls.cancel_batch;
    const cancelled = await world.run(['cancel', '--run-id', 'cancelled', ...store]);
    expect(cancelled.code).toBe(0);
    expect(cancelled.stderr).toContain(
      'collect the answers: batchor wait --run-id cancelled --store store',
    );
    expect(world.emulator.ledger.calls.cancel_batch).toBe(calls + 2);
    const resumed = await world.run(['resume', '--run-id', 'cancelled', ...store]);
    expect([resumed.code, resumed.json['control_state']]).toEqual([0, 'cancel_requested']);
    expect(resumed.stderr).toContain('is being cancelled and cannot be resumed');
    const waited = await passing(world.run(['wait', '--run-id', 'cancelled', ...store]));
    expect([waited.code, waited.json['status']]).toEqual([4, 'completed_with_failures']);
    const results = await world.run(['results', '--run-id', 'cancelled', ...store]);
    expect(results.lines).toHaveLength(20);
    expect(results.lines[0]).toMatchObject({ error: { error_class: 'run_cancelled' } });
  });

  it('names an owner that does not answer, to a user at a terminal, and acts itself once the owner is gone', async () => {
    await start('silent');
    const folder = join(world.folder, 'store/runs/silent');
    const lock = (released: boolean): void =>
      writeFileSync(
        join(folder, 'lock.99'),
        JSON.stringify({ host: 'another-machine', pid: 4242, heartbeat: 1, nonce: 'n', released }),
      );
    lock(false);
    const paused = await world.run(['pause', '--run-id', 'silent', ...store], {
      isTerminal: true,
      interruptAfter: async (stderr) => {
        await until(() => stderr().includes('has not answered yet'));
        lock(true);
      },
    });
    expect([paused.code, paused.json['control_state']]).toEqual([0, 'paused']);
    expect(paused.stderr).toMatch(
      /^batchor: process 4242 on another-machine owns run silent and has not answered yet; /,
    );
  });

  it('gives no results before its end, but for those that are asked for as a part', async () => {
    await start('part');
    const none = await world.run(['results', '--run-id', 'part', ...store]);
    expect([none.code, none.stdout]).toEqual([4, '']);
    expect(none.stderr).toContain('batchor wait --run-id part --store store');
    const part = await world.run(['results', '--run-id', 'part', ...store, '--partial']);
    expect([part.code, part.stdout]).toEqual([0, '']);
    await passing(world.run(['wait', '--run-id', 'part', ...store]));
    const rest = await world.run([
      'results',
      '--run-id',
      'part',
      ...store,
      '--partial',
      '--after-sequence',
      '15',
    ]);
    expect(rest.lines.map((line) => line['sequence'])).toEqual([16, 17, 18, 19, 20]);
  });

  it('is deleted unfinished only when it is abandoned, and names what it leaves', async () => {
    const before = sent();
    await start('left');
    const refused = await world.run(['delete', '--run-id', 'left', ...store]);
    expect([refused.code, refused.stdout]).toEqual([4, '']);
    expect(refused.stderr).toContain('batchor cancel --run-id left --store store --wait');
    const deleted = await world.run(['delete', '--run-id', 'left', ...store, '--abandon']);
    expect(deleted.code).toBe(0);
    const left = deleted.json['abandoned_batches'] as readonly Readonly<Record<string, unknown>>[];
    expect(left.map((batch) => batch['provider_batch_id'])).toEqual(idsOf(before));
    expect((await world.run(['status', '--run-id', 'left', ...store])).code).toBe(1);
  });

  it('stops at a full disk, in one line, and continues when there is space', async () => {
    const before = sent();
    const args = startArgs('rows.csv', 'full', '--wait', '--max-requests-per-batch', '10');
    const fill = async (): Promise<void> => {
      await until(() => sent() === before + 2);
      disk.isFull = true;
      await world.emulator.advance(hourMs);
    };
    const [ran] = await Promise.all([world.run(args), fill()]);
    disk.isFull = false;
    expect([ran.code, ran.stdout]).toEqual([3, '']);
    expect(ran.stderr).toContain('the disk is full');
    expect(ran.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    const waited = await passing(world.run(['wait', '--run-id', 'full', ...store]));
    expect([waited.stderr, waited.code]).toEqual(['', 0]);
  });

  it('prints nothing but JSON on stdout, and the key nowhere', () => {
    expect(world.history.length).toBeGreaterThan(20);
    for (const ran of world.history) {
      expect(ran.lines.length === 0).toBe(ran.stdout === '');
      expect(ran.stdout + ran.stderr).not.toContain(apiKey);
    }
    const stored = world.storedText();
    expect(stored).toContain('What is 7?');
    expect(stored).not.toContain(apiKey);
  });
});

describe('a provider that fails', () => {
  it('is reported once per change, and waited for', async () => {
    const faults = [
      { type: 'http_error', statusCode: 503, operation: 'create_file', times: 2 } as const,
    ];
    await using world = await createCliWorld({ faults });
    world.write('rows.csv', csvOf(3));
    const ran = await world.run(startArgs('rows.csv', 'rough', '--wait'));
    expect(ran.code).toBe(0);
    const told = ran.stderr.trimEnd().split('\n');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^batchor: batch bk_\w+: .*503.*; trying again at \d\d:\d\d:\d\d$/);
  });
});

describe('the environment', () => {
  it('may lie in a .env file, where the caller has not said otherwise', async () => {
    await using world = await createCliWorld({ apiKey });
    world.write('rows.csv', csvOf(2));
    world.write(
      '.env',
      `\ufeff# mine\nexport OPENAI_API_KEY="${apiKey}" # the key\r\nOPENAI_BASE_URL=${world.emulator.baseURL}\nBATCHOR_STORE=elsewhere\n`,
    );
    const args = startArgs('rows.csv', 'env', '--wait').filter(
      (arg) => arg !== '--store' && arg !== 'store',
    );
    const ran = await world.run(args, { onlyEnv: {} });
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    expect(world.storedText('elsewhere')).not.toContain(apiKey);
    const own = await world.run(['status', '--run-id', 'env'], { env: { BATCHOR_STORE: 'mine' } });
    expect(own.stderr).toContain('mine');
    expect(own.code).toBe(1);
  });

  it("does not let a folder's .env lead the caller's own key away", async () => {
    await using world = await createCliWorld();
    world.write('rows.csv', csvOf(2));
    world.write('.env', 'OPENAI_BASE_URL=http://127.0.0.1:9/v1\n');
    const ran = await world.run(startArgs('rows.csv', 'led'), {
      onlyEnv: { OPENAI_API_KEY: apiKey },
    });
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain(
      'OPENAI_BASE_URL (http://127.0.0.1:9/v1) comes from .env, OPENAI_API_KEY from the environment',
    );
    expect(ran.stderr).toContain('--base-url http://127.0.0.1:9/v1');
  });
});

describe('a cancel that the provider answers with errors for ever', () => {
  it('is tried a few times; the command returns, and names the batch', async () => {
    await using world = await createCliWorld({
      faults: [
        { type: 'never_ends', batch: 1 },
        { type: 'http_error', operation: 'cancel_batch', statusCode: 500, times: 1_000 },
      ],
    });
    world.write('rows.csv', csvOf(2));
    expect((await world.run(startArgs('rows.csv', 'errors', '--poll-interval', '0.05'))).code).toBe(
      0,
    );
    const ran = await world.run(['cancel', '--run-id', 'errors', '--store', 'store']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(
      `the provider has not accepted the cancel yet; wait sends it again: ${world.emulator.ledger.batches[0]?.id}`,
    );
  });
});

describe('a run that is interrupted while the provider fails', () => {
  it('does not say of batches that have ended that they continue', async () => {
    await using world = await createCliWorld({
      turnaroundMs: { min: 10, max: 20 },
      faults: [{ type: 'http_error', operation: 'file_content', statusCode: 503, times: 1_000 }],
    });
    world.write('rows.csv', csvOf(5));
    const ran = await world.run(
      startArgs('rows.csv', 'unread', '--wait', '--poll-interval', '0.05'),
      {
        interruptAfter: () => until(() => world.emulator.ledger.calls.file_content > 0),
      },
    );
    expect(ran.code).toBe(130);
    expect(ran.stderr).toContain('no batch continues at the provider');
    expect(ran.stderr).toContain(
      `ended, answers not fully collected: ${world.emulator.ledger.batches[0]?.id}; the provider keeps them until its files expire, and wait downloads them`,
    );
  });
});
