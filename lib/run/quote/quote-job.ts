import { enqueueBudget } from '../../core/plan/budget.ts';
import type { RunConfig } from '../../core/model/config.ts';
import { quotedCustomIds } from '../../core/values/custom-ids.ts';
import { quotaScopeOf } from '../../core/plan/quota.ts';
import { emptySnapshot } from '../../core/model/snapshot.ts';
import type { TokenCounter } from '../../ports/tokens.ts';
import { type RenderPorts, isCountedExactly, measured } from '../../effects/source/render.ts';
import type { AdoptedReader } from '../../effects/source/adopted-source.ts';
import { configOf } from '../job/job-config.ts';
import { amountOf, count, invalid, moneyOf } from '../job/job-limits.ts';
import { sourceOf } from '../job/job-source.ts';
import type { AnyJob, AnyProviderConfig } from '../job/job.ts';
import type { PriceBook } from '../job/price-book.ts';
import type { Quote, QuoteOptions, QuoteProgress } from './quote.ts';
import { createBatchFold, type QuotedBatches } from './quote-batches.ts';
import { capOf, costOf, outputOf } from './quote-cost.ts';
import { badRowMessagesMax, type QuotedRow, renderedRows } from './quote-rows.ts';
import { createTokenSample, type TokenTotal } from './quote-sample.ts';
import { type WarningContext, warningsOf } from './quote-warnings.ts';

/** What a quote needs from its runner. */
export interface QuoteParts {
  /** The part of the job's provider that makes no requests. */
  readonly wire: (config: RunConfig) => Promise<RenderPorts['provider']>;
  readonly tokenCounter: () => Promise<TokenCounter>;
  readonly prices: PriceBook | undefined;
  /** Reads the input files of existing batches; no other job reads at the provider. */
  readonly reader: (config: AnyProviderConfig) => Promise<AdoptedReader>;
}

const sampleRowsDefault = 2_000;
const batchHoursDefault = { from: 1, to: 24 };

/**
 * Estimates what a run of the job would send and cost. Reads all rows. Opens no store, sends
 * nothing, needs no key; of existing batches it reads the input files at the provider. Throws
 * `invalid_config`, `source_unreadable`.
 */
export const quoteJob = async (
  job: AnyJob,
  options: QuoteOptions,
  parts: QuoteParts,
): Promise<Quote> => {
  const { sampleRows, seed, perItem, batchHours } = checked(options);
  const signal = options.signal ?? new AbortController().signal;
  const source = sourceOf(job, parts.reader);
  const capUsd = capUsdOf(job);
  const config = configOf(
    withKeepableCap(job, parts.prices),
    { kind: source.items.kind, ref: source.items.ref, fingerprint: '' },
    parts.prices,
    quotedCustomIds,
  );
  const counter = await parts.tokenCounter();
  const fold = createFold(config, counter, {
    linesMax: options.exact === true ? Infinity : sampleRows,
    seed,
  });
  const ports: RenderPorts = {
    run: { snapshot: { config } },
    provider: await parts.wire(config),
    tokens: null,
  };
  for await (const page of renderedRows(ports, source, signal)) {
    for (const row of page) fold.add(row);
    options.onProgress?.(fold.progress());
  }
  const { rows, batches, inputTokens } = fold.end();
  // Without rows there is no bound of an answer to sum.
  const outputTokens = outputOf(rows.good, rows.good === 0 ? 0 : rows.outputMax, perItem);
  const cost = costOf({ inputTokens, outputTokens }, config.operation.money);
  const quote: Omit<Quote, 'warnings'> = {
    jobName: config.jobName,
    model: config.provider.model,
    endpoint: config.provider.endpoint,
    items: rows.good + rows.shared,
    sharedRows: rows.shared,
    badRows: { count: rows.bad, messages: rows.messages },
    oversizedRows: batches.oversizedRows,
    requestBytes: rows.bytes,
    inputTokens,
    outputTokens,
    batches: batches.batches,
    ...cost,
    cap: capUsd === null ? null : capOf(capUsd, cost, inputTokens.isBound),
    queue: queueOf(config, batches),
    hours: hoursOf(config, batches, batchHours),
    assumedBatchHours: batchHours,
  };
  return {
    ...quote,
    warnings: warningsOf(quote, {
      overBudgetRows: batches.overBudgetRows,
      badRows: config.operation.badRows,
      perItem,
      adopting: adoptingOf(job, config),
    }),
  };
};

/** What the rows of a quote come to. */
interface RowTotals {
  good: number;
  shared: number;
  bad: number;
  readonly messages: string[];
  bytes: number;
  /** The bounds of all answers together; null: one has none. */
  outputMax: number | null;
}

interface Fold {
  add(row: QuotedRow): void;
  progress(): QuoteProgress;
  end(): {
    readonly rows: RowTotals;
    readonly batches: QuotedBatches;
    readonly inputTokens: Quote['inputTokens'];
  };
}

