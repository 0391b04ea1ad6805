import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type BatchKey,
  type CommandOf,
  decide,
  type EventOf,
  failureOfCode,
  indexesOf,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import type { Step } from '../../support/core/commit.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';
import type { Row } from '../../support/core/row-table.ts';

const histories = recordHistories(320);
const plans = histories.flatMap((history) =>
  history.steps.filter((step) => step.events.some((event) => event.type === 'BatchPlanned')),
);

const plannedIn = (step: Step): EventOf<'BatchPlanned'> | undefined =>
  step.events.find((event) => event.type === 'BatchPlanned');
const least = (...limits: readonly (number | null)[]): number =>
  Math.min(...limits.map((limit) => limit ?? Infinity));

const twoDaysMs = 48 * 3_600_000;

/** What is known when a plan is made: the state before, and what the command says of the others. */
interface Known {
  readonly snapshot: RunSnapshot;
  readonly command: CommandOf<'PlanBatch'>;
}
const knownBy = (step: Step): Known => ({
  snapshot: step.before.snapshot,
  command: step.command as CommandOf<'PlanBatch'>,
});

/**
 * The limits and the remaining capacity, computed here from the configuration, the live batches,
 * the others, and what the provider has said.
 */
const boundsOf = ({
  snapshot,
  command,
}: Known): Readonly<
  Record<
    'requests' | 'bytes' | 'learnedBytes' | 'tokens' | 'roomRequests' | 'roomTokens' | 'roomUsd',
    number
  >
> => {
  const { config, live, queue, canary, usage, presumed, calibration } = snapshot;
  const { limits, operation } = config;
  const { enqueue, money } = operation;
  const known = command.others ?? { ...queue.others, stated: null, wants: [] };
  const heard = [
    queue.stated,
    known.stated !== null && known.stated.atMs > queue.sinceMs ? known.stated : null,
  ];
  const [latest] = heard.sort((a, b) => (b?.atMs ?? 0) - (a?.atMs ?? 0));
  const stated = latest && command.atMs < latest.atMs + twoDaysMs ? latest : null;
  const billed =
    calibration.rows < 20
      ? 1
      : Math.min(4, Math.max(0.25, calibration.billedTokens / calibration.countedTokens));
  const tokenLimit = least(enqueue.enqueuedTokenLimit, stated?.tokensMax ?? null);
  const tokens = Math.max(
    0,
    Math.floor(Math.min(tokenLimit * enqueue.targetRatio, tokenLimit - enqueue.headroom)),
  );
  const requests =
    least(enqueue.enqueuedRequestLimit, stated?.requestsMax ?? null) * enqueue.targetRatio;
  const { guess } = queue;
  const held = (of: 'inputTokens' | 'requests'): number =>
    live.reduce((sum, batch) => sum + batch[of], 0);
  const worst = (inputTokens: number, count: number): number =>
    inputTokens * Math.max(1, billed) + count * 2 * (money.outputTokensMax ?? 0);
  const free = {
    tokens:
      Math.min(Math.floor(tokens / billed), guess?.unit === 'tokens' ? guess.max : Infinity) -
      held('inputTokens') -
      known.tokens,
    requests:
      Math.min(Math.floor(requests), guess?.unit === 'requests' ? guess.max : Infinity) -
      held('requests') -
      known.requests,
  };
  // A run that has waited longer gets what it wants, and at most half.
  const { needs } = snapshot.backlog;
  const waitsSince = needs === null || needs.retryAtMs === null ? command.atMs : needs.sinceMs;
  const older = known.wants.filter(
    ({ sinceMs, untilMs }) => sinceMs < waitsSince && untilMs > command.atMs,
  );
  const left = (unit: 'tokens' | 'requests'): number =>
    free[unit] === Infinity
      ? 0
      : Math.min(
          older.reduce((sum, wanted) => sum + wanted[unit], 0),
          Math.ceil(Math.max(0, free[unit]) / 2),
        );
  return {
    requests: least(
      limits.requestsMax,
      operation.chunk.requestsMax,
      canary.isPassed ? null : (operation.canary?.items ?? null),
    ),
    bytes: least(limits.inputBytesMax, operation.chunk.inputBytesMax),
    learnedBytes: least(snapshot.fileLimit?.bytesMax ?? null),
    tokens: least(
      limits.inputTokensMax,
      operation.chunk.inputTokensMax,
      enqueue.maxBatchEnqueuedTokens,
    ),
    roomRequests: free.requests - left('requests'),
    roomTokens: free.tokens - left('tokens'),
    roomUsd:
      (money.costUsdMax ?? Infinity) -
      (usage.inputTokens + 2 * usage.outputTokens) -
      (presumed.inputTokens + 2 * presumed.outputTokens) -
      worst(held('inputTokens'), held('requests')),
  };
};
const usdOf = ({ snapshot }: Known, tokens: number, count: number): number => {
  const { calibration, config } = snapshot;
  const billed =
    calibration.rows < 20
      ? 1
      : Math.min(4, Math.max(0.25, calibration.billedTokens / calibration.countedTokens));
  return tokens * Math.max(1, billed) + count * 2 * (config.operation.money.outputTokensMax ?? 0);
};
const fitsAnyBatch = (row: Row, known: Known): boolean =>
  row.bytes <= boundsOf(known).bytes && row.tokens <= boundsOf(known).tokens;
