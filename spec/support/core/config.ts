import {
  defaultOperation,
  openaiTraits,
  type Operation,
  type RunConfig,
  type ServiceTraits,
} from '../../../lib/core/internal.ts';
import { storeConfig } from '../../../lib/testing/stores/store-config.ts';
import { withProbability, type Dice, oneOf } from './dice.ts';

/** What both kinds of made-up runs have. */
const base = storeConfig();
const { limits } = base;

/** What the specs change of a run's operation. */
export interface Overrides {
  readonly pollIntervalMs?: number;
  readonly createGraceMs?: number;
  readonly deletesInputFiles?: boolean;
  readonly filesExpireAfterMs?: number;
  readonly persistRawOutput?: boolean;
  readonly retry?: Partial<Operation['retry']>;
  readonly chunk?: Partial<Operation['chunk']>;
  readonly enqueue?: Partial<Operation['enqueue']>;
  readonly money?: Partial<Operation['money']>;
  readonly canary?: Operation['canary'];
  readonly circuitBreaker?: Partial<Operation['circuitBreaker']>;
  /** Of the provider. */
  readonly createsPerHourMax?: number;
}

export const makeOperation = (overrides: Overrides = {}): Operation => {
  const house = defaultOperation(limits);
  return {
    ...house,
    pollIntervalMs: overrides.pollIntervalMs ?? house.pollIntervalMs,
    deletesInputFiles: overrides.deletesInputFiles ?? house.deletesInputFiles,
    createGraceMs: overrides.createGraceMs ?? house.createGraceMs,
    filesExpireAfterMs: overrides.filesExpireAfterMs ?? house.filesExpireAfterMs,
    persistRawOutput: overrides.persistRawOutput ?? house.persistRawOutput,
    retry: { ...house.retry, ...overrides.retry },
    chunk: { ...house.chunk, ...overrides.chunk },
    enqueue: { ...house.enqueue, ...overrides.enqueue },
    money: { ...house.money, ...overrides.money },
    canary: overrides.canary ?? null,
    circuitBreaker: { ...house.circuitBreaker, ...overrides.circuitBreaker },
    badRows: 'record',
  };
};

export const makeConfig = (overrides: Overrides = {}): RunConfig => ({
  ...base,
  limits: { ...limits, createsPerHourMax: overrides.createsPerHourMax ?? null },
  operation: makeOperation(overrides),
});

/** A dollar for a prompt token, two for one of an answer: sums stay whole. */
export const testPrices = {
  inputUsdPerMillion: 1_000_000,
  cachedInputUsdPerMillion: 1_000_000,
  outputUsdPerMillion: 2_000_000,
  asOf: '2026-01-01',
  source: 'made up',
};

/**
 * Row sizes of the fake source; some limits below lie beneath the largest, so that rows exist which
 * fit no batch.
 */
export const rowBytesMax = 40;
export const rowTokensMax = 12;

/** Small and tight limits of every kind: where many rows meet a limit, mistakes show. */
export const randomOperation = (dice: Dice): Operation =>
  makeOperation({
    pollIntervalMs: oneOf(dice, [2_000, 10_000, 60_000]),
    deletesInputFiles: withProbability(dice, 0.4),
    // Not drawn from the dice: recorded histories do not change.
    persistRawOutput: dice.state % 4 !== 0,
    createGraceMs: oneOf(dice, [0, 5_000, 600_000]),
    retry: {
      attemptsMax: oneOf(dice, [1, 2, 3]),
      unchargedAttemptsMax: oneOf(dice, [1, 3, 6]),
      itemBackoff: { initialMs: oneOf(dice, [100, 1_000, 20_000]), factor: 2, maxMs: 60_000 },
      batchBackoff: { initialMs: 1_000, factor: 2, maxMs: 120_000 },
      raisedOutputTokensMax: oneOf(dice, [null, 5]),
    },
    chunk: {
      requestsMax: oneOf(dice, [1, 2, 3, 5, 8]),
      inputBytesMax: oneOf(dice, [100_000, 100_000, rowBytesMax, 2 * rowBytesMax, rowBytesMax - 5]),
      inputTokensMax: oneOf(dice, [null, null, rowTokensMax, 2 * rowTokensMax, rowTokensMax - 1]),
      planAfterMs: oneOf(dice, [0, 5_000, 60_000]),
    },
    enqueue: {
      enqueuedTokenLimit: oneOf(dice, [
        null,
        null,
        null,
        3 * rowTokensMax,
        3 * rowTokensMax,
        rowTokensMax,
        7,
      ]),
      enqueuedRequestLimit: oneOf(dice, [null, null, 3, 10]),
      targetRatio: oneOf(dice, [1, 0.8]),
      headroom: withProbability(dice, 0.8) ? 0 : 2,
      maxBatchEnqueuedTokens: oneOf(dice, [null, null, rowTokensMax + 3]),
      quotaScope: oneOf(dice, [null, 'shared']),
    },
    money: {
      prices: oneOf(dice, [null, testPrices]),
      outputTokensMax: oneOf(dice, [null, 5]),
      costUsdMax: null,
      ...(withProbability(dice, 0.15)
        ? { prices: testPrices, outputTokensMax: 5, costUsdMax: oneOf(dice, [20, 60, 400]) }
        : {}),
    },
    canary: oneOf(dice, [null, null, null, null, { items: 2, passRatioMin: 0.5 }]),
    circuitBreaker: {
      failedBatchesMax: oneOf(dice, [1, 3, 3]),
      passRatioMin: oneOf(dice, [0, 0, 0.1, 0.5]),
      judgedRowsMin: oneOf(dice, [4, 1_000]),
    },
  });

/** A service whose creates carry the lines, and whose list does not say whose a batch is. */
export const inlineTraits: ServiceTraits = {
  ...openaiTraits,
  input: 'inline',
  correlates: 'answers',
  fence: 'none',
  answers: 'single',
  counts: 'at_end',
};
/** The run at such a service: its ids carry batch and attempt. */
export const inlined = (config: RunConfig): RunConfig => ({
  ...config,
  traits: inlineTraits,
  customIds: { nonce: 'k3x9a2bq', isStamped: true },
});

export const randomConfig = (dice: Dice): RunConfig => ({
  ...makeConfig({ createsPerHourMax: oneOf(dice, [20, 40, 2_000]) }),
  operation: randomOperation(dice),
});
