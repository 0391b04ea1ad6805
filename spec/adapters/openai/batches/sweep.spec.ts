import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../lib/core/json/json.ts';
import {
  apiError,
  at,
  batchId,
  json,
  key,
  leftOf,
  rightOf,
  startStub,
  sweepInput,
  type Answer,
} from '../stub.ts';

const fileSeconds = 1_760_000_000;
const listed = (more: JsonObject): JsonObject => ({
  id: 'batch_1',
  object: 'batch',
  status: 'in_progress',
  created_at: fileSeconds + 1,
  input_file_id: 'file-of-another',
  metadata: null,
  ...more,
});
/** A provider with this input file and these pages of batches. */
const showing =
  (file: JsonObject | null, ...pages: readonly (readonly JsonObject[])[]): Answer =>
  ({ path, query }, response) => {
    if (path.startsWith('/v1/files/')) {
      if (file === null) json(response, 404, apiError('No such File object.'));
      else json(response, 200, file);
      return;
    }
    const after = query.get('after');
    const place = after === null ? 0 : pages.findIndex((page) => page.at(-1)?.['id'] === after) + 1;
    json(response, 200, { data: pages[place] ?? [], has_more: place + 1 < pages.length });
  };
const file = { id: 'file-of-k', object: 'file', created_at: fileSeconds };
const mine = listed({ id: 'mine', input_file_id: 'file-of-k' });

describe('a list of batches', () => {
  it.each<[string, JsonObject]>([
    ['of which one says neither key nor input file', listed({ input_file_id: null })],
    ['of which one has no state', { id: 'odd', object: 'batch', input_file_id: 'file-of-k' }],
    ['of which one is wrapped', { job: listed({ input_file_id: 'file-of-k' }) }],
  ])('%s proves no absence: a lost one may be among them', async (_title, entry) => {
    await using stub = await startStub(showing(file, [entry]));
    expect(await leftOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)))).toMatchObject({
      type: 'refused',
    });
  });

  it('that shows the lost one is believed, whatever else is in it', async () => {
    await using stub = await startStub(showing(file, [listed({ input_file_id: null }), mine]));
    expect((await rightOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)))).found).toHaveLength(1);
  });

  it('bears entries of others that are no batches any more, and nameless ones that are older than the file', async () => {
    const others = [
      { id: 'gone', input_file_id: 'file-9', metadata: null },
      listed({ input_file_id: null, created_at: 1_000_000_000 }),
    ];
    await using stub = await startStub(showing(file, others));
    expect((await rightOf(at(stub.baseURL).sweep(sweepInput(['k'], Date.now())))).found).toEqual(
      [],
    );
  });

  it('in no order is read to its end, though a page of it is old from first to last', async () => {
    const old = [1, 3, 2].map((age) =>
      listed({ id: `old-${age}`, created_at: fileSeconds - 100_000 - age * 10 }),
    );
    await using stub = await startStub(showing(file, old, [mine]));
    const { found, readBackToMs } = await rightOf(
      at(stub.baseURL).sweep(sweepInput(['k'], Date.now())),
    );
    expect(found).toHaveLength(1);
    expect(readBackToMs).toBeNull();
  });

  it('is read to its end where the input file does not tell its time', async () => {
    const old = [1, 2].map((age) =>
      listed({ id: `old-${age}`, created_at: fileSeconds - 100_000 - age * 10 }),
    );
    await using stub = await startStub(
      showing({ id: 'file-of-k', created_at: '2026-10-02T00:00:00Z' }, old, [mine]),
    );
    expect(
      (await rightOf(at(stub.baseURL).sweep(sweepInput(['k'], Date.now())))).readBackToMs,
    ).toBeNull();
  });
});

describe('a batch under an id of ours', () => {
  it('that carries another key is not the one that is asked about', async () => {
    await using stub = await startStub((_seen, response) =>
      json(
        response,
        200,
        listed({
          status: 'completed',
          output_file_id: 'o',
          metadata: { batchor_batch_key: 'key-of-another-run' },
        }),
      ),
    );
    expect(
      await rightOf(
        at(stub.baseURL).observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
      ),
    ).toEqual([]);
  });
});
