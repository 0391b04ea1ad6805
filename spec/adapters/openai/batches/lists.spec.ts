import { describe, expect, it } from 'vitest';
import { batchPages } from '../../../../adapters/openai/batches/batch-list.ts';
import { createSession } from '../../../../adapters/openai/client/session.ts';
import { noSecrets } from '../../../../adapters/http/scrub.ts';
import type { JsonObject } from '../../../../lib/core/json/json.ts';
import {
  at,
  createInput,
  json,
  leftOf,
  rightOf,
  secret,
  startStub,
  sweepInput,
  type Answer,
} from '../stub.ts';

const fileSeconds = 1_760_000_000;
const fileOfK = { id: 'file-of-k', object: 'file', created_at: fileSeconds };
/** Newest first, all of them newer than the input file but the last. */
const listed = (index: number, more: JsonObject = {}): JsonObject => ({
  id: `batch_${index}`,
  object: 'batch',
  status: 'in_progress',
  created_at: fileSeconds + 1_000 - index,
  input_file_id: `file-${index}`,
  metadata: null,
  ...more,
});
const others = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) => listed(index));

/** A service with these batches, so many of them on a page, of which a page says this. */
const serving =
  (
    all: readonly JsonObject[],
    size: number,
    page: (rest: number) => JsonObject,
    how: { readonly ignoresAfter?: true } = {},
  ): Answer =>
  ({ path, query }, response) => {
    if (path.startsWith('/v1/files/')) return json(response, 200, fileOfK);
    const after = how.ignoresAfter === true ? null : query.get('after');
    const place = after === null ? 0 : all.findIndex((batch) => batch['id'] === after) + 1;
    json(response, 200, {
      object: 'list',
      data: all.slice(place, place + size),
      ...page(all.length - place - size),
    });
  };
const mine = listed(500, { input_file_id: 'file-of-k' });
const sweep = (baseURL: string) => at(baseURL).sweep(sweepInput(['k'], fileSeconds * 1000));

describe('a list of batches', () => {
  it.each<[string, number, (rest: number) => JsonObject]>([
    ['does not say whether it is the last', 20, () => ({})],
    ['says null of what is behind it', 20, () => ({ has_more: null })],
    ['is full, and says that it is the last', 100, () => ({ has_more: false })],
  ])('of which a page %s is read on until nothing new comes', async (_name, size, page) => {
    await using stub = await startStub(serving([...others(225), mine], size, page));
    const { found, readBackToMs } = await rightOf(sweep(stub.baseURL));
    expect(found.map(({ providerBatchId }) => providerBatchId)).toEqual(['batch_500']);
    expect(readBackToMs).toBeNull();
  });

  it('that says so ends with its last page: one that is not full asks for no other', async () => {
    await using stub = await startStub(serving(others(3), 100, () => ({ has_more: false })));
    await rightOf(sweep(stub.baseURL));
    expect(stub.seen.filter(({ path }) => path === '/v1/batches')).toHaveLength(1);
  });

  it('that is empty ends at once', async () => {
    await using stub = await startStub(serving([], 20, () => ({})));
    expect((await rightOf(sweep(stub.baseURL))).readBackToMs).toBeNull();
    expect(stub.seen.filter(({ path }) => path === '/v1/batches')).toHaveLength(1);
  });

  it('that shows the same whatever is asked was read as far back as it shows, and no further', async () => {
    await using stub = await startStub(serving(others(30), 20, () => ({}), { ignoresAfter: true }));
    const report = await rightOf(sweep(stub.baseURL));
    expect(report.found).toEqual([]);
    // The oldest of the page: whether there is more behind it cannot be seen.
    expect(report.readBackToMs).toBe((fileSeconds + 1_000 - 19) * 1000);
    expect(stub.seen.filter(({ path }) => path === '/v1/batches')).toHaveLength(2);
  });

  it('that shows the same in no order proves nothing', async () => {
    const mixed = [listed(5), listed(1), listed(9)];
    await using stub = await startStub(serving(mixed, 20, () => ({}), { ignoresAfter: true }));
    expect((await rightOf(sweep(stub.baseURL))).readBackToMs).toBeGreaterThan(Date.now());
  });

  it('that promises more and shows the same is an error', async () => {
    await using stub = await startStub(
      serving(others(30), 20, () => ({ has_more: true }), { ignoresAfter: true }),
    );
    const error = await leftOf(sweep(stub.baseURL));
    expect(error).toMatchObject({
      type: 'refused',
      message: expect.stringContaining('says that it has more, but returns nothing new') as string,
    });
    expect(stub.seen.filter(({ path }) => path === '/v1/batches')).toHaveLength(2);
  });

  it('that moves while it is read is read whole', async () => {
    let calls = 0;
    const all = others(45);
    await using stub = await startStub((seen, response) => {
      if (seen.path === '/v1/batches') calls += 1;
      // Each time there are some more at its head, so that pages overlap.
      const fresh = Array.from({ length: calls * 3 }, (_, index) =>
        listed(-index - 1, { id: `fresh_${index}` }),
      );
      const after = Number(/\d+$/u.exec(seen.query.get('after') ?? '')?.[0] ?? -1);
      if (seen.query.get('after') === null)
        serving([...fresh, ...all, mine], 20, () => ({}))(seen, response);
      else json(response, 200, { data: [...all, mine].slice(Math.max(0, after - 5), after + 15) });
    });
    expect((await rightOf(sweep(stub.baseURL))).found).toHaveLength(1);
  });

  it('without an end is an error, and never a short list', async () => {
    let next = 0;
    await using stub = await startStub((_seen, response) =>
      json(response, 200, { data: [listed((next += 1))], has_more: true }),
    );
    const opened = await createSession(
      { baseURL: stub.baseURL, apiKey: secret },
      noSecrets.scrub,
      5_000,
    )();
    if (opened.type === 'closed') throw new Error('closed');
    let pages = 0;
    const read = async (): Promise<void> => {
      for await (const { batches } of batchPages(opened.session, 50)) pages += batches.length;
    };
    await expect(read()).rejects.toMatchObject({
      error: { type: 'refused', message: expect.stringContaining('does not end') as string },
    });
    expect(pages).toBe(50);
  });
});

