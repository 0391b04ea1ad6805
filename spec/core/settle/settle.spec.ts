import { describe, expect, it } from 'vitest';
import {
  batchEffectKey,
  censusOfRows,
  codeOfFailure,
  emptyUsage,
} from '../../../lib/core/internal.ts';
import { stoppedBeforeLimit } from '../../../lib/core/settle/output-bound.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  endBatch,
  ending,
  key,
  rejected,
  requeueAll,
  settleRest,
  settleSuccesses,
  startRun,
  statuses,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

const withFiles = (
  sizes: readonly number[],
  how = ending({ outputFileId: 'o', errorFileId: 'e' }),
  config = makeConfig(),
) => {
  const run = startRun(config);
  accept(run, sizes);
  toCreated(run, 'a');
  endBatch(run, 'a', how);
  send(run, {
    type: 'RecordFiles',
    batchKey: key('a'),
    output: { object: 'out', bytes: 100 },
    error: null,
    census: censusOfRows(1_000_000),
  });
  return run;
};

describe('settling', () => {
  it('ends a batch whose rows all succeeded with an empty last slice', () => {
    const run = withFiles([10, 10]);
    settleSuccesses(run, 'a', [1, 0]);
    expect(settleRest(run, 'a').events.map((event) => event.type)).toEqual([
      'ItemsSettled',
      'BatchSettled',
      'RunFinished',
    ]);
    expect(run.state.snapshot.status).toBe('completed');
  });

  it('counts a row that was answered twice as one, and the other line as a duplicate', () => {
    const run = withFiles([10, 10]);
    settleSuccesses(run, 'a', [0, 0, 1], false);
    settleSuccesses(run, 'a', [1]);
    expect(run.state.snapshot).toMatchObject({
      defects: { duplicate: 2 },
      totals: { completed: 2 },
    });
  });

  it('lets a success anywhere win over a failure', () => {
    const run = withFiles([10, 10]);
    settleSuccesses(run, 'a', [0]);
    settleRest(run, 'a', () => codeOfFailure('invalid_request'));
    expect(statuses(run)).toEqual(['completed', 'failed_permanent: invalid_request']);
  });

  it('refuses a slice of an earlier position, and one of another file', () => {
    const run = withFiles([10, 10, 10]);
    settleSuccesses(run, 'a', [0], false);
    expect(settleRest(run, 'a').rejection).toMatchObject({
      type: 'stale_slice',
      expected: 'output@10',
    });
  });

  it('refuses an end that leaves rows of the batch behind, and more rows than it has left', () => {
    const run = withFiles([10, 10, 10]);
    settleSuccesses(run, 'a', [0]);
    const rows = (indexes: readonly number[], isLast: boolean) => {
      const zeros = indexes.map(() => 0);
      return attempt(run, {
        type: 'SettleRest',
        batchKey: key('a'),
        fromIndex: 0,
        rows: { indexes, bytes: zeros, tokens: zeros, charged: zeros, uncharged: zeros, isLast },
        codes: zeros,
        parts: zeros,
        offsets: zeros,
        lengths: zeros,
      });
    };
    expect(rows([1], true).rejection).toMatchObject({ type: 'stale_slice', expected: 2, given: 1 });
    expect(rows([0, 1, 2], true).rejection).toMatchObject({
      type: 'stale_slice',
      expected: 2,
      given: 3,
    });
    expect(rows([], false).rejection).toMatchObject({ type: 'malformed_command' });
    expect(rows([1, 2], true).rejection).toBeNull();
  });

  it('continues behind the last row of a slice', () => {
    const run = withFiles([10, 10, 10, 10]);
    settleSuccesses(run, 'a', [1]);
    settleRest(run, 'a', () => -1, 2);
    expect(batchOf(run, 'a').position).toEqual({ part: 'rest', offset: 3 });
    settleRest(run, 'a');
    expect(run.state.snapshot.totals).toMatchObject({ completed: 1, failed_retryable: 3 });
  });
});

