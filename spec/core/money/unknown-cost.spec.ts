import { describe, expect, it } from 'vitest';
import {
  censusOfRows,
  codeOfFailure,
  emptyUsage,
  enqueueBudget,
  type FailureClass,
  nothingPresumed,
  spentUsd,
} from '../../../lib/core/internal.ts';
import { makeConfig, testPrices, type Overrides } from '../../support/core/config.ts';
import {
  accept,
  batchOf,
  ending,
  endBatch,
  key,
  type Scenario,
  settleRest,
  settleSuccesses,
  startRun,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

/** A row of 10 tokens costs at worst $10, and an answer of 5 another $10. */
const runOf = (rows: number, overrides: Overrides = {}): Scenario => {
  const run = startRun(
    makeConfig({
      chunk: { requestsMax: rows, planAfterMs: 0 },
      money: { prices: testPrices, outputTokensMax: 5, costUsdMax: 1_000 },
      ...overrides,
    }),
  );
  accept(run, Array<number>(rows).fill(10));
  toCreated(run, 'a');
  return run;
};
const endWithFiles = (run: Scenario): void => {
  endBatch(run, 'a', ending({ outputFileId: 'o' }));
  const { requests } = batchOf(run, 'a');
  send(run, {
    type: 'RecordFiles',
    batchKey: key('a'),
    output: { object: 'out', bytes: 10 * requests },
    error: null,
    census: censusOfRows(1_000),
  });
};

describe('answers of a service that reports no usage', () => {
  it('are presumed to cost what they may: a cap that counts nothing would never be reached', () => {
    const run = runOf(4);
    endWithFiles(run);
    settleSuccesses(run, 'a', [0, 1, 2, 3]);
    settleRest(run, 'a');
    expect(run.state.snapshot.presumed).toEqual({ rows: 4, inputTokens: 40, outputTokens: 20 });
    expect(spentUsd(run.state.snapshot)).toBe(80);
  });

  it('are not presumed where it does', () => {
    const run = runOf(4);
    endWithFiles(run);
    settleSuccesses(run, 'a', [0, 1, 2, 3], true, {
      ...emptyUsage,
      inputTokens: 40,
      outputTokens: 4,
    });
    settleRest(run, 'a');
    expect(run.state.snapshot.presumed).toEqual(nothingPresumed);
  });
});

describe('a batch whose answers an operator gives up', () => {
  it('is presumed to have answered everything: what was last seen of it is old', () => {
    const run = runOf(4);
    const { providerBatchId } = batchOf(run, 'a');
    if (providerBatchId === null) throw new Error('it was never created');
    const progress = { total: 4, completed: 1, failed: 0 };
    send(
      run,
      {
        type: 'RecordPoll',
        asked: [key('a')],
        observations: [
          {
            batchKey: key('a'),
            providerBatchId,
            providerStatus: 'in_progress',
            isAccepted: true,
            progress,
            ending: null,
          },
        ],
      },
      {
        type: 'RecordFault',
        key: 'poll' as never,
        fault: 'refused',
        message: 'no such project',
        retryAfterMs: null,
      },
      { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } },
    );
    settleRest(run, 'a');
    expect(run.state.snapshot.presumed.rows).toBe(4);
  });
});

describe('counts against what is billed', () => {
  const budgetAfter = (failureClass: FailureClass, billedRows: number): number | null => {
    const run = runOf(40, { enqueue: { enqueuedTokenLimit: 1_000 } });
    endWithFiles(run);
    const succeeded = Array.from({ length: 20 }, (_, i) => i);
    settleSuccesses(run, 'a', succeeded, true, {
      ...emptyUsage,
      inputTokens: 10 * billedRows,
      outputTokens: 5,
    });
    settleRest(run, 'a', () => codeOfFailure(failureClass));
    return enqueueBudget(run.state.snapshot, run.nowMs).tokens;
  };

  it('are those of all answers that were billed, usable or not: refusals do not make counts look too low', () => {
    expect(budgetAfter('refusal', 40)).toBe(1_000);
    expect(budgetAfter('schema_mismatch', 40)).toBe(1_000);
  });

  it('leave out what was never answered', () => {
    expect(budgetAfter('invalid_request', 20)).toBe(1_000);
    expect(budgetAfter('server_error', 20)).toBe(1_000);
  });
});
