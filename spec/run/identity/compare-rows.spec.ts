import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { createFakeProvider, fakeConnection, memoryStore } from '../../../lib/sim/index.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import { waitFor } from '../../support/wait-for.ts';

const connection = fakeConnection(
  createFakeProvider({ nowMs: () => Date.now(), turnaroundMs: { min: 1, max: 2 } }),
);
const jobWith = (items: unknown, more: object = {}) => ({
  ...jobOf(connection, itemsOf(3), {}, { pollIntervalMs: 5 }),
  items: items as never,
  ...more,
});
const items = itemsOf(3) as readonly { readonly itemId: string; readonly payload: string }[];
const changedAt = (index: number, more: object): readonly unknown[] =>
  items.map((item, i) => (i === index ? { ...item, ...more } : item));

function* generated<T>(values: readonly T[]): Generator<T> {
  yield* values;
}
async function* generatedLater<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value);
}

describe('the id of a finished run, given again', () => {
  let runner: BatchRunner;
  const again = (job: unknown): Promise<unknown> =>
    runner.runAndWait(job as never, { runId: 'r' }).then(
      ({ status }) => status,
      (error: unknown) => error,
    );
  beforeEach(async () => {
    runner = new BatchRunner({ storage: memoryStore(), providers: [connection] });
    expect(await again(jobWith(items))).toBe('completed');
  });
  afterEach(() => runner.close());

  it('with the same items gives the same run: an array, a set, a generator', async () => {
    for (const same of [items, [...items], new Set(items), generated(items), generatedLater(items)])
      expect(await again(jobWith(same))).toBe('completed');
  });

  it.each([
    {
      title: 'another payload',
      given: changedAt(1, { payload: 'else' }),
      code: 'job_changed',
      says: /item 2 gives another request/,
    },
    {
      title: 'other metadata',
      given: changedAt(0, { metadata: { a: 1 } }),
      code: 'job_changed',
      says: /item 1 gives another metadata/,
    },
    {
      title: 'another id',
      given: changedAt(2, { itemId: 'new' }),
      code: 'source_changed',
      says: /item 3 has the id "new", and had/,
    },
    {
      title: 'fewer items',
      given: items.slice(0, 2),
      code: 'source_changed',
      says: /given: 2 items; stored: 3 items/,
    },
    { title: 'no items', given: [], code: 'source_changed', says: /given: 0 items/ },
    {
      title: 'more items',
      given: [...items, { itemId: 'more', payload: 'x' }],
      code: 'source_changed',
      says: /given: more than 3 items/,
    },
  ])('with $title is refused, from an array and from generators', async ({ given, code, says }) => {
    for (const form of [given, generated(given), generatedLater(given)]) {
      const error = await again(jobWith(form));
      expect(error).toMatchObject({ code, message: expect.stringMatching(says) as string });
      expect((error as { readonly hint: string }).hint).toMatch(/another id.*--from-run r/);
    }
  });

  it('with another prompt builder is refused', async () => {
    expect(await again(jobWith(items, { buildPrompt: () => 'else' }))).toMatchObject({
      code: 'job_changed',
    });
  });
});

describe('a run of a source with a fingerprint', () => {
  it('is refused with another prompt builder when it is finished', async () => {
    await using runner = new BatchRunner({ storage: memoryStore(), providers: [connection] });
    const source = {
      kind: 'mine',
      ref: 'mine',
      fingerprint: () => Promise.resolve('f'),
      async *read(from: number | null) {
        for (const [index, item] of items.entries())
          if (index >= (from ?? 0)) yield await Promise.resolve({ item, position: index + 1 });
      },
    };
    const job = { ...jobWith(undefined), source };
    await runner.runAndWait(job as never, { runId: 'r' });
    expect((await runner.runAndWait(job as never, { runId: 'r' })).status).toBe('completed');
    await expect(
      runner.start({ ...job, buildPrompt: () => 'else' } as never, { runId: 'r' }),
    ).rejects.toMatchObject({
      code: 'job_changed',
      message: expect.stringMatching(/item 3 gives another request/) as string,
    });
  });
});

it('rows that were bad, or whose id was taken, are the same rows again', async () => {
  await using runner = new BatchRunner({ storage: memoryStore(), providers: [connection] });
  const odd = [items[0], items[0], { itemId: '', payload: 'x' }, null, items[1]];
  const job = jobWith(odd, { badRows: 'record' });
  await runner.runAndWait(job as never, { runId: 'r' });
  expect((await runner.runAndWait(job as never, { runId: 'r' })).isFinished).toBe(true);
  const other = jobWith([items[0], items[2], { itemId: '', payload: 'x' }, null, items[1]], {
    badRows: 'record',
  });
  await expect(runner.start(other as never, { runId: 'r' })).rejects.toMatchObject({
    code: 'job_changed',
  });
});

it('an unfinished run that has read its input refuses other items as well', async () => {
  const slow = fakeConnection(
    createFakeProvider({ nowMs: () => Date.now(), turnaroundMs: { min: 1e9, max: 2e9 } }),
  );
  await using runner = new BatchRunner({ storage: memoryStore(), providers: [slow] });
  const job = (given: unknown): never =>
    ({ ...jobOf(slow, itemsOf(3), {}, { pollIntervalMs: 5 }), items: given }) as never;
  const run = await runner.start(job(items), { runId: 'r' });
  await waitFor('the input is read', () => run.snapshot().ingest.isComplete);
  expect((await runner.start(job(items), { runId: 'r' })).runId).toBe('r');
  await expect(runner.start(job(items.slice(1)), { runId: 'r' })).rejects.toMatchObject({
    code: 'source_changed',
  });
});

it.each([
  [
    { chunkPolicy: { maxRequest: 3 } },
    'chunkPolicy has no maxRequest',
    'Did you mean maxRequests?',
  ],
  [
    { retryPolicy: { itemBackoff: { initalMs: 3 } } },
    'retryPolicy.itemBackoff has no initalMs',
    'Did you mean initialMs?',
  ],
  [{ chunkPolcy: {} }, 'a job has no chunkPolcy', 'Did you mean chunkPolicy?'],
])('a job with an unknown key is refused by its name: %j', async (more, message, hint) => {
  await using runner = new BatchRunner({ storage: memoryStore(), providers: [connection] });
  await expect(runner.start(jobWith(items, more) as never)).rejects.toMatchObject({
    code: 'invalid_config',
    message,
    hint,
  });
});
