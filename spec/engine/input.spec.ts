import { firstValueFrom, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { SourceError } from '../../lib/index.ts';
import { createWorld, type World, type WorldOptions } from '../../lib/sim/index.ts';
import type { SourceEntry } from '../../lib/ports/index.ts';
import type { JsonObject } from '../../lib/core/internal.ts';
import { itemsOf, type Item, type Job, jobOf } from '../support/sim/jobs.ts';

const minuteMs = 60_000;
const quick: WorldOptions = { seed: 4, turnaroundMs: { min: minuteMs, max: 2 * minuteMs } };

type Entry = SourceEntry<string, JsonObject>;
const row = (itemId: string, i: number): Entry => ({
  item: { itemId, payload: `prompt ${i}` },
  position: i + 1,
  location: { ref: 'people.csv', line: i + 2 },
});
const bad = (reason: string, i: number): Entry => ({
  bad: { reason, field: 'age', itemId: `bad-${i}`, location: { ref: 'people.csv', line: i + 2 } },
  position: i + 1,
});

/** A job over entries that can be read again, in pages of so many. */
const jobOver = (
  world: World,
  entries: readonly Entry[],
  more: Parameters<typeof jobOf>[3] = {},
  pageRows = 3,
): Job => {
  const { items: _none, ...job } = jobOf(world.connection, [], { maxRequests: 4 }, more);
  return {
    ...job,
    source: {
      kind: 'csv',
      ref: 'people.csv',
      fingerprint: () => Promise.resolve('f1'),
      async *read(from) {
        for (let at = Number(from ?? 0); at < entries.length; at += pageRows)
          yield entries.slice(at, at + pageRows);
      },
    },
  } as Job;
};
const rows = (count: number): Entry[] => Array.from({ length: count }, (_, i) => row(`id-${i}`, i));

describe('a row that cannot be an item', () => {
  const withBad = [...rows(5), bad('is not a number', 5), ...rows(9).slice(6)];

  it('stops ingestion under the policy fail, with file, line and field; the rows before it are kept and sent', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOver(world, withBad));
    const summary = await world.settle(run);
    expect(summary).toMatchObject({
      status: 'running',
      controlState: 'paused',
      controlReason: 'bad_rows',
      itemCount: 5,
    });
    expect(summary.controlMessage).toBe('people.csv:7, field "age": is not a number');
    expect(world.ledger.requestsBilled).toBeLessThanOrEqual(5);
    await run.resume({ badRows: 'record' });
    expect(await world.settle(run)).toMatchObject({
      status: 'completed_with_failures',
      itemCount: 9,
      badRowCount: 1,
    });
  });

  it('is each one whose prompt or metadata JSON cannot write, and no other row is lost to it', async () => {
    await using world = await createWorld(quick);
    const nested = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as JsonObject;
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const refusing = {
      toJSON: () => {
        throw new Error('not me');
      },
    };
    const prompts: readonly unknown[] = [
      'plain',
      nested,
      cyclic,
      { body: { count: 1n } },
      { body: refusing },
      'plain',
    ];
    const items = prompts.map((_, i) => ({ itemId: `id-${i}`, payload: String(i) }));
    const deep = { itemId: 'deep', payload: '0', metadata: { nested } };
    const job = jobOf(
      world.connection,
      [...items, deep],
      { maxRequests: 4 },
      { badRows: 'record' },
    );
    const run = await world.runner.start({
      ...job,
      buildPrompt: ({ payload }) => prompts[Number(payload)] as string,
    });
    expect(await world.settle(run)).toMatchObject({
      itemCount: 7,
      badRowCount: 5,
      itemCounts: { completed: 2, failed_permanent: 5 },
    });
    const results = await world.until(run.results({ order: 'input' }).toArray());
    expect(
      results.map((result) =>
        result.status === 'completed' ? null : result.error.message.replace(/^.*?: /u, ''),
      ),
    ).toEqual([
      null,
      'its prompt is nested more than 128 levels deep, or holds itself',
      'its prompt is nested more than 128 levels deep, or holds itself',
      expect.stringMatching(/^its prompt cannot be written as JSON: .*BigInt/u),
      'its prompt cannot be written as JSON: not me',
      null,
      'its metadata is nested more than 128 levels deep, or holds itself',
    ]);
  });

  it('stops again at the same row when it is resumed unmended', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOver(world, withBad));
    await world.settle(run);
    await run.resume();
    expect(await world.settle(run)).toMatchObject({
      controlReason: 'bad_rows',
      itemCount: 5,
      itemCounts: { completed: 4, pending: 1 },
    });
  });

  it('becomes a failed item under the policy record, the first row and the last too', async () => {
    await using world = await createWorld(quick);
    const entries = [bad('no number', 0), ...rows(7).slice(1), bad('no number either', 7)];
    const run = await world.runner.start(jobOver(world, entries, { badRows: 'record' }));
    expect(await world.settle(run)).toMatchObject({
      status: 'completed_with_failures',
      itemCount: 8,
      badRowCount: 2,
    });
    const results = await run.results({ order: 'input' }).toArray();
    expect(results.map(({ status }) => status === 'completed')).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(results[7]).toMatchObject({
      itemId: 'bad-7',
      error: { errorClass: 'invalid_row', message: 'people.csv:9: no number either' },
      usage: null,
    });
  });

  it('is one whose id was taken, in its own slice or long before; the first row keeps the id', async () => {
    await using world = await createWorld(quick);
    const entries = [...rows(3), row('id-1', 3), ...rows(8).slice(4), row('id-0', 8)];
    const run = await world.runner.start(jobOver(world, entries, { badRows: 'record' }, 2));
    await world.settle(run);
    const results = await run.results({ order: 'input' }).toArray();
    expect(results.map(({ itemId }) => itemId)).toEqual([
      'id-0',
      'id-1',
      'id-2',
      'row:people.csv:3',
      'id-4',
      'id-5',
      'id-6',
      'id-7',
      'row:people.csv:8',
    ]);
    expect(results[8]).toMatchObject({
      status: 'failed_permanent',
      error: {
        message: 'people.csv:10: the id "id-0" is taken by an earlier row',
        rawError: { given_id: 'id-0' },
      },
    });
  });

  it('is never given an id that another row has, though results of an earlier run were fed back in', async () => {
    await using world = await createWorld(quick);
    const nameless = (i: number): Entry => ({
      bad: {
        reason: 'has no id',
        field: 'id',
        itemId: null,
        location: { ref: 'people.csv', line: i + 2 },
      },
      position: i + 1,
    });
    const entries = [
      row('row:people.csv:1', 0),
      nameless(1),
      nameless(2),
      row('row:people.csv:2', 3),
      row('row:people.csv:5~2', 4),
      nameless(5),
      row('row:people.csv:5', 6),
      row('last', 7),
    ];
    for (const pageRows of [1, 8]) {
      const run = await world.runner.start(
        jobOver(world, entries, { badRows: 'record' }, pageRows),
      );
      await world.settle(run);
      const results = await run.results({ order: 'input' }).toArray();
      const ids = results.map(({ itemId, status }) =>
        status === 'completed' ? itemId : `failed ${itemId}`,
      );
      expect(ids).toEqual([
        'row:people.csv:1',
        'failed row:people.csv:1~2',
        'failed row:people.csv:2',
        // Its own id was given away before it came.
        'failed row:people.csv:3',
        'row:people.csv:5~2',
        'failed row:people.csv:5',
        'failed row:people.csv:6',
        'last',
      ]);
    }
  });

  it('is one whose id was taken before the process died', async () => {
    await using world = await createWorld(quick);
    const job = jobOver(world, [...rows(6), row('id-2', 6)], { badRows: 'record' }, 1);
    const read: NonNullable<Job['source']>['read'] = async function* (from, options) {
      for await (const page of job.source?.read(from, options) ?? []) {
        await firstValueFrom(timer(2_000, world.scheduler));
        yield page;
      }
    };
    const slow = { ...job, source: { ...job.source, read } } as Job;
    await world.runner.start(slow, { runId: 'twice' });
    await world.advance(9_000);
    const run = await world.until((await world.crash()).start(slow, { runId: 'twice' }));
    expect(run.summary().itemCount).toBeGreaterThan(2);
    expect(run.summary().itemCount).toBeLessThan(7);
    expect(await world.settle(run)).toMatchObject({
      status: 'completed_with_failures',
      itemCount: 7,
      badRowCount: 1,
    });
  });

  it('is one without an id, and one whose prompt cannot be built, in time or later', async () => {
    await using world = await createWorld(quick);
    const entries = [row('  ', 0), ...rows(4).slice(1)];
    const job: Job = {
      ...jobOver(world, entries, { badRows: 'record' }),
      buildPrompt: ({ payload }) => {
        if (payload === 'prompt 1') throw new Error('no template');
        return payload === 'prompt 2' ? Promise.reject(new Error('no network')) : payload;
      },
    };
    const run = await world.runner.start(job);
    await world.settle(run);
    const results = await run.results({ order: 'input' }).toArray();
    expect(
      results.map((result) => (result.status === 'completed' ? 'completed' : result.error.message)),
    ).toEqual([
      'people.csv:2: its item id is empty',
      'people.csv:3: buildPrompt failed: no template',
      'people.csv:4: buildPrompt failed: no network',
      'completed',
    ]);
  });
});