/** What may be planned, in order: rows that fit no batch stand aside. */
const plannable = (step: Step): readonly Row[] =>
  step.before.rows.filter((row) => row.status === 'pending' && fitsAnyBatch(row, knownBy(step)));
const load = (
  rows: readonly Row[],
): { readonly requests: number; readonly bytes: number; readonly tokens: number } => ({
  requests: rows.length,
  bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
  tokens: rows.reduce((sum, row) => sum + row.tokens, 0),
});
const fits = (rows: readonly Row[], known: Known): boolean => {
  const { requests, bytes, tokens } = load(rows);
  const bounds = boundsOf(known);
  return (
    requests <= bounds.requests &&
    bytes <= bounds.bytes &&
    // A row alone is sent, whatever a refusal of several taught.
    (requests === 1 || bytes <= bounds.learnedBytes) &&
    tokens <= bounds.tokens &&
    requests <= bounds.roomRequests &&
    tokens <= bounds.roomTokens &&
    (known.snapshot.config.operation.money.costUsdMax === null ||
      usdOf(known, tokens, requests) <= bounds.roomUsd + 1e-6)
  );
};

/**
 * A budget that was found by trying is never below one request: nothing is enqueued, and the
 * request goes alone.
 */
const isLoneUnderGuess = (rows: readonly Row[], { before }: Step): boolean =>
  rows.length === 1 && before.snapshot.queue.guess !== null && before.snapshot.live.length === 0;