describe('an answer that stops at the output limit', () => {
  const truncated = codeOfFailure('truncated');
  const cut = (
    raisedOutputTokensMax: number | null,
    outputTokens: number | undefined,
    attemptsMax = 3,
    first = truncated,
  ) => {
    const run = startRun(makeConfig({ retry: { raisedOutputTokensMax, attemptsMax } }));
    accept(run, [10]);
    const answer = (name: string, code: number): void => {
      toCreated(run, name);
      endBatch(run, name, ending({ errorFileId: 'e' }));
      send(run, {
        type: 'RecordFiles',
        batchKey: key(name),
        output: null,
        error: { object: 'err', bytes: 100 },
        census: censusOfRows(1),
      });
      send(run, {
        type: 'SettleSlice',
        batchKey: key(name),
        part: 'error',
        fromOffset: 0,
        toOffset: 100,
        isEndOfFile: true,
        lines: { indexes: [], offsets: [], lengths: [] },
        open: [],
        usage: emptyUsage,
        malformedCount: 0,
        unknownCount: 0,
      });
      settleRest(run, name, () => code, 1_000, outputTokens);
    };
    answer('a', first);
    const after = statuses(run)[0];
    if (after === 'failed_retryable') {
      run.nowMs += 3_600_000;
      requeueAll(run);
      answer('b', truncated);
    }
    return { first: after, last: statuses(run)[0], charged: run.state.rows[0]?.charged };
  };
  const failed = 'failed_permanent: truncated';

  it('fails, unless the job raises the limit', () => {
    expect(cut(null, 300)).toEqual({ first: failed, last: failed, charged: 1 });
  });

  it('is asked for once more with a raised limit, and no third time', () => {
    for (const reported of [300, -1, undefined])
      expect(cut(900, reported)).toEqual({ first: 'failed_retryable', last: failed, charged: 2 });
  });

  it('is not asked for where no output limit ended it: the same would be paid for again', () => {
    expect(cut(900, stoppedBeforeLimit)).toEqual({ first: failed, last: failed, charged: 1 });
  });

  it('is not asked for where an answer was as long as the raised limit already, or no attempt is left', () => {
    expect(cut(900, 900).first).toBe(failed);
    expect(cut(900, 300, 1).first).toBe(failed);
  });

  it('keeps its name while the run is cancelled, and counts the choices of an answer together', () => {
    const config = makeConfig({
      retry: { raisedOutputTokensMax: 400 },
      money: { outputTokensMax: 3_200 },
    });
    const settled = (isCancelled: boolean) => {
      const run = withFiles([10], ending({ errorFileId: 'e', outputFileId: 'o' }), config);
      settleSuccesses(run, 'a', []);
      if (isCancelled) send(run, { type: 'CancelRun' });
      settleRest(run, 'a', () => truncated, 1_000, 480);
      return statuses(run)[0];
    };
    expect([settled(false), settled(true)]).toEqual(['failed_retryable', failed]);
  });

  it('fails on any later attempt: that one had the raised limit', () => {
    expect(cut(900, 300, 5, codeOfFailure('server_error'))).toEqual({
      first: 'failed_retryable',
      last: failed,
      charged: 2,
    });
  });
});

describe('a batch that failed validation', () => {
  const refused = (how: ReturnType<typeof rejected>, rowsMax = 1_000) => {
    const run = startRun();
    accept(run, [10, 10, 10, 10]);
    toCreated(run, 'a');
    endBatch(run, 'a', how);
    while (run.state.snapshot.live.length > 0) settleRest(run, 'a', () => -1, rowsMax);
    return run;
  };

  it.each([1, 2, 3, 1_000])(
    'fails the rows on the wrong lines and sends the rest again, in slices of %i',
    (rowsMax) => {
      const bad = 'failed_permanent: invalid_request';
      expect(statuses(refused(rejected('invalid_lines', [1, 4]), rowsMax))).toEqual([
        bad,
        'failed_retryable',
        'failed_retryable',
        bad,
      ]);
    },
  );

  it('sends all rows again when it was full, or refused for a reason without lines', () => {
    for (const type of ['over_capacity', 'other'] as const)
      expect(refused(rejected(type)).state.snapshot.totals.failed_retryable).toBe(4);
  });

  it('trusts no line number once files say that some rows were answered', () => {
    const run = withFiles([10, 10, 10], { ...rejected('invalid_lines', [1]), outputFileId: 'o' });
    settleSuccesses(run, 'a', [0]);
    settleRest(run, 'a');
    expect(statuses(run)).toEqual(['completed', 'failed_retryable', 'failed_retryable']);
  });

  it('for want of money pauses the run, and keeps the rows', () => {
    const run = refused(rejected('insufficient_quota'));
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'insufficient_quota',
    });
    expect(run.state.snapshot.totals.failed_retryable).toBe(4);
  });

  it('opens the circuit at the third in a row', () => {
    const run = startRun(makeConfig());
    accept(run, [10]);
    for (const name of ['a', 'b', 'c']) {
      expect(run.state.snapshot.control.state).toBe('running');
      toCreated(run, name);
      endBatch(run, name, rejected('other'));
      settleRest(run, name);
      const dueAtMs = run.state.snapshot.backoff[0]?.dueAtMs ?? 0;
      run.nowMs = dueAtMs;
      send(run, {
        type: 'RequeueRows',
        dueAtMs,
        rows: { indexes: [0], bytes: [10], tokens: [10], isLast: true },
      });
    }
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
  });
});