describe('an item that is none', () => {
  it('is a bad row, and costs no other', async () => {
    await using world = await createWorld(quick);
    const entries = [
      row('a', 0),
      ...[null, undefined, 'b'].map((item, i) => ({ item, position: i + 2 }) as unknown as Entry),
      row('c', 4),
    ];
    const run = await world.runner.start(jobOver(world, entries, { badRows: 'record' }));
    expect(await world.settle(run)).toMatchObject({
      status: 'completed_with_failures',
      itemCount: 5,
      badRowCount: 3,
    });
    const results = await run.results({ order: 'input' }).toArray();
    expect(
      results.map((result) => (result.status === 'completed' ? 'completed' : result.error.message)),
    ).toEqual([
      'completed',
      'people.csv: it is null, not { itemId, payload }',
      'people.csv: it is undefined, not { itemId, payload }',
      'people.csv: it is b, not { itemId, payload }',
      'completed',
    ]);
  });
});

describe('a source', () => {
  it('that fails half-way pauses the run with its own message, keeps the rows before it, and is read again on resume', async () => {
    await using world = await createWorld(quick);
    let isBroken = true;
    const job = jobOver(world, rows(10));
    const read: NonNullable<Job['source']>['read'] = async function* (from, options) {
      for await (const page of job.source?.read(from, options) ?? []) {
        yield page;
        if (isBroken) throw new SourceError('the disk is gone', { ref: 'people.csv', line: 5 });
      }
    };
    const run = await world.runner.start({ ...job, source: { ...job.source, read } } as Job);
    const summary = await world.settle(run);
    expect(summary).toMatchObject({
      controlReason: 'source_unreadable',
      controlMessage: 'people.csv:5: the disk is gone',
    });
    isBroken = false;
    await run.resume();
    expect(await world.settle(run)).toMatchObject({ status: 'completed', itemCount: 10 });
    expect(world.ledger.requestsBilled).toBe(10);
  });

  it('without rows gives a run that is completed at once', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOver(world, []));
    expect(await world.settle(run)).toMatchObject({
      status: 'completed',
      itemCount: 0,
      batchCount: 0,
    });
  });
});