describe('a planned batch', () => {
  const ofPlans = (
    law: (planned: EventOf<'BatchPlanned'>, step: Step) => string | null,
  ): readonly string[] => {
    expect(plans.length).toBeGreaterThan(500);
    return breaches(histories, (step) => {
      const planned = plannedIn(step);
      return planned === undefined ? null : law(planned, step);
    });
  };

  it('is within the limits and the budget known at that moment', () => {
    const law = (planned: EventOf<'BatchPlanned'>, step: Step): string | null => {
      const { before } = step;
      const rows = [...indexesOf(planned.indexes)].flatMap((index) => before.rows[index] ?? []);
      const { requests, inputBytes: bytes, inputTokens: tokens } = planned;
      const isTruth = JSON.stringify({ requests, bytes, tokens }) === JSON.stringify(load(rows));
      return isTruth && (fits(rows, knownBy(step)) || isLoneUnderGuess(rows, step))
        ? null
        : JSON.stringify(planned);
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('holds the rows in front, in their order, leaving out only those that fit no batch', () => {
    const law = (planned: EventOf<'BatchPlanned'>, step: Step): string | null => {
      const front = plannable(step)
        .slice(0, planned.requests)
        .map((row) => row.index);
      return JSON.stringify(front) === JSON.stringify([...indexesOf(planned.indexes)])
        ? null
        : JSON.stringify(front);
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('is not closed while the next row, and the budget, would still fit, unless no row is left and waiting is over', () => {
    const law = (planned: EventOf<'BatchPlanned'>, step: Step): string | null => {
      const { snapshot } = step.before;
      const rows = plannable(step);
      const next = rows[planned.requests];
      if (next !== undefined)
        return fits(rows.slice(0, planned.requests + 1), knownBy(step)) &&
          !isLoneUnderGuess(rows.slice(0, planned.requests), step)
          ? `row ${next.index} would fit`
          : null;
      const bounds = boundsOf(knownBy(step));
      const isFull =
        planned.requests >= bounds.requests ||
        planned.inputBytes >= Math.min(bounds.bytes, bounds.learnedBytes) ||
        planned.inputTokens >= bounds.tokens;
      const isOld =
        step.command.atMs >= snapshot.backlog.sinceMs + snapshot.config.operation.chunk.planAfterMs;
      return isFull || snapshot.ingest.isComplete || isOld
        ? null
        : 'a fuller batch was worth waiting for';
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('depends on the window and the state alone', () => {
    const law = (planned: EventOf<'BatchPlanned'>, { before, command }: Step): string | null => {
      const again = decide(before.snapshot, {
        ...(command as CommandOf<'PlanBatch'>),
        newBatchKey: 'other' as BatchKey,
      });
      const other = isRight(again)
        ? again.right.find((event) => event.type === 'BatchPlanned')
        : undefined;
      return JSON.stringify({ ...other, batchKey: planned.batchKey }) === JSON.stringify(planned)
        ? null
        : JSON.stringify(other);
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('comes only while fewer than four are planned or uploaded but not created; what is sent again joins them', () => {
    const unsent = ({ live }: RunSnapshot): number =>
      live.filter(
        ({ phase }) => phase === 'planned' || phase === 'uploaded' || phase === 'creating',
      ).length;
    const law = ({ before, events }: Step): string | null =>
      events.some((event) => event.type === 'BatchPlanned') && unsent(before.snapshot) >= 4
        ? `${unsent(before.snapshot)}`
        : null;
    expect(breaches(histories, law)).toEqual([]);
    expect(
      histories.some(({ steps }) => steps.some(({ after }) => unsent(after.snapshot) === 4)),
    ).toBe(true);
  });
});

describe('a row that fits no batch', () => {
  it('fails for its size, and no other row does', () => {
    let failedCount = 0;
    const law = ({ before, command, events }: Step): string | null => {
      if (command.type !== 'PlanBatch') return null;
      for (const event of events) {
        if (event.type !== 'PendingFailed') continue;
        const rows = Array.from(event.indexes).flatMap((index) => before.rows[index] ?? []);
        failedCount += rows.length;
        if (
          failureOfCode(event.code) !== 'request_too_large' ||
          rows.some((row) => fitsAnyBatch(row, { snapshot: before.snapshot, command }))
        )
          return JSON.stringify(rows);
      }
      return null;
    };
    expect(breaches(histories, law)).toEqual([]);
    expect(failedCount).toBeGreaterThan(50);
  });
});

describe('a budget that is smaller than the next request', () => {
  it('pauses the run when nothing is enqueued, and only then', () => {
    const pauses = histories
      .flatMap((history) => history.steps)
      .filter((step) =>
        step.events.some(
          (event) => event.type === 'RunPaused' && event.reason === 'budget_exhausted',
        ),
      );
    expect(pauses.length).toBeGreaterThan(10);
    expect(pauses.filter((step) => step.before.snapshot.live.length > 0)).toEqual([]);
  });
});