describe('completed batches that lost their answers', () => {
  const lose = (run: ReturnType<typeof startRun>, name: string) => {
    toCreated(run, name);
    endBatch(run, name, ending());
    return settleRest(run, name);
  };

  it('pause the run at the second in a row: asked again, their rows are paid for again', () => {
    const run = startRun();
    accept(run, Array<number>(120).fill(10));
    lose(run, 'a');
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      lostStreak: 1,
      defects: { missing: 120 },
    });
    run.nowMs += 10_000_000;
    requeueAll(run);
    lose(run, 'b');
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'results_unavailable',
    });
    expect(statuses(run).every((status) => status === 'failed_retryable')).toBe(true);
  });

  it('pause the run at once where a thousand rows are gone', () => {
    const run = startRun(makeConfig({ chunk: { requestsMax: 1_000, inputBytesMax: 1_000_000 } }));
    accept(run, Array<number>(1_000).fill(10));
    lose(run, 'a');
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'results_unavailable',
    });
    expect(run.state.snapshot.control.message).toContain('1000 of its 1000 answers are not there');
  });

  it('pause nothing where an operator has confirmed that they are lost', () => {
    const run = startRun(makeConfig({ chunk: { requestsMax: 1_000, inputBytesMax: 1_000_000 } }));
    accept(run, Array<number>(1_000).fill(10));
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ outputFileId: 'o' }));
    for (let i = 0; i < 4; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: batchEffectKey(key('a')),
        fault: 'refused',
        message: 'no such file',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'results_unavailable',
    });
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } });
    settleRest(run, 'a');
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      lostStreak: 0,
      defects: { missing: 1_000 },
    });
    expect(statuses(run).every((status) => status === 'failed_retryable')).toBe(true);
  });

  it('of few rows pause nothing: those have their own ceiling', () => {
    const run = startRun(makeConfig({ retry: { unchargedAttemptsMax: 3 } }));
    accept(run, [10]);
    for (const name of ['a', 'b', 'c']) {
      lose(run, name);
      run.nowMs += 10_000_000;
      if (run.state.snapshot.backoff.length > 0) requeueAll(run);
    }
    expect(statuses(run)).toEqual(['failed_permanent: missing_result']);
    expect(run.state.snapshot.status).toBe('completed_with_failures');
  });
});

describe('batches that are refused whole', () => {
  it('fail no row, however often: the run pauses instead', () => {
    const run = startRun(makeConfig({ retry: { unchargedAttemptsMax: 2 } }));
    accept(run, [10]);
    for (const name of ['a', 'b', 'c', 'd']) {
      toCreated(run, name);
      endBatch(run, name, rejected('over_capacity'));
      settleRest(run, name);
      run.nowMs += 100_000_000;
      requeueAll(run);
    }
    expect(statuses(run)).toEqual(['pending']);
    for (const name of ['e', 'f', 'g']) {
      if (run.state.snapshot.control.state === 'paused') break;
      toCreated(run, name);
      endBatch(run, name, rejected('other'));
      settleRest(run, name);
      run.nowMs += 100_000_000;
      if (run.state.snapshot.control.state === 'running') requeueAll(run);
    }
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
  });
});
