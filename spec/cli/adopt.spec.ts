import { readdirSync, readFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../support/wait-for.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, type CliWorld, createCliWorld, csvOf, linesOf, startArgs } from './in-process.ts';

/**
 * What a script of the user's does: uploads a file of requests and creates a batch, without
 * batchor.
 */
const createBatch = async (
  world: CliWorld,
  lines: readonly object[] | string,
): Promise<{ readonly id: string; readonly input_file_id: string }> => {
  const text =
    typeof lines === 'string' ? lines : lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new File([text], 'mine.jsonl'));
  const headers = { authorization: `Bearer ${apiKey}` };
  const uploaded = await fetch(`${world.emulator.baseURL}/files`, {
    method: 'POST',
    headers,
    body: form,
  });
  const { id: input_file_id } = (await uploaded.json()) as { readonly id: string };
  const created = await fetch(`${world.emulator.baseURL}/batches`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({
      input_file_id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    }),
  });
  return (await created.json()) as { readonly id: string; readonly input_file_id: string };
};

const request = (customId: string, text = `What is ${customId}?`): object => ({
  custom_id: customId,
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model: 'gpt-4.1-mini', messages: [{ role: 'user', content: text }], temperature: 0 },
});

const store = ['--store', 'store'];
const adopt = (
  ids: readonly string[],
  runId: string,
  ...rest: readonly string[]
): readonly string[] => [
  'start',
  ...ids.flatMap((id) => ['--from-batch', id]),
  ...store,
  '--run-id',
  runId,
  '--poll-interval',
  '0.05',
  ...rest,
];

/** What of the provider only a client that sends, cancels or deletes asks for. */
const changes = ({ emulator }: CliWorld): readonly number[] => {
  const { create_file, create_batch, cancel_batch, delete_file } = emulator.ledger.calls;
  return [create_file, create_batch, cancel_batch, delete_file];
};

const resultsOf = async (world: CliWorld, runId: string) =>
  linesOf((await world.run(['results', '--run-id', runId, ...store])).stdout);
const classOf = (line: Readonly<Record<string, unknown>>): unknown =>
  (line['error'] as { readonly error_class?: unknown } | null)?.error_class ?? 'completed';
const isSound = async (world: CliWorld, runId: string): Promise<boolean> =>
  (await world.run(['verify', '--run-id', runId, ...store])).code === 0;

