import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrows,
  isTerminal,
  type BatchObject,
  type BatchStatus,
} from '../../../lib/sim/provider/index.ts';
import { createLab, hourMs, line, lines, outputTextOf, refusalOf, rowsOf, valueOf } from './lab.ts';

describe('the life of a batch', () => {
  it('goes through validating, in_progress and finalizing to completed, stamping each', async () => {
    const lab = createLab({ turnaroundMs: { min: 2 * hourMs, max: 2 * hourMs } });
    const created = await lab.order(lines(10), { key: 'k1' });
    expect(created).toMatchObject({
      status: 'validating',
      request_counts: { total: 0, completed: 0, failed: 0 },
      metadata: { key: 'k1' },
    });
    lab.wait(60_000);
    expect(await lab.retrieve(created.id)).toMatchObject({
      status: 'in_progress',
      model: 'gpt-4.1-mini-2025-04-14',
      output_file_id: null,
    });
    lab.wait(hourMs);
    const midway = await lab.retrieve(created.id);
    expect(midway.request_counts.total).toBe(10);
    expect(midway.request_counts.completed).toBeGreaterThan(3);
    expect(midway.request_counts.completed).toBeLessThan(8);
    lab.wait(55 * 60_000);
    expect(await lab.retrieve(created.id)).toMatchObject({
      status: 'finalizing',
      request_counts: { total: 10, completed: 10, failed: 0 },
      output_file_id: null,
    });
    lab.wait(hourMs);
    const done = await lab.retrieve(created.id);
    const at = created.created_at;
    expect(done).toMatchObject({
      status: 'completed',
      created_at: Math.floor(lab.startMs / 1000),
      in_progress_at: at + 60,
      finalizing_at: at + 6_900,
      completed_at: at + 7_200,
      expires_at: at + 86_400,
      failed_at: null,
      cancelled_at: null,
    });
    expect(done.output_file_id).toMatch(/^file-/u);
    expect([null, '']).toContain(done.error_file_id);
    expect(done.usage?.total_tokens).toBe(
      (done.usage?.input_tokens ?? 0) + (done.usage?.output_tokens ?? 0),
    );
  });

  it('gives the same bytes for the same seed, whenever and however often it is called', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 * hourMs }), { maxLength: 8 }),
        async (pauses) => {
          const faults = [
            { type: 'rows_fail', ratio: 0.3, statusCode: 500 },
            { type: 'expires', batch: 2, completedRatio: 0.5 },
          ] as const;
          const play = async (looksBetween: boolean): Promise<string> => {
            const lab = createLab({ seed: 9, faults, enqueuedTokensMax: 10_000 });
            const batches = [await lab.order(lines(20)), await lab.order(lines(30))];
            for (const pauseMs of pauses) {
              lab.wait(pauseMs);
              if (looksBetween) await lab.provider.listBatches();
            }
            lab.wait(49 * hourMs);
            let seen = '';
            for (const { id } of batches) {
              const ended = await lab.retrieve(id);
              seen +=
                JSON.stringify(ended) +
                (await lab.text(ended.output_file_id)) +
                (await lab.text(ended.error_file_id));
            }
            return seen;
          };
          expect(await play(true)).toBe(await play(false));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('draws other answers, ids and times for another seed', async () => {
    const play = async (seed: number): Promise<BatchObject> => createLab({ seed }).finish(lines(5));
    const [first, second] = [await play(1), await play(2)];
    expect(first.id).not.toBe(second.id);
    expect(first.completed_at).not.toBe(second.completed_at);
  });

  it('only moves along its arrows', async () => {
    const faultArbitrary = fc.constantFrom(
      { type: 'expires', completedRatio: 0.4 } as const,
      { type: 'cancelled_by_hand', completedRatio: 0.4 } as const,
      { type: 'validation_fails', code: 'invalid_request' } as const,
      { type: 'slow_finalizing', forMs: hourMs } as const,
      { type: 'list_lags', forMs: 0 } as const,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(faultArbitrary, { maxLength: 2 }),
        fc.array(fc.integer({ min: 0, max: 8 * hourMs })),
        fc.nat(20),
        async (faults, pauses, cancelAt) => {
          const lab = createLab({ faults });
          let batch = await lab.order(lines(6));
          for (const [index, pauseMs] of pauses.entries()) {
            lab.wait(pauseMs);
            if (index === cancelAt) await lab.provider.cancelBatch(batch.id);
            const next = await lab.retrieve(batch.id);
            expect(reachable(batch.status as BatchStatus)).toContain(next.status);
            if (isTerminal(batch.status as BatchStatus)) expect(next).toEqual(batch);
            expect(next.request_counts.completed + next.request_counts.failed).toBeLessThanOrEqual(
              next.request_counts.total,
            );
            batch = next;
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('answers', () => {
  it('come once for each request, under its own id, in an order of their own', async () => {
    const lab = createLab();
    const sent = lines(300);
    const batch = await lab.finish(sent);
    const rows = rowsOf(await lab.text(batch.output_file_id));
    const ids = rows.map((row) => row.custom_id);
    expect([...ids].sort()).toEqual(sent.map((_, index) => `row-${index}`).sort());
    expect(ids).not.toEqual(sent.map((_, index) => `row-${index}`));
    for (const row of rows)
      expect(Object.keys(row)).toEqual(['id', 'custom_id', 'response', 'error']);
  });

  it('depend on the prompt, and on nothing else of the line', async () => {
    const lab = createLab();
    const batch = await lab.finish([
      line('a', 'why is the sky blue'),
      line('b', 'name three rivers'),
      line('c', 'why is the sky blue'),
    ]);
    const rows = rowsOf(await lab.text(batch.output_file_id));
    const textOf = (id: string): string => outputTextOf(rows.find((row) => row.custom_id === id));
    expect(textOf('a')).toContain('sky blue');
    expect(textOf('b')).toContain('rivers');
    expect(textOf('a')).toBe(textOf('c'));
    expect(textOf('a')).not.toBe(textOf('b'));
  });

  it('stop where the request bounds its output', async () => {
    const lab = createLab();
    const batch = await lab.finish([line('a', 'a long story please', { max_output_tokens: 3 })]);
    const [row] = rowsOf(await lab.text(batch.output_file_id));
    expect(row?.response?.body).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
    expect(outputTextOf(row).length).toBeLessThanOrEqual(12);
  });

  it('come from the model that the test supplies, attempt by attempt', async () => {
    const lab = createLab({
      answer: ({ customId, attempt }) => (attempt === 1 ? 'first' : { customId, attempt }),
    });
    const texts: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const batch = await lab.finish(lines(1));
      texts.push(outputTextOf(rowsOf(await lab.text(batch.output_file_id))[0]));
    }
    expect(texts).toEqual(['first', '{"customId":"row-0","attempt":2}']);
  });

  it('are a server error on the row where the supplied model throws', async () => {
    const lab = createLab({
      answer: ({ customId }) => {
        if (customId === 'row-1') throw new Error('out of paper');
        return 'fine';
      },
    });
    const batch = await lab.finish(lines(3));
    expect(batch.request_counts).toEqual({ total: 3, completed: 2, failed: 1 });
    const [failed] = rowsOf(await lab.text(batch.error_file_id));
    expect(failed).toMatchObject({
      custom_id: 'row-1',
      error: null,
      response: { status_code: 500, body: { error: { message: 'out of paper' } } },
    });
  });
});

describe('cancelling', () => {
  it('keeps the answered part, marks the rest, and takes a while', async () => {
    const lab = createLab();
    const batch = await lab.order(lines(100));
    lab.wait(40 * 60_000);
    expect(valueOf(await lab.provider.cancelBatch(batch.id))).toMatchObject({
      status: 'cancelling',
      output_file_id: null,
    });
    expect(valueOf(await lab.provider.cancelBatch(batch.id)).status).toBe('cancelling');
    lab.wait(hourMs);
    const ended = await lab.retrieve(batch.id);
    expect(ended.status).toBe('cancelled');
    const answered = rowsOf(await lab.text(ended.output_file_id));
    const rest = rowsOf(await lab.text(ended.error_file_id));
    expect(answered.length).toBeGreaterThan(0);
    expect(answered.length + rest.length).toBe(100);
    for (const row of rest)
      expect(row).toMatchObject({ response: null, error: { code: 'batch_cancelled' } });
    expect(lab.provider.ledger.requestsBilled).toBe(answered.length);
  });

  it('before validation ends leaves no files and no bill', async () => {
    const lab = createLab();
    const batch = await lab.order(lines(3));
    await lab.provider.cancelBatch(batch.id);
    lab.wait(hourMs);
    expect(await lab.retrieve(batch.id)).toMatchObject({
      status: 'cancelled',
      output_file_id: null,
      in_progress_at: null,
    });
    expect(lab.provider.ledger.requestsBilled).toBe(0);
  });

  it('of an ended batch is refused with 409, of an unknown one with 404', async () => {
    const lab = createLab();
    const batch = await lab.finish(lines(1));
    expect(refusalOf(await lab.provider.cancelBatch(batch.id)).statusCode).toBe(409);
    expect(refusalOf(await lab.provider.cancelBatch('batch_none')).statusCode).toBe(404);
  });
});

describe('files', () => {
  it('expire: an upload after 30 days, an output so long after its own creation as the create requested', async () => {
    const lab = createLab({ turnaroundMs: { min: 3 * hourMs, max: 3 * hourMs } });
    const file = await lab.upload(lines(1));
    const order = {
      input_file_id: file.id,
      endpoint: '/v1/responses',
      completion_window: '24h',
      output_expires_after: { anchor: 'created_at', seconds: 7_200 },
    };
    const batch = valueOf(await lab.provider.createBatch(order));
    lab.wait(4 * hourMs);
    const ended = await lab.retrieve(batch.id);
    const output = valueOf(await lab.provider.retrieveFile(ended.output_file_id ?? ''));
    expect(output).toMatchObject({
      purpose: 'batch_output',
      expires_at: output.created_at + 7_200,
    });
    lab.wait(2 * hourMs);
    expect(refusalOf(await lab.provider.fileContent(output.id)).statusCode).toBe(404);
    expect(valueOf(await lab.provider.retrieveFile(file.id)).expires_at).toBe(
      file.created_at + 2_592_000,
    );
    lab.wait(31 * 24 * hourMs);
    expect(refusalOf(await lab.provider.retrieveFile(file.id)).statusCode).toBe(404);
  });

  it('deleted before validation fail the batch unbilled; deleted later change nothing', async () => {
    const lab = createLab();
    const early = await lab.order(lines(2));
    await lab.provider.deleteFile(early.input_file_id);
    const late = await lab.order(lines(2));
    lab.wait(2 * 60_000);
    expect((await lab.retrieve(late.id)).status).toBe('in_progress');
    await lab.provider.deleteFile(late.input_file_id);
    lab.wait(48 * hourMs);
    expect(await lab.retrieve(early.id)).toMatchObject({
      status: 'failed',
      errors: { data: [{ code: 'invalid_request' }] },
    });
    expect(await lab.retrieve(late.id)).toMatchObject({
      status: 'completed',
      request_counts: { completed: 2 },
    });
    expect(lab.provider.ledger.requestsBilled).toBe(2);
  });
});

const reachable = (from: BatchStatus): readonly BatchStatus[] => {
  const seen = new Set<BatchStatus>([from]);
  // A Set includes elements that are added while it is iterated.
  for (const status of seen) for (const next of arrows[status]) seen.add(next);
  return [...seen];
};