describe('the answer to a create', () => {
  const ours = { batchor_batch_key: 'key-1', batchor_attempt: '2' };
  const answer = (more: JsonObject): JsonObject => ({
    id: 'batch_9',
    object: 'batch',
    status: 'validating',
    ...more,
  });

  it.each<[string, JsonObject]>([
    [
      'shows our metadata and input file',
      { input_file_id: 'file-1', metadata: { team: 'blue', ...ours } },
    ],
    ['shows our input file and no metadata', { input_file_id: 'file-1', metadata: null }],
    ['shows our input file and empty metadata', { input_file_id: 'file-1', metadata: {} }],
    ['shows our metadata and no input file', { metadata: ours }],
    ['shows the attempt as a number', { metadata: { ...ours, batchor_attempt: 2 } }],
    ['shows neither', {}],
    ['says no kind', { object: null }],
    ['says another kind of batch', { object: 'batch_job' }],
  ])('confirms it where it %s', async (_name, more) => {
    await using stub = await startStub((_seen, response) => json(response, 200, answer(more)));
    expect(await rightOf(at(stub.baseURL).create(createInput))).toEqual({
      providerBatchId: 'batch_9',
      providerStatus: 'validating',
    });
  });

  it.each<[string, JsonObject]>([
    [
      'shows the key of another batch',
      { input_file_id: 'file-1', metadata: { ...ours, batchor_batch_key: 'key-7' } },
    ],
    [
      'shows another attempt',
      { input_file_id: 'file-1', metadata: { ...ours, batchor_attempt: '1' } },
    ],
    ['shows metadata of others', { input_file_id: 'file-1', metadata: { team: 'red' } }],
    ['shows another input file', { input_file_id: 'file-7', metadata: ours }],
    ['is a file', { object: 'file' }],
    ['is a list', { object: 'list' }],
    ['has no id', { id: '' }],
    ['has no status', { status: null }],
  ])('leaves it unconfirmed where it %s', async (_name, more) => {
    await using stub = await startStub((_seen, response) => json(response, 200, answer(more)));
    expect((await leftOf(at(stub.baseURL).create(createInput))).type).toBe('unclear');
    expect(stub.seen).toHaveLength(1);
  });
});
