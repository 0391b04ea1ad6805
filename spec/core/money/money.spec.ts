import { describe, expect, it } from 'vitest';
import {
  censusOfRows,
  costOfUsage,
  emptyUsage,
  moneyRoom,
  nothingPresumed,
  spentUsd,
  worstOfLiveUsd,
} from '../../../lib/core/internal.ts';
import { isBounded } from '../../../lib/core/money/money.ts';
import { makeConfig, testPrices, type Overrides } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  ending,
  endBatch,
  key,
  plan,
  type Scenario,
  settleRest,
  settleSuccesses,
  startRun,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

/** A row of 10 tokens costs at worst $10, and an answer of 5 another $10. */
const capped = (costUsdMax: number | null, overrides: Overrides = {}): Scenario => {
  const run = startRun(
    makeConfig({
      chunk: { requestsMax: 4, planAfterMs: 0 },
      money: { prices: testPrices, outputTokensMax: 5, costUsdMax },
      ...overrides,
    }),
  );
  accept(run, Array<number>(12).fill(10));
  return run;
};
const answer = (run: Scenario, name: string, outputTokens: number): void => {
  const { batchNo, requests } = batchOf(run, name);
  const first = run.state.rows.findIndex((row) => row.batchNo === batchNo);
  endBatch(run, name, ending({ outputFileId: 'o' }));
  send(run, {
    type: 'RecordFiles',
    batchKey: key(name),
    output: { object: 'out', bytes: 10 * requests },
    error: null,
    census: censusOfRows(1_000),
  });
  settleSuccesses(
    run,
    name,
    Array.from({ length: requests }, (_, i) => first + i),
    true,
    { ...emptyUsage, inputTokens: 10 * requests, outputTokens: outputTokens * requests },
  );
  settleRest(run, name);
};

describe('the cost of tokens', () => {
  it('is what the batch prices say, with cached input at its own', () => {
    const prices = {
      ...testPrices,
      inputUsdPerMillion: 4,
      cachedInputUsdPerMillion: 1,
      outputUsdPerMillion: 8,
    };
    const usage = {
      inputTokens: 1_000_000,
      cachedInputTokens: 250_000,
      outputTokens: 500_000,
      reasoningTokens: 400_000,
    };
    expect(costOfUsage(usage, prices)).toBeCloseTo(3 + 0.25 + 4, 9);
    // More cached than there was is a lie, and not a discount.
    expect(costOfUsage({ ...usage, cachedInputTokens: 9_000_000 }, prices)).toBeCloseTo(1 + 4, 9);
  });

  it('is unknown where the price is unknown, and never zero', () => {
    const run = capped(null, { money: { prices: null, outputTokensMax: 5, costUsdMax: null } });
    toCreated(run, 'a');
    expect(spentUsd(run.state.snapshot)).toBeNull();
    expect(worstOfLiveUsd(run.state.snapshot)).toBeNull();
    expect(moneyRoom(run.state.snapshot)).toBeNull();
    const unbound = capped(null, {
      money: { prices: testPrices, outputTokensMax: null, costUsdMax: null },
    });
    toCreated(unbound, 'a');
    expect(worstOfLiveUsd(unbound.state.snapshot)).toBeNull();
  });
});

