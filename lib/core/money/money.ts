import type { LiveBatch, DuplicateBatch } from '../model/batch.ts';
import type { TokenPrices } from '../model/config.ts';
import { answeredIn, failedIn } from '../values/judged.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import {
  nothingPresumed,
  type PresumedUsage,
  type TokenUsage,
  billedPerCounted,
} from '../values/usage.ts';

const million = 1_000_000;

/** The cost of tokens in US dollars; cached input is part of the input. */
export const costOfUsage = (usage: TokenUsage, prices: TokenPrices): number => {
  const cached = Math.min(usage.inputTokens, usage.cachedInputTokens);
  return (
    ((usage.inputTokens - cached) * prices.inputUsdPerMillion +
      cached * prices.cachedInputUsdPerMillion +
      usage.outputTokens * prices.outputUsdPerMillion) /
    million
  );
};

/**
 * The worst case of requests, as a price for each counted prompt token and for each request: all
 * prompts uncached, all answers as long as they may be.
 */
export interface WorstPrices {
  readonly usdPerToken: number;
  readonly usdPerRequest: number;
}

/** Null where a price or the bound of an answer is unknown: then no worst case is, either. */
export const worstPrices = (snapshot: RunSnapshot): WorstPrices | null => {
  const { prices, outputTokensMax } = snapshot.config.operation.money;
  if (prices === null || outputTokensMax === null) return null;
  return {
    // A count that is too high today may be right tomorrow; one that is too low is corrected.
    usdPerToken: (prices.inputUsdPerMillion * Math.max(1, billedPerCounted(snapshot))) / million,
    usdPerRequest: (prices.outputUsdPerMillion * outputTokensMax) / million,
  };
};

/**
 * Bills above counts by more than this are no rounding: a service adds prompts of its own, or
 * counts in another way.
 */
const billedPerCountedMax = 1.05;

/**
 * False where prompts were estimated, by bytes or for what no text shows, and where answers were
 * billed more than was counted for them: then the worst case is an estimate, and bounds nothing.
 */
export const isBounded = (snapshot: RunSnapshot): boolean => {
  const { counting } = snapshot.backlog;
  return (
    (counting === null || counting === 'exact') && billedPerCounted(snapshot) <= billedPerCountedMax
  );
};

/**
 * US dollars spent: reported usage, and presumed usage that was billed but not seen. Null: the
 * price is unknown.
 */
export const spentUsd = (snapshot: RunSnapshot): number | null => {
  const { prices } = snapshot.config.operation.money;
  if (prices === null) return null;
  const { inputTokens, outputTokens } = snapshot.presumed;
  return (
    costOfUsage(snapshot.usage, prices) +
    (inputTokens * prices.inputUsdPerMillion + outputTokens * prices.outputUsdPerMillion) / million
  );
};

/**
 * What the run's unsettled batches cost at worst: nothing where there are none and a price is
 * known; null: unknown.
 */
export const worstOfLiveUsd = (snapshot: RunSnapshot): number | null => {
  if (snapshot.config.operation.money.prices !== null && snapshot.live.length === 0) return 0;
  const worst = worstPrices(snapshot);
  if (worst === null) return null;
  return snapshot.live.reduce(
    (sum, batch) =>
      sum + batch.inputTokens * worst.usdPerToken + batch.requests * worst.usdPerRequest,
    0,
  );
};

/**
 * US dollars that may still be reserved; null without a cap. With a cap but no known price it is 0.
 */
export const remainingUsd = (snapshot: RunSnapshot): number | null => {
  const { costUsdMax } = snapshot.config.operation.money;
  if (costUsdMax === null) return null;
  const spent = spentUsd(snapshot);
  const live = worstOfLiveUsd(snapshot);
  return spent === null || live === null ? 0 : Math.max(0, costUsdMax - spent - live);
};

/**
 * What a settled batch has cost beyond what its lines say: answers that its counts promise and that
 * no line holds, and all of them where the service reports no usage. The last counts of a batch
 * that was given up are old: it may have answered everything since, or may yet.
 */
export const presumedOf = (snapshot: RunSnapshot, batch: LiveBatch): PresumedUsage => {
  const { ending, progress, requests, inputTokens, completedRows, failures, usage, isSwornLost } =
    batch;
  if (ending === null || ending.type === 'rejected') return nothingPresumed;
  const isWhole = ending.type === 'completed' || ending.type === 'given_up';
  const promised =
    ending.type === 'given_up'
      ? requests
      : progress === null || isSwornLost
        ? isWhole
          ? requests
          : (progress?.completed ?? 0)
        : progress.completed + (isWhole ? progress.failed : 0);
  const unread = Math.max(0, promised - completedRows - failedIn(failures));
  const unreported = usage.inputTokens + usage.outputTokens === 0 ? answeredIn(batch) : 0;
  return presumedRows(snapshot, Math.min(requests, unread + unreported), inputTokens / requests);
};

/**
 * The presumed usage of a duplicate batch: its answers, each as large as the run's average request.
 * If their number is unknown, all requests of its batch count, while that batch is live. The
 * summary marks the figure as incomplete.
 */
export const presumedOfDuplicate = (
  snapshot: RunSnapshot,
  { batchKey }: DuplicateBatch,
  answered: number | null,
): PresumedUsage => {
  const { rows, billedTokens } = snapshot.calibration;
  const live = snapshot.live.reduce(
    (sum, { inputTokens, requests }) => ({
      tokens: sum.tokens + inputTokens,
      rows: sum.rows + requests,
    }),
    {
      tokens: billedTokens,
      rows,
    },
  );
  // One that came through late may outlive its batch.
  const known = [...snapshot.live, ...snapshot.unfenced];
  const asked = known.find((batch) => batch.batchKey === batchKey)?.requests ?? 0;
  return presumedRows(snapshot, answered ?? asked, live.rows === 0 ? 0 : live.tokens / live.rows);
};

/**
 * Of a batch that was given up: so many answers that were not read, at most what was presumed of
 * it; null: unknown, and the worst case stays.
 */
export const presumedOfGivenUp = (
  presumed: PresumedUsage,
  unread: number | null,
): PresumedUsage => {
  if (unread === null || presumed.rows === 0) return presumed;
  const share = Math.min(1, unread / presumed.rows);
  return {
    rows: Math.min(presumed.rows, unread),
    inputTokens: Math.ceil(presumed.inputTokens * share),
    outputTokens: Math.ceil(presumed.outputTokens * share),
  };
};

const presumedRows = (
  snapshot: RunSnapshot,
  rows: number,
  tokensPerRow: number,
): PresumedUsage => ({
  rows,
  inputTokens: Math.ceil(rows * tokensPerRow),
  outputTokens: rows * (snapshot.config.operation.money.outputTokensMax ?? 0),
});

/**
 * A model of the table, or one of its dated snapshots (`gpt-4.1-mini-2025-04-14`). A fine-tuned
 * model has a price of its own.
 */
export const priceIn = (
  table: Readonly<Record<string, TokenPrices>>,
  model: string,
): TokenPrices | null => {
  const base = model.replace(/-\d{4}-\d{2}-\d{2}$/u, '');
  const name = [model, base].find((candidate) => Object.hasOwn(table, candidate));
  return name === undefined ? null : (table[name] ?? null);
};

/** US dollars as text: to the cent, and with more digits for small amounts. */
export const dollars = (usd: number): string => {
  if (usd >= 0.995 || usd === 0)
    return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${usd.toLocaleString('en-US', { maximumSignificantDigits: 3 })}`;
};