describe('batches that were created elsewhere', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld({
      faults: [
        { type: 'rows_fail', batch: 2, ratio: 0.5, statusCode: 500 },
        { type: 'expires', batch: 3, completedRatio: 0.5 },
        { type: 'cancelled_by_hand', batch: 4 },
        { type: 'validation_fails', batch: 5, code: 'invalid_request', lines: [2] },
        { type: 'never_ends', batch: 6 },
      ],
    });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  const ids: string[] = [];

  it('become a run with results, by the custom_ids of their own, and nothing is changed at the provider', async () => {
    const names = ['straße 1', '1', '01', 'r0-1', 'row-1', 'a"b\\c/d', 'constructor', '__proto__'];
    const { id } = await createBatch(
      world,
      names.map((name) => request(name)),
    );
    ids.push(id);
    const before = changes(world);
    const ran = await world.run(adopt([id], 'mine', '--wait'));
    expect([ran.stderr, ran.code]).toEqual([
      expect.stringContaining('batch with 8 requests to chat.completions for gpt-4.1-mini'),
      0,
    ]);
    const results = await resultsOf(world, 'mine');
    expect(results.map((line) => line['item_id'])).toEqual(names);
    expect(results.every((line) => line['status'] === 'completed' && line['batch_id'] === id)).toBe(
      true,
    );
    expect(await isSound(world, 'mine')).toBe(true);
    const inspected = (
      await world.run(['inspect', '--run-id', 'mine', '--item', 'straße 1', ...store])
    ).json;
    expect(inspected).toMatchObject({
      custom_id: 'straße 1',
      attempts: [{ provider_batch_id: id, outcome: 'completed' }],
    });
    expect(changes(world)).toEqual(before);
  });

  it('take a cost cap without a bound of their answers, until rows of them are sent again', async () => {
    const capped = await world.run(adopt([ids[0] ?? ''], 'capped', '--max-cost', '1', '--wait'));
    expect([capped.code, capped.json]).toMatchObject([0, { cost: { cap_usd: 1 } }]);
    for (const more of [[], ['--max-cost', '1']]) {
      const retried = await world.run(adopt([ids[0] ?? ''], 'capped', '--retry-adopted', ...more));
      expect([retried.code, retried.stderr]).toEqual([
        1,
        expect.stringContaining('--assume-output-tokens'),
      ]);
    }
  });

  it('are refused under the id of a run of others; the same ones continue, and are not read again', async () => {
    const { id } = await createBatch(
      world,
      Array.from({ length: 10 }, (_, i) => request(`q${i}`)),
    );
    ids.push(id);
    const other = await world.run(adopt([id], 'mine'));
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('the job differs from run mine in --input (--input: '),
    ]);
    const before = world.emulator.ledger.calls.file_content;
    expect((await world.run(adopt([ids[0] ?? ''], 'mine'))).code).toBe(0);
    expect(world.emulator.ledger.calls.file_content).toBe(before);
  });

  it('leave rows that failed as they are, by class; they are asked again as a run of their own', async () => {
    const before = changes(world);
    const ran = await world.run(adopt([ids[1] ?? ''], 'half', '--wait'));
    expect(ran.code).toBe(2);
    expect(changes(world)).toEqual(before);
    const failed = (await resultsOf(world, 'half')).filter(
      (line) => line['status'] !== 'completed',
    );
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed.map(classOf))).toEqual(new Set(['server_error']));
    expect(await isSound(world, 'half')).toBe(true);
    const again = await world.run([
      'start',
      '--from-run',
      'half',
      '--only',
      'failed',
      ...store,
      '--run-id',
      'again',
      '--dry-run',
      '--limit',
      '99',
    ]);
    const bodies = linesOf(again.stdout).map(
      (line) =>
        line['body'] as unknown as { readonly messages: readonly { readonly content: string }[] },
    );
    expect(bodies.map(({ messages }) => messages[0]?.content)).toEqual(
      failed.map((line) => `What is ${String(line['item_id'])}?`),
    );
    // As a file: the requests under the user's own custom_ids, which is an input again.
    const written = await world.run([
      'results',
      '--run-id',
      'half',
      ...store,
      '--failed-inputs',
      'failed.jsonl',
    ]);
    expect([written.json, written.stderr]).toEqual([
      expect.objectContaining({ format: 'openai-batch', row_count: failed.length }),
      expect.stringContaining('failed.jsonl is a prepared batch file'),
    ]);
    const lines = linesOf(readFileSync(join(world.folder, 'failed.jsonl'), 'utf8'));
    expect(lines).toEqual(failed.map((line) => request(String(line['item_id']))));
    const shown = await world.run([
      'start',
      '--input',
      'failed.jsonl',
      ...store,
      '--dry-run',
      '--limit',
      '99',
    ]);
    expect([shown.code, linesOf(shown.stdout)]).toEqual([
      0,
      expect.objectContaining({ length: failed.length }),
    ]);
    const odd = await world.run([
      'results',
      '--run-id',
      'half',
      ...store,
      '--failed-inputs',
      'failed.csv',
    ]);
    expect([odd.code, odd.stderr]).toEqual([
      1,
      expect.stringContaining('are written as JSON lines, not as .csv'),
    ]);
  });

  it('are one run, however each of them ended, with their ids in front of those of rows', async () => {
    for (const many of [6, 8, 4]) {
      const { id } = await createBatch(
        world,
        Array.from({ length: many }, (_, i) => request(`q${i}`)),
      );
      ids.push(id);
    }
    await world.emulator.advance(25 * 3_600_000);
    const before = changes(world);
    const ran = await world.run(adopt(ids.slice(2), 'several', '--wait'));
    expect(ran.code).toBe(2);
    expect(changes(world)).toEqual(before);
    const results = await resultsOf(world, 'several');
    expect(results).toHaveLength(18);
    const of = (place: number) =>
      results.filter((line) => String(line['item_id']).startsWith(`${ids[place] ?? ''}:q`));
    const classes = (place: number) => new Set(of(place).map(classOf));
    expect(classes(2)).toEqual(new Set(['completed', 'batch_expired']));
    expect(classes(3)).toEqual(new Set(['completed', 'batch_cancelled']));
    expect(of(4).map(classOf)).toEqual([
      'batch_rejected',
      'invalid_request',
      'batch_rejected',
      'batch_rejected',
    ]);
    // What the provider says of the batch stands in the rows of it, and where the start ends.
    const words = of(4).map((line) => (line['error'] as { readonly message: string }).message);
    expect(words[0]).toMatch(/^the provider refused the batch: .*invalid_request/u);
    expect(words[2]).toBe(words[0]);
    expect(ran.stderr).toContain(`  batch_rejected, 3 rows: ${words[0] ?? ''}`);
    expect(await isSound(world, 'several')).toBe(true);
    const exported = await world.run([
      'export-artifacts',
      '--run-id',
      'several',
      ...store,
      '--destination-dir',
      'copy',
    ]);
    expect(exported.code).toBe(0);
    expect(
      (await world.run(['prune-artifacts', '--run-id', 'several', ...store, '--include-raw'])).code,
    ).toBe(0);
    expect(await resultsOf(world, 'several')).toEqual(results);
  });

  it('are waited for while they are in progress, cancelled only where that is said, and let go of by a pause', async () => {
    const { id } = await createBatch(
      world,
      Array.from({ length: 3 }, (_, i) => request(`q${i}`)),
    );
    const started = await world.run(adopt([id], 'endless'));
    expect(started.code).toBe(0);
    const before = changes(world);
    const refused = await world.run(['cancel', '--run-id', 'endless', ...store]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining(`run endless adopted ${id}, which is in progress`),
    ]);
    expect(refused.stderr).toContain(
      'batchor cancel --run-id endless --store store --cancel-adopted',
    );
    expect((await world.run(['pause', '--run-id', 'endless', ...store])).code).toBe(0);
    expect((await world.run(['resume', '--run-id', 'endless', ...store])).code).toBe(0);
    expect(changes(world)).toEqual(before);
    const cancelled = await world.run([
      'cancel',
      '--run-id',
      'endless',
      ...store,
      '--cancel-adopted',
      '--wait',
    ]);
    expect(cancelled.code).toBe(4);
    expect(changes(world)).toEqual(before.map((count, place) => (place === 2 ? count + 1 : count)));
  });

  it('have their failed rows sent again where that is said', async () => {
    const ran = await world.run(
      adopt([ids[1] ?? '', ids[2] ?? ''], 'retried', '--retry-adopted', '--wait'),
    );
    expect([ran.stderr, ran.code]).toEqual([
      expect.stringContaining('retryable rows will be sent again'),
      0,
    ]);
    const results = await resultsOf(world, 'retried');
    expect(results).toHaveLength(16);
    expect(results.every((line) => line['status'] === 'completed')).toBe(true);
    expect(await isSound(world, 'retried')).toBe(true);
    const before = changes(world);
    const twice = await world.run(adopt([ids[1] ?? ''], 'twice', '--retry-adopted', '--wait'));
    expect([twice.code, twice.stderr]).toEqual([
      1,
      expect.stringContaining(
        `run retried adopted batch ${ids[1] ?? ''} and sends its failed rows again: a second run would pay for them twice`,
      ),
    ]);
    expect(twice.stderr).toContain('batchor results --run-id retried --store store');
    expect(changes(world)).toEqual(before);
    // Reading pays for nothing; paying again takes a flag.
    expect((await world.run(adopt([ids[1] ?? ''], 'twice', '--wait'))).code).toBe(2);
    expect(changes(world)).toEqual(before);
    expect(
      (
        await world.run(
          adopt([ids[1] ?? ''], 'thrice', '--retry-adopted', '--adopt-again', '--wait'),
        )
      ).code,
    ).toBe(0);
  });

  it('are typed where a schema is named, which changes nothing of their requests', async () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    };
    world.write('schema.json', JSON.stringify(schema));
    const format = { type: 'json_schema', json_schema: { name: 'mine', strict: true, schema } };
    const lines = ['a', 'b'].map((name) => {
      const line = request(name) as { readonly body: object };
      return { ...line, body: { ...line.body, response_format: format } };
    });
    const { id } = await createBatch(world, lines);
    const ran = await world.run(adopt([id], 'typed', '--schema', 'schema.json', '--wait'));
    expect(ran.code).toBe(0);
    const results = await resultsOf(world, 'typed');
    expect(
      results.map((line) => typeof (line['output'] as { readonly n?: unknown } | null)?.n),
    ).toEqual(['number', 'number']);
    expect(await isSound(world, 'typed')).toBe(true);
  });
});

