import { describe, expect, it } from 'vitest';
import { createRefusals, type Fault, type Reply } from '../../../lib/sim/provider/index.ts';
import { createLab, endpoint, hourMs, lines, refusalOf, valueOf } from './lab.ts';

const minuteMs = 60_000;

const uploadOf = (lab: ReturnType<typeof createLab>, count: number) =>
  lab.provider.createFile({
    filename: 'a.jsonl',
    purpose: 'batch',
    content: once(`${lines(count).join('\n')}\n`),
  });
async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
const createOf = (lab: ReturnType<typeof createLab>, fileId: string) =>
  lab.provider.createBatch({ input_file_id: fileId, endpoint, completion_window: '24h' });

describe('an upload', () => {
  it.each([undefined, 400])(
    'of more bytes than the service takes is refused (%s), a smaller one is not',
    async (statusCode) => {
      const lab = createLab({
        faults: [
          {
            type: 'upload_too_large',
            bytesMax: 1_000,
            ...(statusCode === undefined ? {} : { statusCode }),
          },
        ],
      });
      expect(refusalOf(await uploadOf(lab, 20))).toMatchObject({
        statusCode: statusCode ?? 413,
        error: { message: expect.stringContaining('too large') as string },
      });
      expect(valueOf(await uploadOf(lab, 2)).status).toBe('processed');
      expect(lab.provider.ledger.uploads).toBe(1);
    },
  );

  it.each(['files_quota', 'storage_quota'] as const)('exceeds a quota: %s', async (reason) => {
    const lab = createLab({ faults: [{ type: 'upload_refused', reason, times: 1 }] });
    expect(refusalOf(await uploadOf(lab, 1)).error.message).toContain('quota');
    valueOf(await uploadOf(lab, 1));
  });

  it.each(['upload', 'create'] as const)(
    'is read at once, and a line of it refused at the %s',
    async (at) => {
      const lab = createLab({ faults: [{ type: 'line_refused', line: 2, at, batch: 1 }] });
      const refusal = async (): Promise<Reply<unknown>> => {
        const uploaded = await uploadOf(lab, 3);
        return at === 'upload' ? uploaded : createOf(lab, valueOf(uploaded).id);
      };
      expect(refusalOf(await refusal())).toMatchObject({
        statusCode: 400,
        error: { message: expect.stringContaining('line 2') as string, code: 'invalid_line' },
      });
      expect(lab.provider.ledger.batchesCreated).toBe(0);
      valueOf(await refusal());
    },
  );

  it.each(['upload', 'create'] as const)('names a request by its id at the %s', async (at) => {
    const lab = createLab({
      faults: [{ type: 'line_refused', line: 2, at, byId: true, batch: 1 }],
    });
    const uploaded = await uploadOf(lab, 3);
    const reply = at === 'upload' ? uploaded : await createOf(lab, valueOf(uploaded).id);
    expect(refusalOf(reply)).toMatchObject({
      statusCode: 400,
      error: { message: "Request 'row-1' is not valid.", param: null },
    });
    expect(lab.provider.ledger.uploads).toBe(at === 'upload' ? 0 : 1);
  });

  it.each(['file_not_processed', 'file_not_found_after_upload'] as const)(
    'is refused with the message of the script: %s',
    async (type) => {
      const lab = createLab({ faults: [{ type, forMs: 5 * minuteMs, message: 'not yet' }] });
      const file = valueOf(await uploadOf(lab, 1));
      expect(refusalOf(await createOf(lab, file.id)).error).toMatchObject({
        message: 'not yet',
        param: 'input_file_id',
      });
    },
  );

  it('is not processed for a while, and says so', async () => {
    const lab = createLab({ faults: [{ type: 'file_not_processed', forMs: 5 * minuteMs }] });
    const file = valueOf(await uploadOf(lab, 1));
    expect(file.status).toBe('uploaded');
    expect(refusalOf(await createOf(lab, file.id)).error.message).toContain('not processed yet');
    lab.wait(5 * minuteMs);
    expect(valueOf(await lab.provider.retrieveFile(file.id)).status).toBe('processed');
    valueOf(await createOf(lab, file.id));
  });

  it('is not found by creates for a while, though it can be retrieved', async () => {
    const lab = createLab({
      faults: [{ type: 'file_not_found_after_upload', forMs: 5 * minuteMs }],
    });
    const file = valueOf(await uploadOf(lab, 1));
    expect(valueOf(await lab.provider.retrieveFile(file.id)).id).toBe(file.id);
    expect(refusalOf(await createOf(lab, file.id)).error.message).toContain('Cannot find file');
    lab.wait(5 * minuteMs);
    valueOf(await createOf(lab, file.id));
  });
});

