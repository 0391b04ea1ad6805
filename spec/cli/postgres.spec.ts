import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDatabase } from '../support/postgres/database.ts';
import { makeReadOnly } from '../support/postgres/read-only.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { until } from './built.ts';
import {
  apiKey,
  createCliWorld,
  csvOf,
  startArgs,
  type CliWorld,
  type Ran,
  type RunOptions,
} from './in-process.ts';

const hourMs = 3_600_000;

describe('a store in a database', () => {
  let world: CliWorld;
  let schema: TestSchema;
  let address: string;
  beforeAll(async () => {
    // The provider's time stands still, but for what a test lets pass.
    world = await createCliWorld({ speed: 0, turnaroundMs: { min: hourMs, max: hourMs }, apiKey });
    world.write('rows.csv', csvOf(20));
    schema = newSchema();
    const url = new URL(schema.url);
    url.searchParams.set('schema', schema.name);
    address = url.href;
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await schema.drop();
  });
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    world.run(args, {
      ...options,
      env: { BATCHOR_STORE: address, BATCHOR_ARTIFACTS: 'payloads', ...options.env },
    });
  const start = (runId: string, ...rest: readonly string[]): Promise<Ran> =>
    run(
      startArgs('rows.csv', runId, '--max-requests-per-batch', '10', ...rest).filter(
        (word) => word !== '--store' && word !== 'store',
      ),
    );
  const passing = async <A>(command: Promise<A>): Promise<A> => {
    const timer = setInterval(() => void world.emulator.advance(hourMs), 50);
    return command.finally(() => clearInterval(timer));
  };

  it('is not made by a look', async () => {
    for (const args of [
      ['list'],
      ['status', '--run-id', 'a'],
      ['pause', '--run-id', 'a'],
      ['results', '--run-id', 'a'],
    ]) {
      const looked = await run(args);
      expect([looked.code, looked.stdout]).toEqual([1, '']);
      expect(looked.stderr).toContain('there is no store');
    }
    expect(
      await schema.query(`select nspname from pg_namespace where nspname = '${schema.name}'`),
    ).toEqual([]);
  });

  it('that takes no writes for a while is waited for, and says so', async () => {
    const database = await newDatabase();
    const there = { BATCHOR_STORE: database.url };
    const args = startArgs('rows.csv', 'failover').filter(
      (word) => word !== '--store' && word !== 'store',
    );
    expect((await run(args, { env: there })).code).toBe(0);
    await makeReadOnly(database.url, true);
    const paused = await run(['pause', '--run-id', 'failover'], {
      env: there,
      interruptAfter: async (stderr) => {
        await until(() => stderr().includes('waiting for the database'));
        await makeReadOnly(database.url, false);
      },
    });
    expect([paused.code, paused.json['control_state']]).toEqual([0, 'paused']);
    expect(paused.stderr).toMatch(
      /^batchor: waiting for the database: Postgres .*: the database takes no writes: /,
    );
    expect(paused.stderr).not.toContain('batchor:batchor');
    await database.drop();
  });

  it('takes a run from its start to its results, and proves it', async () => {
    const started = await passing(start('whole', '--wait'));
    expect([started.stderr, started.code]).toEqual(['', 0]);
    expect((await run(['results', '--run-id', 'whole'])).lines).toHaveLength(20);
    const verified = await run(['verify', '--run-id', 'whole']);
    expect(verified.code).toBe(0);
    expect((await run(['inspect', '--run-id', 'whole', '--item', 'item-3'])).code).toBe(0);
    const text = (await run(['results', '--run-id', 'whole'])).stdout;
    expect(
      (await run(['export-artifacts', '--run-id', 'whole', '--destination-dir', 'copy'])).json,
    ).toMatchObject({ result_count: 20 });
    const pruned = await run(['prune-artifacts', '--run-id', 'whole', '--include-raw']);
    expect([pruned.code, Number(pruned.json['removed_count'])]).toEqual([0, 3]);
    expect((await run(['results', '--run-id', 'whole'])).stdout).toBe(text);
    expect((await run(['verify', '--run-id', 'whole'])).json).toMatchObject({
      is_sound: true,
      pruned: { raw_file_count: 2 },
    });
    const [listed] = JSON.parse((await run(['list'])).stdout) as readonly Readonly<
      Record<string, unknown>
    >[];
    expect(listed).toMatchObject({ run_id: 'whole', status: 'completed', owner: null });
    const states = await schema.query(
      `select status, count(*)::int as count from ${schema.name}.item_states group by status`,
    );
    expect(states).toEqual([{ status: 'completed', count: 20 }]);
    // Looking after files is for stores that have some.
    expect((await run(['doctor'])).stderr).toContain('cannot be examined');
  });

  it('gives the same tables as a store in files, also of rows that share a request, and its rows to another run', async () => {
    world.write(
      'twice.jsonl',
      Array.from(
        { length: 30 },
        (_, i) => `${JSON.stringify({ id: `t${i}`, text: `kind ${i % 4}` })}\n`,
      ).join(''),
    );
    const flags = [
      '--id-field',
      'id',
      '--prompt-field',
      'text',
      '--model',
      'gpt-4.1-mini',
      '--poll-interval',
      '0.05',
      '--wait',
    ];
    const args = [
      'start',
      '--input',
      'twice.jsonl',
      ...flags,
      '--send-duplicates-once',
      '--run-id',
      'once',
    ];
    const inRows = await passing(run(args));
    const inFiles = await passing(world.run([...args, '--store', 'files']));
    for (const ran of [inRows, inFiles])
      expect([ran.code, ran.json['shared']]).toEqual([
        0,
        { row_count: 26, input_tokens: expect.any(Number) as number },
      ]);
    const told = async (
      of: (args: readonly string[]) => Promise<Ran>,
    ): Promise<readonly string[]> => {
      const { stdout } = await of(['results', '--run-id', 'once', '--format', 'csv']);
      // Which batch it was, when, and what ended first, is each run's own.
      return stdout.split('\n').map((line) => line.split(',').slice(0, 8).toSpliced(2, 1).join());
    };
    const table = await told((words) => run(words));
    expect(table).toHaveLength(32);
    expect(table).toEqual(await told((words) => world.run([...words, '--store', 'files'])));
    const again = await passing(
      run([
        'start',
        '--from-run',
        'once',
        '--only',
        'all',
        '--poll-interval',
        '0.05',
        '--wait',
        '--run-id',
        'again',
      ]),
    );
    expect([again.stderr, again.code]).toEqual(['', 0]);
    expect(again.json).toMatchObject({ item_count: 30 });
    for (const runId of ['once', 'again'])
      expect((await run(['verify', '--run-id', runId])).code).toBe(0);
    const results = await run(['results', '--run-id', 'again']);
    expect(results.stdout.split('\n')[29]).toContain('"source_ref":"run:once"');
  });

  it('lets a run be paused, resumed, cancelled and deleted by any process that knows the address, payloads or not', async () => {
    await start('byhand');
    const far = { env: { BATCHOR_ARTIFACTS: '' } };
    const paused = await run(['pause', '--run-id', 'byhand'], far);
    expect([paused.code, paused.json['control_reason']]).toEqual([0, 'manual']);
    const resumed = await run(['resume', '--run-id', 'byhand'], far);
    expect([resumed.code, resumed.json['control_state']]).toEqual([0, 'running']);
    const cancelled = await run(['cancel', '--run-id', 'byhand']);
    expect(cancelled.code).toBe(0);
    const ended = await passing(run(['wait', '--run-id', 'byhand']));
    expect([ended.code, ended.json['status']]).toEqual([4, 'completed_with_failures']);
    expect((await run(['delete', '--run-id', 'byhand'])).code).toBe(0);
    expect((await run(['status', '--run-id', 'byhand'])).code).toBe(1);
  });

  it('says what is missing where payloads are needed, and refuses another root', async () => {
    const without = await run(['results', '--run-id', 'whole'], { env: { BATCHOR_ARTIFACTS: '' } });
    expect([without.code, without.stdout]).toEqual([3, '']);
    expect(without.stderr).toContain('--artifacts FOLDER, or BATCHOR_ARTIFACTS');
    const elsewhere = await start('other', '--artifacts', 'elsewhere');
    expect([elsewhere.code, elsewhere.stdout]).toEqual([3, '']);
    expect(elsewhere.stderr).toContain('is empty (is it mounted?)');
    const worker = await run(['worker', '--artifacts', 'elsewhere']);
    expect([worker.code, worker.stdout]).toEqual([3, '']);
    expect(worker.stderr).toContain('is empty (is it mounted?)');
    const folder = await world.run(['list', '--store', 'folder', '--artifacts', 'x']);
    expect([folder.code, folder.stdout]).toEqual([1, '']);
  });

  it('is worked on: a worker takes what is due, reads requests of others, and releases its runs when it is stopped', async () => {
    await start('carried');
    await start('held');
    const owner = async (runId: string): Promise<unknown> =>
      (
        await schema.query(
          `select owner from ${schema.name}.runs where run_id = '${runId}' and lease_until > now()`,
        )
      )[0]?.['owner'] ?? null;
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const working = run(['worker'], { interruptAfter: () => stopped });
    await until(async () => (await owner('carried')) !== null && (await owner('held')) !== null);
    const paused = await run(['pause', '--run-id', 'held']);
    expect([paused.code, paused.json['control_reason']]).toEqual([0, 'manual']);
    const waited = await passing(run(['wait', '--run-id', 'carried']));
    expect([waited.stderr, waited.code]).toEqual(['', 0]);
    // Its answers came while it was paused, and were collected.
    await passing(until(async () => (await owner('held')) === null));
    stop();
    const worked = await working;
    expect([worked.stderr, worked.code]).toEqual(['', 0]);
    expect(await owner('carried')).toBeNull();
    const events = worked.lines.map(({ event, run_id }) => `${String(event)} ${String(run_id)}`);
    expect(events).toContain('taken carried');
    expect(events).toContain('finished carried');
    expect(events).toContain('finished held');
  });

  it('leaves alone a run that was started at another address', async () => {
    await start('foreign');
    const worker = await run(['worker'], {
      env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' },
      interruptAfter: (stderr) => until(() => stderr().includes('foreign')),
    });
    expect([worker.code, worker.stdout]).toEqual([0, '']);
    expect(worker.stderr).toContain(
      `batchor: run foreign belongs to ${world.emulator.baseURL}: left to other workers\n`,
    );
  });

  it('shows neither the key nor the password, nor does it keep the key', async () => {
    await run([
      'wait',
      '--run-id',
      'nobody',
      '--store',
      address.replace('batchor:batchor@', 'batchor:secret-word@'),
    ]);
    expect(world.history.length).toBeGreaterThan(20);
    for (const { stdout, stderr } of world.history) {
      expect(stdout + stderr).not.toContain(apiKey);
      expect(stdout + stderr).not.toContain('batchor:batchor');
      expect(stdout + stderr).not.toContain('secret-word');
    }
    const kept = await schema.query(
      `select count(*)::int as count from ${schema.name}.runs where description::text like '%${apiKey}%'`,
    );
    expect(kept).toEqual([{ count: 0 }]);
    expect(world.storedText()).not.toContain(apiKey);
  });
});
