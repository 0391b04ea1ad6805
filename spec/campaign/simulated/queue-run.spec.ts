import { describe, expect, it } from 'vitest';
import { playQueueRun, type QueueRun } from './queue-run.ts';

/**
 * A hundredth of the campaign's million rows and two million tokens: `npx tsx
 * spec/campaign/queue.ts`.
 */
const small: QueueRun = {
  rows: 10_000,
  queueTokens: 20_000,
  isKnown: true,
  isStated: true,
  isFullAt: 'validation',
  latencyMs: 3_600_000,
  seed: 1,
};

describe('an input of thirty times the queue', () => {
  it('takes at most a twentieth longer than the queue allows, and is refused nothing, where the limit is known', async () => {
    const figures = await playQueueRun(small);
    expect(figures).toMatchObject({ completed: 10_000, failed: 0, refusals: 0, billedAgain: 0 });
    expect(figures.overIdeal).toBeLessThan(0.05);
  });

  it('and is refused a few times at most where the limit has to be learned, at validation or at the create', async () => {
    for (const isFullAt of ['validation', 'create'] as const) {
      const figures = await playQueueRun({ ...small, isKnown: false, isFullAt });
      expect(figures).toMatchObject({ completed: 10_000, failed: 0, billedAgain: 0 });
      expect(figures.refusals).toBeGreaterThan(0);
      expect(figures.refusals).toBeLessThanOrEqual(5);
      expect(figures.overIdeal).toBeLessThan(0.05);
    }
  });

  it('gets through where refusals do not say how large the queue is, and where tokens are estimates', async () => {
    const quarter = {
      ...small,
      rows: 4_000,
      queueTokens: 16_000,
      isKnown: false,
      maxRequests: 250,
    };
    for (const change of [
      { isStated: false },
      { isEstimated: true },
      { isStated: false, isEstimated: true },
    ]) {
      const figures = await playQueueRun({ ...quarter, ...change });
      expect(figures).toMatchObject({ completed: 4_000, failed: 0, billedAgain: 0 });
      expect(figures.refusals).toBeLessThanOrEqual(10);
      expect(figures.overIdeal).toBeLessThan(0.3);
    }
  });
});