describe('before batches are adopted', () => {
  it('a dry run and a quote say rows, model, state and the highest cost of retries; nothing is made', async () => {
    await using world = await createCliWorld({ faults: [{ type: 'never_ends', batch: 2 }] });
    const first = await createBatch(world, [request('a'), request('b'), request('c')]);
    const second = await createBatch(world, [request('d')]);
    await world.emulator.advance(60_000);
    const before = changes(world);
    const ids = ['--from-batch', first.id, '--from-batch', second.id];
    const bound = ['--assume-output-tokens', '100'];
    const dry = await world.run([
      ...['start', ...ids, ...bound, '--dry-run', ...store, '--run-id', 'none'],
      ...['--retry-adopted', '--max-attempts', '2'],
    ]);
    expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining('4 requests')]);
    const told = dry.json as {
      readonly worst_case_usd: number;
      readonly retries: { readonly worst_case_usd: number };
    };
    expect(told).toMatchObject({
      model: 'gpt-4.1-mini',
      endpoint: 'chat.completions',
      item_count: 4,
      output_tokens: { max: 400 },
      adopted_batches: [
        {
          batch_id: first.id,
          status: 'completed',
          requests: 3,
          input_file_id: first.input_file_id,
        },
        { batch_id: second.id, status: 'in_progress', requests: 1 },
      ],
      retries: { are_sent: true, per_row_max: 2 },
    });
    expect(told.worst_case_usd).toBeGreaterThan(0);
    expect(told.retries.worst_case_usd).toBeCloseTo(2 * told.worst_case_usd, 12);
    const quoted = await world.run(['quote', ...ids, ...bound]);
    expect(quoted.code).toBe(0);
    expect(quoted.json).toMatchObject({
      worst_case_usd: told.worst_case_usd,
      retries: { are_sent: false, per_row_max: 3 },
      warnings: expect.arrayContaining([expect.stringContaining('nothing is sent for existing')]),
    });
    expect(changes(world)).toEqual(before);
    expect(readdirSync(world.folder)).toEqual([]);
  });

  it('a dry run names the batch and the line that cannot become a row, as the start would', async () => {
    await using world = await createCliWorld();
    const { id } = await createBatch(world, [
      request('a'),
      { ...request('b'), body: { model: 'gpt-4.1', messages: [] } },
    ]);
    const dry = await world.run(['start', '--from-batch', id, '--dry-run']);
    expect([dry.code, dry.stderr]).toEqual([1, expect.stringContaining(`batch ${id}`)]);
    expect(dry.stderr).toContain('line 2: its model is "gpt-4.1"');
    expect(dry.stderr).toContain('This batch mixes them');
    const retries = await world.run(['quote', '--input', 'in.csv', '--retry-adopted']);
    expect(retries.stderr).toContain('--retry-adopted goes with --from-batch');
  });
});

