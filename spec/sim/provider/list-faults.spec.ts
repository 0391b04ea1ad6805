import { describe, expect, it } from 'vitest';
import { createLab, endpoint, hourMs, type Lab, lines, refusalOf, valueOf } from './lab.ts';

const idsOf = async (lab: Lab): Promise<readonly string[]> =>
  valueOf(await lab.provider.listBatches()).data.map(({ id }) => id);

describe('a list of batches', () => {
  it('is empty for a while, though batches are there', async () => {
    const lab = createLab({ faults: [{ type: 'list_empty', afterMs: hourMs, forMs: hourMs }] });
    const { id } = await lab.order(lines(1));
    const seen: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      seen.push((await idsOf(lab)).length);
      lab.wait(hourMs);
    }
    expect(seen).toEqual([1, 0, 1]);
    expect((await lab.retrieve(id)).id).toBe(id);
  });

  it('lacks one batch for a while, which it has shown before', async () => {
    const lab = createLab({
      faults: [{ type: 'list_lacks', batch: 1, afterMs: hourMs, forMs: hourMs }],
    });
    const first = await lab.order(lines(1));
    const second = await lab.order(lines(2));
    const seen: (readonly string[])[] = [];
    for (let i = 0; i < 3; i += 1) {
      seen.push(await idsOf(lab));
      lab.wait(hourMs);
    }
    expect(seen).toEqual([[second.id, first.id], [second.id], [second.id, first.id]]);
  });

  it('says neither whether there is more nor where it ends', async () => {
    const lab = createLab({ faults: [{ type: 'list_without_has_more' }] });
    for (let i = 0; i < 3; i += 1) await lab.order(lines(1 + i));
    const page = valueOf(await lab.provider.listBatches({ limit: 2 }));
    expect(Object.keys(page).sort()).toEqual(['data', 'object']);
    const rest = valueOf(
      await lab.provider.listBatches({ limit: 2, after: page.data.at(-1)?.id ?? '' }),
    );
    expect([page.data.length, rest.data.length]).toEqual([2, 1]);
  });
});

describe('a create', () => {
  it('is answered with the oldest batch instead of its own, once', async () => {
    const lab = createLab({ faults: [{ type: 'create_answers_another', batch: 2 }] });
    const first = await lab.order(lines(1));
    expect((await lab.order(lines(2))).id).toBe(first.id);
    const third = await lab.order(lines(3));
    expect(third.id).not.toBe(first.id);
    expect(lab.provider.ledger.batchesCreated).toBe(3);
  });

  it('is refused because its input file was deleted, and stays refused for that file', async () => {
    const lab = createLab({ faults: [{ type: 'input_file_deleted', batch: 1 }] });
    const create = async (fileId: string) =>
      lab.provider.createBatch({
        input_file_id: fileId,
        endpoint,
        completion_window: '24h',
        metadata: {},
      });
    const gone = await lab.upload(lines(1));
    for (let i = 0; i < 2; i += 1)
      expect(refusalOf(await create(gone.id))).toMatchObject({
        statusCode: 404,
        error: { message: `No such File object: ${gone.id}` },
      });
    expect((await create((await lab.upload(lines(1))).id)).type).toBe('done');
  });
});

describe('a cancel', () => {
  it('is answered with the status that the script says', async () => {
    const lab = createLab({ faults: [{ type: 'cancel_refused', statusCode: 503 }] });
    const { id } = await lab.order(lines(1));
    expect(refusalOf(await lab.provider.cancelBatch(id))).toMatchObject({
      statusCode: 503,
      error: { type: 'server_error' },
    });
    expect((await lab.retrieve(id)).status).toBe('validating');
  });

  it('is refused as often as the script says, and does nothing', async () => {
    const lab = createLab({ faults: [{ type: 'cancel_refused', batch: 1, times: 2 }] });
    const { id } = await lab.order(lines(1));
    for (let i = 0; i < 2; i += 1)
      expect(refusalOf(await lab.provider.cancelBatch(id)).statusCode).toBe(400);
    expect((await lab.retrieve(id)).status).toBe('validating');
    expect(valueOf(await lab.provider.cancelBatch(id)).status).toBe('cancelling');
  });
});
