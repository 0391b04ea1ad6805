import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../lib/sim/provider/index.ts';
import { createLab, hourMs, lines, refusalOf, rowsOf, valueOf } from './lab.ts';

const minuteMs = 60_000;
const twoHours = { min: 2 * hourMs, max: 2 * hourMs };

describe('a batch that expires', () => {
  it('ends a day after creation with exactly its share answered, and the rest marked batch_expired', async () => {
    const lab = createLab({ faults: [{ type: 'expires', batch: 1, completedRatio: 0.6 }] });
    const batch = await lab.order(lines(10));
    lab.wait(23 * hourMs);
    expect((await lab.retrieve(batch.id)).status).toBe('in_progress');
    lab.wait(hourMs);
    const ended = await lab.retrieve(batch.id);
    expect(ended).toMatchObject({
      status: 'expired',
      expired_at: ended.created_at + 86_400,
      completed_at: null,
      request_counts: { total: 10, completed: 6, failed: 4 },
    });
    expect(rowsOf(await lab.text(ended.output_file_id))).toHaveLength(6);
    const rest = rowsOf(await lab.text(ended.error_file_id));
    expect(rest).toHaveLength(4);
    for (const row of rest)
      expect(row).toMatchObject({ response: null, error: { code: 'batch_expired' } });
    expect(lab.provider.ledger.requestsBilled).toBe(6);
  });

  it('expires when it is slower than its window', async () => {
    const lab = createLab({ turnaroundMs: { min: 48 * hourMs, max: 48 * hourMs } });
    const batch = await lab.finish(lines(100));
    expect(batch.status).toBe('expired');
    expect(batch.request_counts.completed).toBeGreaterThan(40);
    expect(batch.request_counts.completed).toBeLessThan(60);
  });
});

