import { defineJob } from '../../../lib/run/job/job.ts';
import {
  createFakeProvider,
  fakeConnection,
  simulate,
  type SimulateOptions,
} from '../../../lib/sim/index.ts';

/** A run through a queue that holds less than its input. */
export interface QueueRun {
  readonly rows: number;
  /** Prompt tokens that the provider's queue holds. */
  readonly queueTokens: number;
  /** The limit is configured; else the run has to learn it. */
  readonly isKnown: boolean;
  /** The provider's refusals say how large it is. */
  readonly isStated: boolean;
  readonly isFullAt: 'validation' | 'create';
  /** Tokens are estimated by bytes. */
  readonly isEstimated?: boolean;
  readonly latencyMs: number;
  readonly seed: number;
  readonly maxRequests?: number;
  readonly crashEvery?: number;
}

export interface QueueFigures {
  readonly status: string;
  readonly completed: number;
  readonly failed: number;
  readonly tokens: number;
  readonly batches: number;
  readonly refusals: number;
  /** Attempts that rows were charged, beyond one each. */
  readonly hours: number;
  /** All tokens through the whole queue, one latency after the other. */
  readonly idealHours: number;
  readonly overIdeal: number;
  readonly billedAgain: number;
  readonly crashes: number;
}

const words = ['a', 'queue', 'of', 'tokens', 'moves', 'as', 'fast', 'as', 'its', 'batches'];

/** Rows of 20 to 69 words: no two neighbours alike, the same for ever. */
const itemsOf = function* (
  rows: number,
): Generator<{ readonly itemId: string; readonly payload: string }> {
  for (let i = 0; i < rows; i += 1) {
    const count = 20 + ((i * 7919) % 50);
    yield {
      itemId: `item-${i}`,
      payload: Array.from({ length: count }, (_, j) => words[(i + j) % words.length]).join(' '),
    };
  }
};

const hourMs = 3_600_000;

/** Plays it in virtual time; ratio 1, headroom 0 and exact counts. */
export const playQueueRun = async (run: QueueRun): Promise<QueueFigures> => {
  const describe = fakeConnection(createFakeProvider({ nowMs: () => 0 }));
  const job = defineJob({
    items: itemsOf(run.rows),
    buildPrompt: ({ payload }) => payload,
    providerConfig: describe({
      model: 'fake-1',
      ...(run.isKnown ? { enqueueLimits: { enqueuedTokenLimit: run.queueTokens } } : {}),
    }),
    ...(run.maxRequests === undefined ? {} : { chunkPolicy: { maxRequests: run.maxRequests } }),
  });
  const options: SimulateOptions = {
    seed: run.seed,
    enqueuedTokensMax: run.queueTokens,
    queueIsFullAt: run.isFullAt,
    statesQueueLimit: run.isStated,
    turnaroundMs: { min: run.latencyMs, max: run.latencyMs },
    answer: () => ({ text: 'ok' }),
    ...(run.isEstimated === true ? { tokenCounter: null } : {}),
    virtualMsMax: 400 * 24 * hourMs,
    ...(run.crashEvery === undefined ? {} : { crashEvery: run.crashEvery }),
  };
  const { summary, batches, events, virtualDurationMs, ledger, crashes } = await simulate(
    job,
    options,
  );
  const idealMs = (summary.usage.inputTokens / run.queueTokens) * run.latencyMs;
  return {
    status: summary.status,
    completed: summary.itemCounts.completed,
    failed: summary.itemCounts.failed_permanent,
    tokens: summary.usage.inputTokens,
    batches,
    refusals: events.filter(({ eventType }) => eventType === 'queue_refused').length,
    hours: virtualDurationMs / hourMs,
    idealHours: idealMs / hourMs,
    overIdeal: virtualDurationMs / idealMs - 1,
    billedAgain: ledger.doublePaidItemIds.length,
    crashes,
  };
};