describe('a create', () => {
  it.each(createRefusals)('is refused for %s, and makes nothing', async (reason) => {
    const lab = createLab({ faults: [{ type: 'create_refused', reason, times: 1 }] });
    const file = valueOf(await uploadOf(lab, 1));
    const statusCode = {
      over_capacity: 429,
      insufficient_quota: 429,
      unauthorized: 401,
      not_in_plan: 403,
      region: 403,
    }[reason];
    expect(refusalOf(await createOf(lab, file.id)).statusCode).toBe(statusCode);
    expect(lab.provider.ledger.batchesCreated).toBe(0);
    valueOf(await createOf(lab, file.id));
  });
});

describe('lists of batches', () => {
  const listed = async (fault: Fault) => {
    const lab = createLab({ faults: [fault] });
    await lab.order(lines(1));
    return lab.provider.listBatches();
  };

  it('are not served', async () => {
    expect(refusalOf(await listed({ type: 'list_refused' })).statusCode).toBe(405);
    expect(refusalOf(await listed({ type: 'list_refused', statusCode: 501 })).statusCode).toBe(501);
  });

  it('are arrays', async () => {
    expect(valueOf(await listed({ type: 'list_bare' }))).toEqual([
      expect.objectContaining({ object: 'batch' }),
    ]);
  });

  it('begin with an empty page that says there is more', async () => {
    expect(valueOf(await listed({ type: 'list_page_empty' }))).toEqual({
      object: 'list',
      data: [],
      has_more: true,
    });
  });
});

describe('a batch object', () => {
  it('has no counts until the batch has ended', async () => {
    const lab = createLab({ faults: [{ type: 'counts_null' }] });
    const batch = await lab.order(lines(2));
    expect((await lab.retrieve(batch.id)).request_counts).toEqual({
      total: null,
      completed: null,
      failed: null,
    });
    lab.wait(5 * hourMs);
    expect((await lab.retrieve(batch.id)).request_counts).toEqual({
      total: 2,
      completed: 2,
      failed: 0,
    });
  });

  it('has its times as texts, in lists too', async () => {
    const lab = createLab({ faults: [{ type: 'times_iso' }] });
    const batch = await lab.order(lines(1));
    expect(String(batch.created_at)).toMatch(/^2026-04-03T12:00:00\.000Z$/u);
    expect(batch.completed_at).toBeNull();
    expect(valueOf(await lab.provider.listBatches()).data[0]?.created_at).toBe(batch.created_at);
  });

  it('names an error file of no bytes', async () => {
    const lab = createLab({ faults: [{ type: 'error_file_empty' }] });
    const { error_file_id: id } = await lab.finish(lines(1));
    expect(id).toMatch(/^file-/u);
    expect(valueOf(await lab.provider.retrieveFile(id ?? '')).bytes).toBe(0);
    expect(await lab.text(id)).toBe('');
  });

  it('has a blank where there is no error file', async () => {
    const lab = createLab({ faults: [{ type: 'error_file_blank', batch: 1 }] });
    expect((await lab.finish(lines(1))).error_file_id).toBe('');
    expect((await lab.finish(lines(1))).error_file_id).toBeNull();
  });
});