describe('a batch', () => {
  it('fails validation with the code and the lines of the script', async () => {
    const lab = createLab({
      faults: [{ type: 'validation_fails', batch: 2, code: 'invalid_request', lines: [2, 5] }],
    });
    expect((await lab.finish(lines(6))).status).toBe('completed');
    const failed = await lab.finish(lines(6));
    expect(failed.status).toBe('failed');
    expect(failed.errors?.data.map(({ code, line }) => [code, line])).toEqual([
      ['invalid_request', 2],
      ['invalid_request', 5],
    ]);
  });

  it('fails validation with the message of the script', async () => {
    const error = { code: 'unsupported_model', message: 'Not this one.', param: 'body.model' };
    const lab = createLab({ faults: [{ type: 'validation_fails', ...error, lines: [1] }] });
    expect((await lab.finish(lines(2))).errors?.data).toEqual([{ ...error, line: 1 }]);
  });

  it('fails validation with a remark on the whole batch in addition to its lines', async () => {
    const lab = createLab({
      faults: [
        { type: 'validation_fails', code: 'c', lines: [1], remark: 'The batch has errors.' },
      ],
    });
    expect((await lab.finish(lines(2))).errors?.data).toMatchObject([
      { code: 'c', line: 1 },
      { code: 'batch_invalid', message: 'The batch has errors.', line: null },
    ]);
  });

  it('fails validation on lines that it does not have, and on requests by their ids', async () => {
    const lab = createLab({
      faults: [
        { type: 'validation_fails', batch: 1, code: 'c', lines: [99] },
        { type: 'validation_fails', batch: 2, code: 'c', lines: [2, 99], byId: true },
      ],
    });
    const errors = async () =>
      (await lab.finish(lines(3))).errors?.data.map(({ line, message }) => [line, message]);
    expect(await errors()).toEqual([[99, 'The batch was refused: c.']]);
    expect(await errors()).toEqual([
      [null, "Request 'row-1': The batch was refused: c."],
      [99, 'The batch was refused: c.'],
    ]);
  });

  it('fails validation on one line after the other, for one code after the other, until as many batches did', async () => {
    const lab = createLab({
      faults: [{ type: 'validation_names_lines', codes: ['a', 'b'], batches: 4 }],
    });
    const errors: unknown[] = [];
    for (let n = 0; n < 5; n += 1)
      errors.push((await lab.finish(lines(3))).errors?.data.map(({ code, line }) => [code, line]));
    expect(errors).toEqual([[['a', 1]], [['b', 2]], [['a', 3]], [['b', 3]], undefined]);
  });

  it('fails for a simulated capacity limit with the message of a real one', async () => {
    const lab = createLab({ faults: [{ type: 'validation_fails', code: 'token_limit_exceeded' }] });
    const failed = await lab.finish(lines(1));
    expect(failed.errors?.data).toMatchObject([{ code: 'token_limit_exceeded', line: null }]);
    expect(failed.errors?.data[0]?.message).toMatch(/^Enqueued token limit reached/u);
  });

  it('completes without files, its counts full', async () => {
    const lab = createLab({ faults: [{ type: 'completes_without_files', batch: 1 }] });
    const batch = await lab.finish(lines(5));
    expect(batch).toMatchObject({
      status: 'completed',
      output_file_id: null,
      error_file_id: null,
      request_counts: { completed: 5 },
    });
    await lab.finish(lines(5));
    // The first answers were lost, so paying again is the service's fault.
    expect(lab.provider.ledger).toMatchObject({
      requestsBilled: 10,
      doubleBilledCount: 0,
      billedAgainAfterLossCount: 5,
    });
  });

  it('shows its files late', async () => {
    const lab = createLab({
      turnaroundMs: twoHours,
      faults: [{ type: 'files_late', forMs: 10 * minuteMs }],
    });
    const batch = await lab.order(lines(5));
    lab.wait(2 * hourMs + 9 * minuteMs);
    expect(await lab.retrieve(batch.id)).toMatchObject({
      status: 'completed',
      output_file_id: null,
    });
    lab.wait(minuteMs);
    expect((await lab.retrieve(batch.id)).output_file_id).toMatch(/^file-/u);
  });

  it('is not found for a while after creation', async () => {
    const lab = createLab({ faults: [{ type: 'not_found_after_create', forMs: minuteMs }] });
    const batch = await lab.order(lines(1));
    expect(refusalOf(await lab.provider.retrieveBatch(batch.id)).statusCode).toBe(404);
    expect(refusalOf(await lab.provider.cancelBatch(batch.id)).statusCode).toBe(404);
    lab.wait(minuteMs);
    expect((await lab.retrieve(batch.id)).id).toBe(batch.id);
  });

  it('is missing from lists for a while after creation', async () => {
    const lab = createLab({ faults: [{ type: 'list_lags', batch: 2, forMs: minuteMs }] });
    const [first, second] = [await lab.order(lines(1)), await lab.order(lines(1))];
    const listed = async (): Promise<readonly string[]> =>
      valueOf(await lab.provider.listBatches()).data.map(({ id }) => id);
    expect(await listed()).toEqual([first.id]);
    expect((await lab.retrieve(second.id)).id).toBe(second.id);
    lab.wait(minuteMs);
    expect(await listed()).toEqual([second.id, first.id]);
  });

  it('stays in finalizing for as long as the script says, its counts full', async () => {
    const lab = createLab({
      turnaroundMs: twoHours,
      faults: [{ type: 'slow_finalizing', forMs: 3 * hourMs }],
    });
    const batch = await lab.order(lines(4));
    lab.wait(4 * hourMs);
    expect(await lab.retrieve(batch.id)).toMatchObject({
      status: 'finalizing',
      request_counts: { total: 4, completed: 4 },
      output_file_id: null,
    });
    lab.wait(hourMs);
    expect((await lab.retrieve(batch.id)).status).toBe('completed');
  });

  it('is cancelled from outside', async () => {
    const lab = createLab({ faults: [{ type: 'cancelled_by_hand', completedRatio: 0.3 }] });
    const batch = await lab.finish(lines(10));
    expect(batch).toMatchObject({
      status: 'cancelled',
      request_counts: { total: 10, completed: 3, failed: 7 },
    });
    expect(batch.cancelling_at).not.toBeNull();
  });

  it('has a fault with its probability, drawn once for its life', async () => {
    const lab = createLab({ faults: [{ type: 'completes_without_files', probability: 0.5 }] });
    let lostCount = 0;
    for (let round = 0; round < 100; round += 1)
      if ((await lab.finish(lines(1))).output_file_id === null) lostCount += 1;
    expect(lostCount).toBeGreaterThan(25);
    expect(lostCount).toBeLessThan(75);
  });
});