describe('a cap', () => {
  it('reserves no more than its worst-case cost allows', () => {
    const run = capped(70);
    toCreated(run, 'a');
    // Three rows at $20 each; a fourth would pass it.
    expect(batchOf(run, 'a').requests).toBe(3);
    expect(worstOfLiveUsd(run.state.snapshot)).toBe(60);
    expect(moneyRoom(run.state.snapshot)).toBe(10);
    plan(run, 'b');
    expect(run.state.snapshot.live).toHaveLength(1);
    expect(run.state.snapshot.control.state).toBe('running');
    expect(dueTypes(run)).not.toContain('PlanBatch');
  });

  it('takes back what answers did not cost, and pauses only when no row fits any more', () => {
    const run = capped(70);
    toCreated(run, 'a');
    answer(run, 'a', 1);
    // $12 a row were spent, $36 in all: one more fits.
    expect(spentUsd(run.state.snapshot)).toBe(36);
    toCreated(run, 'b');
    expect(batchOf(run, 'b').requests).toBe(1);
    answer(run, 'b', 5);
    expect(plan(run, 'c').events.map(({ type }) => type)).toEqual(['RunPaused']);
    expect(run.state.snapshot.control).toEqual({
      state: 'paused',
      reason: 'budget_exhausted',
      message:
        'the next request (item_index 4) costs at worst $20.00; $56.00 are spent and $0.00 reserved, of at most $70.00',
    });
    const { operation } = run.state.snapshot.config;
    send(
      run,
      {
        type: 'ChangeOperation',
        operation: { ...operation, money: { ...operation.money, costUsdMax: 1_000 } },
      },
      { type: 'ResumeRun' },
    );
    toCreated(run, 'd');
    expect(batchOf(run, 'd').requests).toBe(4);
  });

  it('names what it holds against estimates so, and never calls them the worst', () => {
    const estimated = (costUsdMax: number | null, enqueuedTokenLimit: number | null): string => {
      const run = startRun(
        makeConfig({
          chunk: { requestsMax: 4, planAfterMs: 0 },
          money: { prices: testPrices, outputTokensMax: 5, costUsdMax },
          enqueue: { enqueuedTokenLimit },
        }),
      );
      accept(run, [10], false);
      // One picture among the prompts is enough.
      accept(run, [10, 10], true, false);
      plan(run, 'a');
      expect(isBounded(run.state.snapshot)).toBe(false);
      const { control } = run.state.snapshot;
      return control.state === 'paused' ? (control.message ?? '') : '';
    };
    expect(estimated(15, null)).toMatch(
      /^the next request \(item_index \d+\) costs by estimate \$20\.00; /u,
    );
    expect(estimated(null, 5)).toMatch(
      /^the next request \(item_index \d+\) needs by estimate 10 tokens, /u,
    );
  });

  it('takes bills above the counts for proof that these are no bound', () => {
    const { snapshot } = capped(1_000).state;
    const held = (rows: number, billedTokens: number): boolean =>
      isBounded({
        ...snapshot,
        backlog: { ...snapshot.backlog, counting: 'exact' },
        calibration: { rows, countedTokens: 1_000, billedTokens },
      });
    expect([
      held(100, 900),
      held(100, 1_000),
      held(100, 1_020),
      held(100, 1_100),
      held(100, 24_000),
    ]).toEqual([true, true, true, false, false]);
    // Too few answers prove nothing.
    expect(held(3, 1_100)).toBe(true);
  });

  it('counts answers that cannot be read at their worst', () => {
    const run = capped(1_000);
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ outputFileId: 'o' }));
    while (batchOf(run, 'a').held === null) {
      send(run, {
        type: 'RecordFiles',
        batchKey: key('a'),
        output: { object: 'o', bytes: 0 },
        error: null,
        census: censusOfRows(0),
      });
      run.nowMs += 10_000_000;
    }
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } });
    settleRest(run, 'a');
    expect(run.state.snapshot.presumed).toEqual({ rows: 4, inputTokens: 40, outputTokens: 20 });
    expect(spentUsd(run.state.snapshot)).toBe(80);
  });

  it('counts nothing for what a batch did not answer', () => {
    const run = capped(1_000);
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ type: 'expired' }));
    settleRest(run, 'a');
    expect(run.state.snapshot.presumed).toEqual(nothingPresumed);
    expect(spentUsd(run.state.snapshot)).toBe(0);
  });

  it('without prices admits nothing', () => {
    const run = capped(1_000, { money: { prices: null, outputTokensMax: 5, costUsdMax: 10 } });
    expect(moneyRoom(run.state.snapshot)).toBe(0);
  });
});

describe('counts that differ from what is billed', () => {
  it('are corrected in the next plan once enough rows were answered', () => {
    const run = startRun(
      makeConfig({
        chunk: { requestsMax: 20, planAfterMs: 0 },
        enqueue: { enqueuedTokenLimit: 200 },
      }),
    );
    accept(run, Array<number>(100).fill(10));
    toCreated(run, 'a');
    expect(batchOf(run, 'a').requests).toBe(20);
    // The provider bills twice what was counted: half as many rows fit.
    endBatch(run, 'a', ending({ outputFileId: 'o' }));
    send(run, {
      type: 'RecordFiles',
      batchKey: key('a'),
      output: { object: 'out', bytes: 200 },
      error: null,
      census: censusOfRows(1_000),
    });
    settleSuccesses(
      run,
      'a',
      Array.from({ length: 20 }, (_, i) => i),
      true,
      { ...emptyUsage, inputTokens: 400 },
    );
    settleRest(run, 'a');
    expect(run.state.snapshot.calibration).toEqual({
      rows: 20,
      countedTokens: 200,
      billedTokens: 400,
    });
    toCreated(run, 'b');
    expect(batchOf(run, 'b').requests).toBe(10);
  });

  it('are left as they are where a service reports no usage', () => {
    const run = startRun(
      makeConfig({
        chunk: { requestsMax: 20, planAfterMs: 0 },
        enqueue: { enqueuedTokenLimit: 200 },
      }),
    );
    accept(run, Array<number>(40).fill(10));
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ outputFileId: 'o' }));
    send(run, {
      type: 'RecordFiles',
      batchKey: key('a'),
      output: { object: 'out', bytes: 200 },
      error: null,
      census: censusOfRows(1_000),
    });
    settleSuccesses(
      run,
      'a',
      Array.from({ length: 20 }, (_, i) => i),
    );
    settleRest(run, 'a');
    toCreated(run, 'b');
    expect(batchOf(run, 'b').requests).toBe(20);
    expect(
      attempt(run, { type: 'PauseRun', reason: 'manual', message: null }).rejection,
    ).toBeNull();
  });
});