describe('starts at the same moment', () => {
  it('send the failed rows of a batch once, and the other names the run or says to start again', async () => {
    await using world = await createCliWorld({
      faults: [{ type: 'rows_fail', batch: 1, ratio: 1, statusCode: 500 }],
    });
    const { id } = await createBatch(world, [request('a'), request('b')]);
    await world.emulator.advance(60_000);
    const names = ['one', 'two', 'three', 'four'];
    const ran = await Promise.all(
      names.map((name) => world.run(adopt([id], name, '--retry-adopted', '--wait'))),
    );
    expect(ran.filter(({ code }) => code === 0)).toHaveLength(1);
    for (const { code, stderr } of ran)
      if (code !== 0)
        expect(stderr).toMatch(
          /would pay for (them twice|the same rows)|would pay for them twice/u,
        );
    // That of the script, and one for its failed rows.
    expect(world.emulator.ledger.batchesCreated).toBe(2);
    const reader = await world.run(adopt([id], 'reader', '--wait'));
    const winner = names[ran.findIndex(({ code }) => code === 0)];
    expect(reader.stderr).toContain(
      `run ${winner ?? ''} of this store sends failed rows of batch ${id} again`,
    );
  });
});

describe('requests that were written elsewhere', () => {
  it('go again letter by letter, but for their custom_id, in whichever run', async () => {
    await using world = await createCliWorld({
      faults: [{ type: 'rows_fail', batch: 1, ratio: 1, statusCode: 500 }],
    });
    const body =
      '{"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "q"}], "seed": 9007199254740993, "stream": false}';
    const lines = ['a', 'custom_id'].map(
      (name) =>
        `{"method": "POST", "url": "/v1/chat/completions", "custom_id": "${name}", "body": ${body}}`,
    );
    const { id } = await createBatch(world, `${lines.join('\r\n')}\r\n`);
    expect((await world.run(adopt([id], 'sent', '--retry-adopted', '--wait'))).code).toBe(0);
    expect(world.storedText('store').split(body)).toHaveLength(1 + 2);
    expect(await isSound(world, 'sent')).toBe(true);
    expect((await world.run(adopt([id], 'kept', '--wait'))).code).toBe(2);
    const again = await world.run(['start', '--from-run', 'kept', ...store, '--dry-run']);
    expect(again.code).toBe(0);
    expect(again.stdout.split(body)).toHaveLength(1 + 2);
  });

  it('may be said to go again by a later start of the same run, as long as the batch is in progress', async () => {
    await using world = await createCliWorld({
      turnaroundMs: { min: 3_600_000, max: 3_600_000 },
      faults: [{ type: 'rows_fail', batch: 1, ratio: 1, statusCode: 500 }],
    });
    const { id } = await createBatch(world, [request('a'), request('b')]);
    expect((await world.run(adopt([id], 'later'))).code).toBe(0);
    const polls = world.emulator.ledger.calls.retrieve_batch;
    const again = world.run(adopt([id], 'later', '--retry-adopted', '--wait'));
    // The batch ends only once the flag is known.
    await waitFor(
      'the later start drives the run',
      () => world.emulator.ledger.calls.retrieve_batch > polls,
    );
    await world.emulator.advance(7_200_000);
    await waitFor(
      'the run sends a batch of its own',
      () => world.emulator.ledger.batchesCreated > 1,
    );
    await world.emulator.advance(7_200_000);
    expect((await again).code).toBe(0);
    expect((await resultsOf(world, 'later')).map(classOf)).toEqual(['completed', 'completed']);
  });

  it('may be those of another run, whose store is lost', async () => {
    await using world = await createCliWorld();
    world.write('rows.csv', csvOf(5));
    expect((await world.run(startArgs('rows.csv', 'lost', '--wait'))).code).toBe(0);
    const [batch] = world.emulator.ledger.batches;
    const found = await world.run([
      'start',
      '--from-batch',
      batch?.id ?? '',
      '--store',
      'other',
      '--run-id',
      'found',
      '--poll-interval',
      '0.05',
      '--wait',
    ]);
    expect(found.code).toBe(0);
    const results = linesOf(
      (await world.run(['results', '--run-id', 'found', '--store', 'other'])).stdout,
    );
    expect(
      results.map((line) => [/^r[0-9a-z]{8}-\d$/u.test(String(line['item_id'])), line['status']]),
    ).toEqual(Array(5).fill([true, 'completed']));
  });
});

