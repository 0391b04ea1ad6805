import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import { dollars } from '../../lib/core/money/money.ts';
import type { RunSummary } from '../../lib/run/view/summary.ts';

/**
 * A note that the cost cap of an unfinished run relies on an estimate; null: no cap, or its figures
 * are an upper bound of the cost.
 */
export const capNote = ({
  status,
  cost: { capUsd, isBound },
}: Pick<RunSummary, 'status' | 'cost'>): string | null =>
  status !== 'running' || capUsd === null || isBound ? null : noteOf(capUsd);

/** The same of a summary as it is printed. */
export const capNoteOf = ({ status, cost }: JsonObject): string | null =>
  status === 'running' &&
  isJsonObject(cost) &&
  typeof cost['cap_usd'] === 'number' &&
  cost['is_bound'] === false
    ? noteOf(cost['cap_usd'])
    : null;

const noteOf = (capUsd: number): string =>
  `batchor: the cap of ${dollars(capUsd)} is held by estimate, and may be passed: the prompt tokens of these rows cannot all be counted before they are billed (cost.is_bound is false)`;
