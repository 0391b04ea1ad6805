import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type BatchKey,
  type CommandOf,
  decide,
  effectiveTokenBudget,
  type EventOf,
  failureOfCode,
  indexesOf,
  type RunSnapshot,
} from '../../lib/core/index.ts';
import type { Step } from '../support/core/commit.ts';
import { breaches, recordHistories } from '../support/core/histories.ts';
import type { Row } from '../support/core/row-table.ts';

const histories = recordHistories(200);
const plans = histories.flatMap((history) => history.steps.filter((step) => step.events.some((event) => event.type === 'BatchPlanned')));

const plannedIn = (step: Step): EventOf<'BatchPlanned'> | undefined => step.events.find((event) => event.type === 'BatchPlanned');
const least = (...limits: readonly (number | null)[]): number => Math.min(...limits.map((limit) => limit ?? Infinity));

/** The limits and the room, worked out here from the configuration and the live batches. */
const boundsOf = ({
  config,
  live,
  learnedRequestsMax,
}: RunSnapshot): Readonly<Record<'requests' | 'bytes' | 'tokens' | 'roomRequests' | 'roomTokens', number>> => {
  const { limits, operation } = config;
  return {
    requests: least(limits.requestsMax, operation.chunk.requestsMax, learnedRequestsMax),
    bytes: least(limits.inputBytesMax, operation.chunk.inputBytesMax),
    tokens: least(limits.inputTokensMax, operation.chunk.inputTokensMax, operation.enqueue.maxBatchEnqueuedTokens),
    roomRequests: least(operation.enqueue.enqueuedRequestLimit) - live.reduce((sum, batch) => sum + batch.requests, 0),
    roomTokens: least(effectiveTokenBudget(operation.enqueue)) - live.reduce((sum, batch) => sum + batch.inputTokens, 0),
  };
};
const fitsAnyBatch = (row: Row, snapshot: RunSnapshot): boolean =>
  row.bytes <= boundsOf(snapshot).bytes && row.tokens <= boundsOf(snapshot).tokens;
/** What may be planned, in order: rows that fit no batch stand aside. */
const plannable = ({ before }: Step): readonly Row[] =>
  before.rows.filter((row) => row.status === 'pending' && fitsAnyBatch(row, before.snapshot));
const load = (rows: readonly Row[]): { readonly requests: number; readonly bytes: number; readonly tokens: number } => ({
  requests: rows.length,
  bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
  tokens: rows.reduce((sum, row) => sum + row.tokens, 0),
});
const fits = (rows: readonly Row[], snapshot: RunSnapshot): boolean => {
  const { requests, bytes, tokens } = load(rows);
  const bounds = boundsOf(snapshot);
  return (
    requests <= bounds.requests &&
    bytes <= bounds.bytes &&
    tokens <= bounds.tokens &&
    requests <= bounds.roomRequests &&
    tokens <= bounds.roomTokens
  );
};

describe('a planned batch', () => {
  const ofPlans = (law: (planned: EventOf<'BatchPlanned'>, step: Step) => string | null): readonly string[] => {
    expect(plans.length).toBeGreaterThan(500);
    return breaches(histories, (step) => {
      const planned = plannedIn(step);
      return planned === undefined ? null : law(planned, step);
    });
  };

  it('is within the limits and the budget known at that moment', () => {
    const law = (planned: EventOf<'BatchPlanned'>, { before }: Step): string | null => {
      const rows = [...indexesOf(planned.indexes)].flatMap((index) => before.rows[index] ?? []);
      const { requests, inputBytes: bytes, inputTokens: tokens } = planned;
      const isTruth = JSON.stringify({ requests, bytes, tokens }) === JSON.stringify(load(rows));
      return isTruth && fits(rows, before.snapshot) ? null : JSON.stringify(planned);
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('holds the rows in front, in their order, leaving out only those that fit no batch', () => {
    const law = (planned: EventOf<'BatchPlanned'>, step: Step): string | null => {
      const front = plannable(step)
        .slice(0, planned.requests)
        .map((row) => row.index);
      return JSON.stringify(front) === JSON.stringify([...indexesOf(planned.indexes)]) ? null : JSON.stringify(front);
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('is not closed while the next row, and the budget, would still fit, unless no row is left and waiting is over', () => {
    const law = (planned: EventOf<'BatchPlanned'>, step: Step): string | null => {
      const { snapshot } = step.before;
      const rows = plannable(step);
      const next = rows[planned.requests];
      if (next !== undefined) return fits(rows.slice(0, planned.requests + 1), snapshot) ? `row ${next.index} would fit` : null;
      const bounds = boundsOf(snapshot);
      const isFull = planned.requests >= bounds.requests || planned.inputBytes >= bounds.bytes || planned.inputTokens >= bounds.tokens;
      const isOld = step.command.atMs >= snapshot.backlog.sinceMs + snapshot.config.operation.chunk.planAfterMs;
      return isFull || snapshot.ingest.isComplete || isOld ? null : 'a fuller batch was worth waiting for';
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('depends on the window and the state alone', () => {
    const law = (planned: EventOf<'BatchPlanned'>, { before, command }: Step): string | null => {
      const again = decide(before.snapshot, { ...(command as CommandOf<'PlanBatch'>), newBatchKey: 'other' as BatchKey });
      const other = isRight(again) ? again.right.find((event) => event.type === 'BatchPlanned') : undefined;
      return JSON.stringify({ ...other, batchKey: planned.batchKey }) === JSON.stringify(planned) ? null : JSON.stringify(other);
    };
    expect(ofPlans(law)).toEqual([]);
  });

  it('comes only while fewer than four are planned or uploaded but not created; what is sent again joins them', () => {
    const unsent = ({ live }: RunSnapshot): number =>
      live.filter(({ phase }) => phase === 'planned' || phase === 'uploaded' || phase === 'creating').length;
    const law = ({ before, events }: Step): string | null =>
      events.some((event) => event.type === 'BatchPlanned') && unsent(before.snapshot) >= 4 ? `${unsent(before.snapshot)}` : null;
    expect(breaches(histories, law)).toEqual([]);
    expect(histories.some(({ steps }) => steps.some(({ after }) => unsent(after.snapshot) === 4))).toBe(true);
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
        if (failureOfCode(event.code) !== 'request_too_large' || rows.some((row) => fitsAnyBatch(row, before.snapshot)))
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
      .filter((step) => step.events.some((event) => event.type === 'RunPaused' && event.reason === 'budget_exhausted'));
    expect(pauses.length).toBeGreaterThan(10);
    expect(pauses.filter((step) => step.before.snapshot.live.length > 0)).toEqual([]);
  });
});