describe('batches that cannot become a run', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());
  const refusal = async (given: readonly string[], ...rest: readonly string[]): Promise<string> => {
    const ran = await world.run(adopt(given, 'never', ...rest));
    expect(ran.code).toBe(1);
    expect((await world.run(['list', ...store])).stdout).not.toContain('never');
    return ran.stderr;
  };

  it('are named, with the wrong line', async () => {
    const good = request('a');
    const { custom_id: _, ...unnamed } = good as { readonly custom_id: string };
    const cases: readonly (readonly [readonly object[] | string, string])[] = [
      [[good, request('b'), good], 'line 3: its custom_id "a" is also that of line 1'],
      [[good, unnamed], 'line 2: it has no custom_id'],
      [[good, { ...good, custom_id: 7 }], 'line 2: its custom_id is 7'],
      [
        [good, { ...request('b'), url: '/v1/videos' }],
        'line 2: its url is "/v1/videos", which batchor cannot read answers of',
      ],
      [
        [good, { ...request('b'), body: { model: 'gpt-4.1', messages: [] } }],
        'line 2: its model is "gpt-4.1", but that of earlier lines is "gpt-4.1-mini"',
      ],
      [`${JSON.stringify(good)}\nno json\n`, 'line 2: it is no JSON object'],
    ];
    for (const [lines, message] of cases) {
      const { id, input_file_id: file } = await createBatch(world, lines);
      const said = await refusal([id]);
      expect(said).toContain(`batch ${id}, ${file}, ${message}`);
      expect(said).toMatch(/Nothing was changed/u);
    }
  });

  it('are named where they are not known, named twice, or their input file is gone', async () => {
    expect(await refusal(['batch_of_another_project'])).toContain(
      'the provider does not show batch batch_of_another_project to this key',
    );
    const { id, input_file_id: file } = await createBatch(world, [request('a')]);
    expect(await refusal(['batch_a, batch_b'])).toContain(
      '--from-batch batch_a --from-batch batch_b',
    );
    expect(await refusal(['file-abc'])).toContain(
      '--from-batch file-abc: this is the id of a file, not of a batch',
    );
    expect(await refusal([id, id])).toContain(`batch ${id} is named twice`);
    await world.emulator.advance(60_000);
    await fetch(`${world.emulator.baseURL}/files/${file}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const gone = await refusal([id]);
    expect(gone).toContain(`batch ${id}: its input file ${file} is gone`);
    const [, download = ''] = /Download them: (curl .*?)\. Then/u.exec(gone) ?? [];
    expect(download).toMatch(/^curl .*\/files\/([\w-]+)\/content" -o \1\.jsonl$/u);
    // The command works.
    const env = {
      PATH: process.env['PATH'],
      OPENAI_API_KEY: apiKey,
      OPENAI_BASE_URL: world.emulator.baseURL,
    };
    const ended = promisify(execFile)('sh', ['-c', download.replace(/ -o \S+$/u, '')], { env });
    expect((await ended).stdout).toContain('"custom_id"');
  });

  it('go with no flag that says rows or requests anew', async () => {
    for (const flags of [
      ['--input', 'rows.csv'],
      ['--model', 'gpt-4.1'],
      ['--param', 'a=1'],
      ['--from-run', 'x'],
      ['--limit', '3'],
    ])
      expect(await refusal(['batch_1'], ...flags)).toContain(
        `--from-batch and ${flags[0]} exclude each other`,
      );
    const alone = await world.run(['start', '--retry-adopted', '--input', 'rows.csv']);
    expect([alone.code, alone.stderr]).toEqual([
      1,
      expect.stringContaining('--retry-adopted goes with --from-batch'),
    ]);
  });
});
