import { describe, expect, it } from 'vitest';
import { emptySnapshot, type RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import { summaryOf } from '../../../lib/run/view/summary.ts';
import { toWire } from '../../../lib/run/view/wire.ts';
import { makeConfig } from '../../support/core/config.ts';

const prices = {
  inputUsdPerMillion: 1,
  cachedInputUsdPerMillion: 0.5,
  outputUsdPerMillion: 4,
  asOf: '2026-11-01',
  source: 'spec',
};
const config = makeConfig();
const runOf = (
  change: Partial<RunSnapshot> = {},
  money: Partial<typeof config.operation.money> = {},
): RunSnapshot => ({
  ...emptySnapshot,
  config: {
    ...config,
    operation: {
      ...config.operation,
      money: { prices, outputTokensMax: 100, costUsdMax: null, ...money },
    },
  },
  usage: { inputTokens: 1_000, cachedInputTokens: 200, outputTokens: 50, reasoningTokens: 0 },
  ...change,
});

describe('what a run says that it has used up', () => {
  it('is what was billed, by its prices', () => {
    const { cost } = summaryOf(runOf({}, { costUsdMax: 7 }));
    expect(cost.spentUsd).toBeCloseTo((800 + 200 * 0.5 + 50 * 4) / 1e6, 12);
    expect(cost).toMatchObject({ committedWorstUsd: 0, capUsd: 7, isComplete: true });
  });

  it('is unknown where the price is, or the bound of what is out', () => {
    expect(summaryOf(runOf({}, { prices: null })).cost).toEqual({
      spentUsd: null,
      committedWorstUsd: null,
      capUsd: null,
      isBound: true,
      isComplete: true,
    });
    // Without a batch nothing is committed, whatever an answer may cost.
    expect(summaryOf(runOf({}, { outputTokensMax: null })).cost).toMatchObject({
      committedWorstUsd: 0,
    });
  });

  it('is not complete while something may have been billed that no answer tells of', () => {
    expect(
      summaryOf(runOf({ presumed: { rows: 2, inputTokens: 20, outputTokens: 200 } })).cost
        .isComplete,
    ).toBe(false);
    const stray = {
      providerBatchId: 'batch_s',
      batchKey: 'bk_s',
      isCancelAsked: true,
      isEnded: false,
      dueAtMs: 0,
      looks: 0,
    };
    expect(
      summaryOf(runOf({ strays: [stray as unknown as RunSnapshot['strays'][number]] })).cost
        .isComplete,
    ).toBe(false);
  });

  it('says how far the count of tokens was off', () => {
    const { tokens } = summaryOf(
      runOf({ calibration: { rows: 30, countedTokens: 1_020, billedTokens: 1_000 } }),
    );
    expect(tokens).toMatchObject({ counted: 1_020, billed: 1_000 });
    expect(tokens.errorRatio).toBeCloseTo(0.02, 12);
    expect(summaryOf(runOf()).tokens.errorRatio).toBeNull();
  });

  it('says what the queue holds, in the exported spelling', () => {
    const queue = {
      others: { tokens: 300, requests: 3 },
      stated: { tokensMax: 5_000, requestsMax: null, atMs: 0 },
      guess: {
        unit: 'tokens' as const,
        max: 400,
        good: 0,
        refused: 900,
        refusedUntilMs: 3_600_000,
        doublings: 1,
      },
      refusals: { count: 2, sinceMs: 60_000, message: 'no room', untilMs: 0 },
      sinceMs: 0,
      acceptedCount: 1,
    };
    const needs = { tokens: 10, requests: 1, usd: 0, retryAtMs: null, sinceMs: 0, looks: 0 };
    const wire = toWire(
      summaryOf(runOf({ queue, backlog: { ...emptySnapshot.backlog, needs, counting: 'mixed' } })),
    );
    expect(wire['queue']).toMatchObject({
      limit_tokens: 400,
      used_tokens: 0,
      others_tokens: 300,
      others_requests: 3,
      stated: { tokens_max: 5_000, requests_max: null, at: '1970-01-01T00:00:00.000Z' },
      guess: {
        unit: 'tokens',
        max: 400,
        good: 0,
        refused: 900,
        refused_until: '1970-01-01T01:00:00.000Z',
      },
      refusals: { count: 2, since: '1970-01-01T00:01:00.000Z', message: 'no room' },
      waits_for: { tokens: 10, requests: 1, usd: 0 },
    });
    expect(wire['tokens']).toMatchObject({ counting: 'mixed' });
  });
});
