import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeConfig } from '../../support/core/config.ts';
import { accept, dueTypes, plan, startRun } from '../../support/core/scenario.ts';

const small = fc.integer({ min: 1, max: 12 });
const settings = fc.record({
  sizes: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 }),
  isLast: fc.boolean(),
  chunk: fc.record({
    requestsMax: fc.integer({ min: 1, max: 6 }),
    inputBytesMax: small,
    inputTokensMax: fc.option(small),
    planAfterMs: fc.constantFrom(0, 1_000),
  }),
  enqueue: fc.record({
    enqueuedTokenLimit: fc.option(small),
    enqueuedRequestLimit: fc.option(fc.integer({ min: 0, max: 8 })),
  }),
});

describe('a plan that is due', () => {
  it('always leads somewhere, where limits are so small that rows often fill them exactly', () => {
    let plans = 0;
    fc.assert(
      fc.property(settings, ({ sizes, isLast, chunk, enqueue }) => {
        const run = startRun(makeConfig({ chunk, enqueue }));
        accept(run, sizes, isLast);
        // Each plan takes or fails a row, waits for capacity, or pauses: so they end, far below
        // this bound.
        for (let round = 0; dueTypes(run).includes('PlanBatch'); round += 1) {
          expect(plan(run, `b${round}`).rejection).toBeNull();
          expect(round).toBeLessThan(30);
          plans += 1;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(plans).toBeGreaterThan(1_000);
  });

  it('leaves nothing that could be planned at once', () => {
    fc.assert(
      fc.property(settings, ({ sizes, isLast, chunk, enqueue }) => {
        const run = startRun(makeConfig({ chunk, enqueue }));
        accept(run, sizes, isLast);
        for (let round = 0; round < 30 && dueTypes(run).includes('PlanBatch'); round += 1)
          plan(run, `b${round}`);
        const before = run.state;
        plan(run, 'late');
        expect(run.state.snapshot.live).toEqual(before.snapshot.live);
      }),
      { numRuns: 500 },
    );
  });
});
