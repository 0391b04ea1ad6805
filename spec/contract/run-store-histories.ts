import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../lib/core/internal.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import type { OpenStorage } from '../../lib/testing/index.ts';
import { playHistory } from '../support/core/play.ts';
import { ok, runId } from './run-store-fixture.ts';
import { expectReads, expectSlices } from './run-store-rows.ts';

/**
 * Random histories of the core, wilder than a simulated run, against rows that were folded without
 * any store: beyond the contract that is shipped, which compares with the memory store.
 */
export const describeHistories = (name: string, factory: () => Promise<OpenStorage>): void => {
  describe(`${name}, through random histories: it`, () => {
    let fixture: OpenStorage;
    let store: RunStore;
    beforeEach(async () => {
      fixture = await factory();
      store = await fixture.open();
    });
    afterEach(async () => {
      await store.close();
      await fixture.dispose();
    });
    const reopen = async (): Promise<void> => {
      await store.close();
      store = await fixture.open();
    };

    it('holds rows, results and run events as the fold of the events, and answers every slice from them', async () => {
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.noBias(fc.integer()),
          fc.integer({ min: 1, max: 9 }),
          async (seed, rowsMax) => {
            const steps = playHistory(seed, { turnsMax: 120, adopts: seed % 2 === 0 })
              .steps.filter((each) => each.events.length > 0)
              .slice(0, 200);
            let run = await ok(store.create(runId, null));
            const events: Event[] = [];
            for (const [i, each] of steps.entries()) {
              await ok(run.commit(each.before.snapshot.version, each.events));
              events.push(...each.events);
              if (i % 7 === rowsMax % 7 && each.after.rows.length > 0)
                await expectSlices(run, each.after, events, rowsMax);
              if (i % 40 !== 39) continue;
              // As after a process that ended well.
              await run.close();
              await reopen();
              run = await ok(store.own(runId));
            }
            compared += await expectReads(run, steps);
            await run.close();
            const reader = await ok(store.read(runId));
            compared += await expectReads(reader, steps);
            await reader.close();
            await ok(store.remove(runId));
          },
        ),
        { numRuns: 5, examples: [[2, 3]] },
      );
      expect(compared).toBeGreaterThan(200);
    });
  });
};
