import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import { dollars } from '../../lib/core/money/money.ts';
import type { RunSummary } from '../../lib/run/view/summary.ts';

/**
 * A note that the cost cap of an unfinished run relies on an estimate, and why; null: no cap, or
 * its figures are an upper bound of the cost.
 */
export const capNote = ({
  status,
  cost: { capUsd, isBound },
  tokens,
}: Pick<RunSummary, 'status' | 'cost' | 'tokens'>): string | null =>
  status !== 'running' || capUsd === null || isBound ? null : noteOf(capUsd, tokens);

/** The same of a summary as it is printed. */
export const capNoteOf = ({ status, cost, tokens }: JsonObject): string | null =>
  status === 'running' &&
  isJsonObject(cost) &&
  typeof cost['cap_usd'] === 'number' &&
  cost['is_bound'] === false
    ? noteOf(
        cost['cap_usd'],
        isJsonObject(tokens)
          ? { counting: tokens['counting'] ?? null, errorRatio: tokens['error_ratio'] ?? null }
          : {},
      )
    : null;

/** Of the prompt tokens of the run. */
interface Count {
  readonly counting?: unknown;
  readonly errorRatio?: unknown;
}

const noteOf = (capUsd: number, tokens: Count): string =>
  `batchor: the cap of ${dollars(capUsd)} is held by estimate, and may be passed: ${reasonOf(tokens)} (cost.is_bound is false)`;

const reasonOf = ({ counting, errorRatio }: Count): string => {
  if (counting === 'estimated') return 'the prompt tokens of these rows are estimated, not counted';
  if (counting === 'mixed') return 'the prompt tokens of some rows are estimated, not counted';
  // The error is relative to the bill; what counts here is the bill, relative to the count.
  return typeof errorRatio === 'number' && errorRatio > -1
    ? `the provider has billed ${Math.round((1 / (1 + errorRatio) - 1) * 100)} % more prompt tokens than were counted`
    : 'the provider has billed more prompt tokens than were counted';
};