describe('rows', () => {
  const rowCount = 200;
  const play = async (fault: Fault) => {
    const lab = createLab({ faults: [fault] });
    const batch = await lab.finish(lines(rowCount));
    const output = (await lab.text(batch.output_file_id)).split('\n').filter((row) => row !== '');
    return { lab, batch, output, errors: rowsOf(await lab.text(batch.error_file_id)) };
  };
  const isShare = (count: number): boolean => count > rowCount * 0.15 && count < rowCount * 0.45;

  it('fail with the status of the script, in the error file, unbilled', async () => {
    const { lab, batch, output, errors } = await play({
      type: 'rows_fail',
      ratio: 0.3,
      statusCode: 429,
    });
    expect(isShare(errors.length)).toBe(true);
    expect(output.length + errors.length).toBe(rowCount);
    expect(batch.request_counts).toEqual({
      total: rowCount,
      completed: output.length,
      failed: errors.length,
    });
    for (const row of errors)
      expect(row).toMatchObject({
        error: null,
        response: { status_code: 429, body: { error: { code: 'rate_limit_exceeded' } } },
      });
    expect(lab.provider.ledger.requestsBilled).toBe(output.length);
  });

  it('that all fail leave a completed batch without an output file', async () => {
    const { batch } = await play({ type: 'rows_fail', ratio: 1, statusCode: 400 });
    expect(batch).toMatchObject({
      status: 'completed',
      output_file_id: null,
      request_counts: { completed: 0, failed: rowCount },
    });
  });

  it('go missing from both files though they count as completed', async () => {
    const { batch, output, errors } = await play({ type: 'rows_missing', ratio: 0.3 });
    expect(batch.request_counts.completed).toBe(rowCount);
    expect(isShare(rowCount - output.length)).toBe(true);
    expect(errors).toEqual([]);
  });

  it('come twice', async () => {
    const { output } = await play({ type: 'rows_duplicated', ratio: 0.3 });
    expect(isShare(output.length - rowCount)).toBe(true);
    expect(new Set(output).size).toBe(rowCount);
  });

  it('come as lines that are not JSON', async () => {
    const { output } = await play({ type: 'rows_malformed', ratio: 0.3 });
    expect(output).toHaveLength(rowCount);
    expect(isShare(output.filter((row) => !isJson(row)).length)).toBe(true);
  });

  it('come under ids that were never sent', async () => {
    const { output } = await play({ type: 'rows_unknown_id', ratio: 0.3 });
    expect(
      isShare(rowsOf(output.join('\n')).filter((row) => !row.custom_id.startsWith('row-')).length),
    ).toBe(true);
  });

  it('are truncated at the output limit', async () => {
    const { output } = await play({ type: 'rows_truncated', ratio: 0.3 });
    const cut = rowsOf(output.join('\n')).filter(
      (row) => row.response?.body['status'] === 'incomplete',
    );
    expect(isShare(cut.length)).toBe(true);
    for (const row of cut)
      expect(row.response?.body['incomplete_details']).toEqual({ reason: 'max_output_tokens' });
  });

  it('are refused by the model with status 200', async () => {
    const { output } = await play({ type: 'rows_refused', ratio: 0.3 });
    expect(isShare(output.filter((row) => row.includes('"type": "refusal"')).length)).toBe(true);
  });

  it('come with status code 0 in the output file', async () => {
    const { batch, output } = await play({ type: 'rows_status_zero', ratio: 0.3 });
    expect(batch.request_counts.completed).toBe(rowCount);
    expect(
      isShare(rowsOf(output.join('\n')).filter((row) => row.response?.status_code === 0).length),
    ).toBe(true);
  });

  it('time out without a response', async () => {
    const { errors } = await play({ type: 'rows_timed_out', ratio: 0.3 });
    expect(isShare(errors.length)).toBe(true);
    for (const row of errors)
      expect(row).toMatchObject({ response: null, error: { code: 'request_timeout' } });
  });

  it('draw again when they are sent again', async () => {
    const lab = createLab({ faults: [{ type: 'rows_fail', ratio: 0.5, statusCode: 500 }] });
    const failedIds = async (): Promise<readonly string[]> =>
      rowsOf(await lab.text((await lab.finish(lines(rowCount))).error_file_id)).map(
        (row) => row.custom_id,
      );
    expect([...(await failedIds())].sort()).not.toEqual([...(await failedIds())].sort());
  });
});

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a batch that never ends', () => {
  it.each(['validating', 'in_progress', 'finalizing'] as const)(
    'stays %s past its expiry, and is ended by a cancel',
    async (at) => {
      const lab = createLab({ faults: [{ type: 'never_ends', at, batch: 1 }] });
      const { id, expires_at: expiresAt } = await lab.order(lines(4));
      lab.wait(72 * hourMs);
      const batch = await lab.retrieve(id);
      expect(batch).toMatchObject({ status: at, output_file_id: null, expires_at: expiresAt });
      expect(lab.provider.nextChangeMs()).toBeNull();
      await lab.provider.cancelBatch(id);
      lab.wait(hourMs);
      expect((await lab.retrieve(id)).status).toBe('cancelled');
    },
  );

  it('stays in `cancelling`, or ignores a cancel', async () => {
    const lab = createLab({
      faults: [
        { type: 'never_ends', at: 'cancelling', batch: 1 },
        { type: 'never_ends', ignoresCancel: true, batch: 2 },
      ],
    });
    const first = await lab.order(lines(4));
    const second = await lab.order(lines(4));
    lab.wait(10 * minuteMs);
    expect(valueOf(await lab.provider.cancelBatch(first.id)).status).toBe('cancelling');
    expect(valueOf(await lab.provider.cancelBatch(second.id)).status).toBe('in_progress');
    lab.wait(72 * hourMs);
    expect((await lab.retrieve(first.id)).status).toBe('cancelling');
    expect(await lab.retrieve(second.id)).toMatchObject({
      status: 'in_progress',
      request_counts: { total: 4, completed: 2 },
    });
  });

  it('may name a file of its answers', async () => {
    const lab = createLab({ faults: [{ type: 'never_ends', namesFiles: true, batch: 1 }] });
    const batch = await lab.finish(lines(4));
    expect(batch).toMatchObject({
      status: 'in_progress',
      request_counts: { total: 4, completed: 2, failed: 0 },
    });
    expect(rowsOf(await lab.text(batch.output_file_id))).toHaveLength(2);
    expect(lab.provider.ledger.requestsBilled).toBe(2);
    await lab.provider.cancelBatch(batch.id);
    lab.wait(hourMs);
    const ended = await lab.retrieve(batch.id);
    expect([ended.status, ended.output_file_id]).toEqual(['cancelled', batch.output_file_id]);
    expect(lab.provider.ledger.requestsBilled).toBe(2);
  });
});

describe('a status', () => {
  it('is shown under another name', async () => {
    const lab = createLab({ faults: [{ type: 'status_shown_as', as: 'finalized', batch: 1 }] });
    const batch = await lab.finish(lines(2));
    expect(batch.status).toBe('finalized');
    expect(rowsOf(await lab.text(batch.output_file_id))).toHaveLength(2);
  });
});