/** Counts rows, packs them into batches, and measures the tokens of some. */
const createFold = (
  config: RunConfig,
  counter: TokenCounter,
  sampling: { readonly linesMax: number; readonly seed: number },
): Fold => {
  const { model } = config.provider;
  const { money } = config.operation;
  const rows: RowTotals = { good: 0, shared: 0, bad: 0, messages: [], bytes: 0, outputMax: 0 };
  const batches = createBatchFold(config);
  let areExact = counter.isExact;
  let isCounted = false;
  const sample = createTokenSample({
    ...sampling,
    count: (line) => {
      isCounted = true;
      const { tokens, isExact } = measured(counter, line, model);
      areExact &&= isExact;
      return tokens;
    },
  });
  const addGood = ({ line, inputs, outputTokensMax = money.outputTokensMax }: QuotedRow): void => {
    isCounted = false;
    const { bytes, tokens } = sample.add(line);
    // A picture in an uncounted row also makes the total an estimate.
    if (!isCounted && areExact) areExact = isCountedExactly(counter, line, model);
    batches.add({ bytes, tokens, inputs });
    rows.good += 1;
    rows.bytes += bytes;
    rows.outputMax =
      rows.outputMax === null || outputTokensMax === null ? null : rows.outputMax + outputTokensMax;
  };
  return {
    add(row) {
      if (row.bad !== null) {
        rows.bad += 1;
        if (rows.messages.length < badRowMessagesMax) rows.messages.push(row.bad.message);
      } else if (row.isShared) rows.shared += 1;
      else addGood(row);
    },
    progress: () => ({ rows: rows.good + rows.shared + rows.bad, requestBytes: rows.bytes }),
    end: () => ({
      rows,
      batches: batches.end(),
      inputTokens: inputOf(sample.total(), counter.name, areExact),
    }),
  };
};

const capUsdOf = ({ budget }: AnyJob): number | null =>
  budget?.costUsdMax === undefined ? null : amountOf('budget.costUsdMax', budget.costUsdMax);

const adoptingOf = (
  { fromBatches }: AnyJob,
  { operation: { retriesAdopted, retry } }: RunConfig,
): WarningContext['adopting'] =>
  fromBatches === undefined ? null : { retries: retriesAdopted, attemptsMax: retry.attemptsMax };

const checked = ({
  sampleRows = sampleRowsDefault,
  seed = 1,
  outputTokensPerItem,
  batchHours = batchHoursDefault,
}: QuoteOptions): {
  readonly sampleRows: number;
  readonly seed: number;
  readonly perItem: number | undefined;
  readonly batchHours: { readonly from: number; readonly to: number };
} => {
  const { from, to } = batchHours;
  if (!(Number.isFinite(from) && Number.isFinite(to) && from >= 0 && to >= from))
    throw invalid(
      'batchHours',
      `batchHours must be a range of hours with 0 <= from <= to (got ${from} to ${to})`,
    );
  if (
    outputTokensPerItem !== undefined &&
    !(Number.isFinite(outputTokensPerItem) && outputTokensPerItem >= 0)
  )
    throw invalid(
      'outputTokensPerItem',
      `outputTokensPerItem must be a number of at least 0 (got ${outputTokensPerItem})`,
    );
  return {
    sampleRows: count('sampleRows', sampleRows),
    seed: count('seed', seed, 0),
    perItem: outputTokensPerItem,
    batchHours: { from, to },
  };
};

/**
 * Removes a cap that a run could not enforce; the quote reports it instead of failing. Keeps any
 * other cap, which makes rows without a bounded answer bad, as in a run.
 */
const withKeepableCap = (job: AnyJob, prices: PriceBook | undefined): AnyJob => {
  const { costUsdMax, ...budget } = job.budget ?? {};
  if (costUsdMax === undefined) return job;
  const money = moneyOf({ ...job, budget }, prices);
  return money.prices === null || money.outputTokensMax === null ? { ...job, budget } : job;
};

const inputOf = (
  { tokens, min, max, isWhole, countedLines }: TokenTotal,
  counter: string,
  areExact: boolean,
): Quote['inputTokens'] => ({
  expected: tokens,
  min,
  max,
  errorRatio: tokens === 0 ? 0 : Math.max(max - tokens, tokens - min) / tokens,
  isExact: isWhole && areExact,
  isBound: areExact,
  countedRows: countedLines,
  counter,
});

const queueOf = (config: RunConfig, { rounds }: QuotedBatches): Quote['queue'] => {
  const budget = enqueueBudget({ ...emptySnapshot, config }, 0);
  return {
    scope: quotaScopeOf(config),
    tokensMax: budget.tokens,
    requestsMax: budget.requests,
    rounds,
  };
};

const hoursOf = (
  { limits }: RunConfig,
  { batches, rounds }: QuotedBatches,
  { from, to }: Quote['hours'],
): Quote['hours'] => {
  const creating = limits.createsPerHourMax === null ? 0 : batches / limits.createsPerHourMax;
  return { from: Math.max(rounds * from, creating), to: Math.max(rounds * to, creating) };
};