describe('a job on a run that exists', () => {
  /** A run that stands half-way: its fifth row is bad. */
  const half = async (world: World, more: Parameters<typeof jobOf>[3] = {}): Promise<Job> => {
    const job = jobOver(world, [...rows(4), bad('is no number', 4), ...rows(8).slice(5)], more);
    await world.settle(await world.runner.start(job, { runId: 'half' }));
    await world.crash();
    return job;
  };
  const startOf = (world: World, job: Job): Promise<unknown> =>
    world.runner.start(job, { runId: 'half' }).catch((error: unknown) => error);

  it('is refused with every field that differs', async () => {
    await using world = await createWorld(quick);
    const job = await half(world);
    const other = {
      ...job,
      name: 'another',
      providerConfig: { ...job.providerConfig, model: 'gpt-5', params: { temperature: 0 } },
      batchMetadata: { team: 'x' },
    };
    const error = await startOf(world, other);
    expect(error).toMatchObject({ code: 'job_changed' });
    const { differences } = (
      error as {
        readonly details: {
          readonly differences: readonly {
            readonly field: string;
            readonly stored: unknown;
            readonly given: unknown;
          }[];
        };
      }
    ).details;
    expect(differences.map(({ field, stored, given }) => ({ field, stored, given }))).toEqual([
      { field: 'jobName', stored: 'job', given: 'another' },
      { field: 'provider.model', stored: 'gpt-4.1-mini', given: 'gpt-5' },
      { field: 'provider.params.temperature', stored: null, given: 0 },
      { field: 'batchMetadata.team', stored: null, given: 'x' },
    ]);
  });

  it('is refused when its source changed before it was read to its end', async () => {
    await using world = await createWorld(quick);
    const job = await half(world);
    const changed = {
      ...job,
      source: { ...job.source, fingerprint: () => Promise.resolve('f2') },
    } as Job;
    expect(await startOf(world, changed)).toMatchObject({
      code: 'source_changed',
      details: { storedFingerprint: 'f1', foundFingerprint: 'f2', nextIndex: 4 },
    });
  });

  it('is refused when its prompt builder gives another prompt for the last row', async () => {
    await using world = await createWorld(quick);
    const job = await half(world);
    const error = await startOf(world, {
      ...job,
      buildPrompt: ({ payload }) => `Please: ${payload}`,
    });
    expect(error).toMatchObject({
      code: 'job_changed',
      details: { differences: [{ field: 'buildPrompt' }] },
    });
    expect((error as Error).message).toContain('Please: prompt 3');
    // The refused job has not taken the run from its owner.
    expect(await startOf(world, job)).toMatchObject({ runId: 'half' });
  });

  it('may change how it is run: pace, retries, what happens to bad rows', async () => {
    await using world = await createWorld(quick);
    await half(world);
    const job = jobOver(world, [...rows(4), bad('is no number', 4), ...rows(8).slice(5)], {
      badRows: 'record',
      pollIntervalMs: 5_000,
      retryPolicy: { maxAttempts: 7 },
    });
    const run = await world.runner.start(job, { runId: 'half' });
    expect(run.snapshot().config.operation).toMatchObject({
      badRows: 'record',
      pollIntervalMs: 5_000,
      retry: { attemptsMax: 7 },
    });
    // A paused run is not resumed by being started.
    expect((await world.settle(run)).controlState).toBe('paused');
    await run.resume();
    expect(await world.settle(run)).toMatchObject({
      status: 'completed_with_failures',
      itemCount: 8,
    });
    expect(world.ledger.requestsBilled).toBe(7);
  });

  it('is refused by name when it must not exist, and finds its finished run as it is', async () => {
    await using world = await createWorld(quick);
    const items: readonly Item[] = itemsOf(3);
    const job = jobOf(world.connection, items);
    await world.settle(await world.runner.start(job, { runId: 'done' }));
    await expect(
      world.runner.start(job, { runId: 'done', ifExists: 'fail' }),
    ).rejects.toMatchObject({ code: 'run_exists' });
    const again = await world.runner.start(job, { runId: 'done' });
    expect(again.status).toBe('completed');
    expect(world.ledger.requestsBilled).toBe(3);
  });
});

describe('prompts that are promises', () => {
  const thenable = (value: string): PromiseLike<string> => ({
    then: (done) =>
      ({
        then: () => undefined,
        ...(done === null || done === undefined ? {} : { value: done(value) }),
      }) as never,
  });

  it('may be of any library', async () => {
    await using world = await createWorld(quick);
    const job = {
      ...jobOver(world, rows(5)),
      buildPrompt: (item: { readonly payload: unknown }) => thenable(String(item.payload)),
    } as unknown as Job;
    const run = await world.runner.start(job);
    expect(await world.settle(run)).toMatchObject({ status: 'completed', itemCount: 5 });
  });

  it('are asked for no more once the runner is closed', async () => {
    const world = await createWorld(quick);
    let asked = 0;
    const slow = async (item: { readonly payload: unknown }): Promise<string> => {
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return String(item.payload);
    };
    const job = { ...jobOver(world, rows(2_000), {}, 2_000), buildPrompt: slow } as unknown as Job;
    await world.runner.start(job);
    await expect.poll(() => asked, { interval: 2 }).toBeGreaterThan(5);
    await world.runner.close();
    const atClose = asked;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(asked - atClose).toBeLessThanOrEqual(1);
    await world[Symbol.asyncDispose]();
  });
});
