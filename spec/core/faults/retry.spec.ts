import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pollWaitMs } from '../../../lib/core/poll/due-poll.ts';
import { backoffMs, bucketDueMs, hashToUnit } from '../../../lib/core/faults/due-time.ts';

const backoff = fc.record({
  initialMs: fc.integer({ min: 0, max: 100_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxMs: fc.integer({ min: 1, max: 86_400_000 }),
});
const failureCount = fc.integer({ min: 1, max: 200 });

describe('a backoff', () => {
  it('is the exponential, capped, and at most a quarter of it more or less', () => {
    fc.assert(
      fc.property(backoff, failureCount, fc.string(), (policy, count, jitterOf) => {
        const even = Math.min(
          policy.maxMs,
          Math.max(1, policy.initialMs) * policy.factor ** Math.min(64, count - 1),
        );
        const wait = backoffMs(policy, count, jitterOf);
        expect(wait).toBeGreaterThanOrEqual(Math.max(1, Math.floor(0.75 * even)));
        expect(wait).toBeLessThanOrEqual(Math.ceil(1.25 * even));
      }),
      { numRuns: 1_000 },
    );
  });

  it('grows with every failure until it is capped, whatever its jitter, when it doubles', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 5_000 }), fc.string(), (initialMs, jitterOf) => {
        const waits = Array.from({ length: 8 }, (_, i) =>
          backoffMs({ initialMs, factor: 2, maxMs: 1e9 }, i + 1, jitterOf),
        );
        for (let i = 1; i < waits.length; i += 1)
          expect(waits[i]).toBeGreaterThan(waits[i - 1] ?? 0);
      }),
    );
  });

  it('is a whole number of milliseconds, at least one, for any policy and count', () => {
    fc.assert(
      fc.property(
        fc.record({
          initialMs: fc.double({ min: 0, max: 1e300, noNaN: true }),
          factor: fc.double({ min: 0, max: 1e300, noNaN: true }),
          maxMs: fc.integer({ min: 0, max: 1e12 }),
        }),
        fc.nat(),
        (policy, count) => {
          const wait = backoffMs(policy, count, 'x');
          expect(Number.isSafeInteger(wait) && wait >= 1).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is jittered differently for different batches', () => {
    const waits = Array.from({ length: 100 }, (_, i) =>
      backoffMs({ initialMs: 60_000, factor: 2, maxMs: 60_000 }, 1, `batch-${i}`),
    );
    expect(new Set(waits).size).toBeGreaterThan(90);
  });
});

describe('the due time of a backoff', () => {
  it('is never early, and late by an eighth of the wait or a second', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1.6e12, max: 2e12 }),
        fc.integer({ min: 0, max: 86_400_000 }),
        (nowMs, waitMs) => {
          const dueAtMs = bucketDueMs(nowMs, waitMs);
          expect(dueAtMs).toBeGreaterThanOrEqual(nowMs + waitMs);
          expect(dueAtMs).toBeLessThan(nowMs + waitMs + Math.max(1_000, waitMs / 8) + 1);
        },
      ),
    );
  });

  it('falls into few buckets: rows that fail at any time of an hour, for any number of times, wait in at most 200', () => {
    const policy = { initialMs: 1_000, factor: 2, maxMs: 600_000 };
    const waiting = (nowMs: number): ReadonlySet<number> => {
      const buckets = new Set<number>();
      for (let failedMs = nowMs - 3_600_000; failedMs <= nowMs; failedMs += 500) {
        for (let count = 1; count <= 12; count += 1) {
          const dueAtMs = bucketDueMs(failedMs, backoffMs(policy, count, `b${failedMs % 97}`));
          if (dueAtMs > nowMs) buckets.add(dueAtMs);
        }
      }
      return buckets;
    };
    expect(waiting(1_700_000_000_000).size).toBeGreaterThan(10);
    expect(waiting(1_700_000_000_000).size).toBeLessThanOrEqual(200);
  });
});

describe('the wait between polls', () => {
  it('is within a tenth of the interval, and at most eight times it however quiet the batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 600_000 }),
        fc.nat(10_000),
        fc.string(),
        (baseMs, quietPolls, batchKey) => {
          const wait = pollWaitMs(baseMs, quietPolls, batchKey);
          expect(wait).toBeGreaterThanOrEqual(Math.max(1, Math.floor(0.9 * baseMs)));
          expect(wait).toBeLessThanOrEqual(Math.max(1, Math.ceil(1.1 * 8 * baseMs)));
        },
      ),
    );
  });
});

describe('a repeatable number in place of a random one', () => {
  it('is the same for the same text, within [0, 1), and spread evenly', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i += 1) {
      const unit = hashToUnit(`key-${i}`);
      expect(unit).toBe(hashToUnit(`key-${i}`));
      const tenth = Math.floor(unit * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(tenths.length).toBe(10);
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});
