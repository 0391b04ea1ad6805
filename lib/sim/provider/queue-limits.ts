import type { BatchRecord } from './batch-record.ts';
import type { FakeProviderOptions } from './options.ts';
import { isTerminal } from './states.ts';

/** How much may be queued per model over all live batches, and how a full queue is reported. */
export interface QueueLimits {
  readonly tokensMax: number | null;
  readonly requestsMax: number | null;
  readonly isFullAt: 'validation' | 'create';
  readonly isStated: boolean;
}

export const queueLimitsOf = (options: FakeProviderOptions): QueueLimits => ({
  tokensMax: options.enqueuedTokensMax ?? null,
  requestsMax: options.enqueuedRequestsMax ?? null,
  isFullAt: options.queueIsFullAt ?? 'validation',
  isStated: options.statesQueueLimit ?? true,
});

/**
 * OpenAI's wording in reports of 2025 and 2026; without the number where the service states no
 * limit.
 */
export const queueLimitMessage = (model: string, { tokensMax, isStated }: QueueLimits): string =>
  isStated
    ? `Enqueued token limit reached for ${model} in organization org-emulated. Limit: ${(tokensMax ?? 2_000_000).toLocaleString('en-US')} enqueued tokens. Please try again once some in_progress batches have been completed.`
    : `Enqueued token limit reached for ${model} in organization org-emulated. Please try again once some in_progress batches have been completed.`;

const requestLimitMessage = (model: string, { requestsMax, isStated }: QueueLimits): string =>
  `Enqueued request limit reached for ${model} in organization org-emulated.${isStated ? ` Limit: ${(requestsMax ?? 0).toLocaleString('en-US')} enqueued requests.` : ''}`;

/** Why a batch does not fit into the queue; null: it does. */
export const fullQueueMessage = (
  limits: QueueLimits,
  batch: { readonly model: string | null; readonly tokens: number; readonly requestCount: number },
  others: readonly BatchRecord[],
): string | null => {
  const model = batch.model ?? 'the model';
  const queued = others.filter(
    (other) =>
      other.model === batch.model &&
      !isTerminal(other.life.status) &&
      other.life.status !== 'validating',
  );
  const tokens = queued.reduce((sum, other) => sum + other.tokens, batch.tokens);
  const requests = queued.reduce((sum, other) => sum + other.counts.total, batch.requestCount);
  if (limits.tokensMax !== null && tokens > limits.tokensMax)
    return queueLimitMessage(model, limits);
  return limits.requestsMax !== null && requests > limits.requestsMax
    ? requestLimitMessage(model, limits)
    : null;
};
