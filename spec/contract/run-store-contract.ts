import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BatchKey, emptySnapshot, type Event, type RunId } from '../../lib/core/internal.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { makeConfig } from '../support/core/config.ts';
import { playHistory } from '../support/core/play.ts';
import {
  accept,
  completeRows,
  createdRun,
  endBatch,
  errorOf,
  ok,
  plain,
  runId,
  type RunStoreFixture,
  sliceOf,
  step,
  submitBatch,
} from './run-store-fixture.ts';
import { expectReads, expectSlices } from './run-store-rows.ts';
import { resultsAfter, resultsByIndex, storedRows } from '../../lib/rows/read-rows.ts';
import { knownIds } from '../../lib/rows/read-slices.ts';

/**
 * Every law of a run store, over storages that the factory makes; each law on a storage of its own.
 */
export const describeRunStoreContract = (
  name: string,
  factory: () => Promise<RunStoreFixture>,
): void => {
  describe(`${name} keeps the law of run stores: it`, () => {
    let fixture: RunStoreFixture;
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

    it('holds no run before its RunCreated is committed', async () => {
      const run = await ok(store.create(runId, { a: 1 }));
      expect(plain(run.snapshot)).toEqual(plain(emptySnapshot));
      expect(await ok(store.list())).toEqual([]);
      await run.close();
      // Its id may be used again.
      const again = await createdRun(store);
      expect((await ok(store.list())).map((listed) => listed.runId)).toEqual([runId]);
      await again.close();
    });

    it('refuses an event that creates another run', async () => {
      const run = await ok(store.create(runId, null));
      expect(
        await errorOf(
          run.commit(0, [
            { type: 'RunCreated', atMs: 1, runId: 'other' as RunId, config: makeConfig() },
          ]),
        ),
      ).toBe('corrupt');
      await run.close();
      expect(await ok(store.list())).toEqual([]);
    });

    it('refuses to create a run that exists', async () => {
      const run = await createdRun(store);
      expect(await errorOf(store.create(runId, null))).toBe('refused');
      await run.close();
      expect(await errorOf(store.create(runId, null))).toBe('refused');
    });

    it('knows no run that was never created', async () => {
      const nobody = 'nobody' as RunId;
      expect(await errorOf(store.own(nobody))).toBe('not_found');
      expect(await errorOf(store.read(nobody))).toBe('not_found');
      expect(await errorOf(store.send(nobody, { type: 'pause', options: {} }))).toBe('not_found');
      expect(await ok(store.list())).toEqual([]);
    });

    it('keeps the job description with the run', async () => {
      const description = { job: 'names', nested: { list: [1, 'two', null] } };
      const run = await ok(store.create(runId, description));
      await ok(run.commit(0, [{ type: 'RunCreated', atMs: 1, runId, config: makeConfig() }]));
      await run.close();
      await reopen();
      const reader = await ok(store.read(runId));
      expect(plain(reader.description)).toEqual(description);
    });

    it('has one owner for a run, and epochs that rise', async () => {
      const first = await createdRun(store);
      expect(await errorOf(store.own(runId))).toBe('owned_elsewhere');
      expect((await ok(store.peek(runId))).owner).toEqual(expect.any(String));
      await ok(first.refresh());
      await first.close();
      expect((await ok(store.peek(runId))).owner).toBeNull();
      const second = await ok(store.own(runId));
      expect(second.epoch).toBeGreaterThan(first.epoch);
      expect(second.snapshot.version).toBe(1);
    });

    it('refuses a commit that was decided on another version, and changes nothing', async () => {
      const run = await createdRun(store);
      const before = plain(run.snapshot);
      const pause: readonly Event[] = [
        { type: 'RunPaused', atMs: 5, reason: 'manual', message: null },
      ];
      for (const version of [0, 2])
        expect(await errorOf(run.commit(version, pause))).toBe('stale_version');
      expect(plain(run.snapshot)).toEqual(before);
      expect((await ok(run.commit(1, pause))).control.state).toBe('paused');
    });

    it('refuses whole what would move other rows than it claims', async () => {
      const run = await createdRun(store);
      await accept(run, sliceOf(0, 6));
      const batchNo = await submitBatch(run, 'one');
      await endBatch(run, 'one');
      const rows = await ok(storedRows(run, 0, 10));
      const before = plain(run.snapshot);
      const { version, resultSequence } = run.snapshot;
      const checkpoint = { nextIndex: 9, position: null, beforeLastPosition: null };
      const accepted = (slice: ReturnType<typeof sliceOf>): Event => ({
        type: 'ItemsAccepted',
        atMs: 9,
        slice,
        checkpoint,
        sequenceFrom: resultSequence + 1,
      });
      const planned = (ranges: readonly number[], requests: number): Event => ({
        type: 'BatchPlanned',
        atMs: 9,
        batchKey: 'two' as BatchKey,
        batchNo: batchNo + 1,
        indexes: ranges,
        requests,
        inputBytes: 0,
        inputTokens: 0,
      });
      const completed = (indexes: readonly number[], inBatch: number): Event => ({
        type: 'ItemsCompleted',
        atMs: 9,
        batchKey: 'one' as BatchKey,
        batchNo: inBatch,
        object: 'raw/one.jsonl',
        lines: { indexes, offsets: indexes.map(() => 0), lengths: indexes.map(() => 1) },
        sequenceFrom: resultSequence + 1,
        position: { part: 'rest', offset: 0 },
        usage: run.snapshot.usage,
        malformedCount: 0,
        unknownCount: 0,
        duplicateCount: 0,
      });
      const wrong: readonly (readonly Event[])[] = [
        [accepted(sliceOf(7, 2))],
        [accepted({ ...sliceOf(6, 2), itemIds: ['item-0', 'fresh'] })],
        [accepted({ ...sliceOf(6, 2), itemIds: ['same', 'same'] })],
        [planned([0, 1], 1)],
        [planned([4, 5], 2)],
        [planned([6, 7], 1)],
        [completed([4], batchNo)],
        [completed([0, 0], batchNo)],
        [completed([0], batchNo + 1)],
        [completed([99], batchNo)],
        // The first would do; the second undoes it.
        [planned([4, 6], 2), completed([0, 5], batchNo)],
        [accepted(sliceOf(6, 2)), completed([5], batchNo)],
      ];
      for (const events of wrong)
        expect([
          events.map((event) => event.type),
          await errorOf(run.commit(version, events)),
        ]).toEqual([events.map((event) => event.type), 'corrupt']);
      expect(plain(run.snapshot)).toEqual(before);
      expect(await ok(storedRows(run, 0, 10))).toEqual(rows);
      // And it goes on as if nothing had been asked.
      expect(Array.from(await ok(knownIds(run, ['fresh', 'same', 'item-6'])))).toEqual([0, 0, 0]);
      await accept(run, sliceOf(6, 2));
      await completeRows(run, 'one', batchNo, [3, 1, 0, 2]);
      expect((await ok(resultsAfter(run, 0, 9))).map((result) => result.index)).toEqual([
        3, 1, 0, 2,
      ]);
    });

    it('shows results where their lines lie, and bad rows at once', async () => {
      const run = await createdRun(store);
      await accept(run, sliceOf(0, 3, [1]));
      const batchNo = await submitBatch(run, 'one');
      await endBatch(run, 'one');
      await completeRows(run, 'one', batchNo, [2, 0]);
      const results = await ok(resultsAfter(run, 0, 10));
      expect(
        results.map(({ sequence, index, itemId, status }) => [sequence, index, itemId, status]),
      ).toEqual([
        [1, 1, 'item-1', 'failed_permanent'],
        [2, 2, 'item-2', 'completed'],
        [3, 0, 'item-0', 'completed'],
      ]);
      expect(results.map((result) => result.line)).toEqual([
        null,
        { object: 'raw/one.jsonl', offset: 0, length: 7 },
        { object: 'raw/one.jsonl', offset: 100, length: 7 },
      ]);
      expect(results.map((result) => result.item)).toEqual([
        { object: 'items/0.jsonl', offset: 5, length: 6 },
        { object: 'items/0.jsonl', offset: 11, length: 7 },
        { object: 'items/0.jsonl', offset: 0, length: 5 },
      ]);
      expect((await ok(resultsByIndex(run, 1, 1))).results.map((result) => result.index)).toEqual([
        1,
      ]);
    });

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

    it('shows a reader what the owner has committed since', async () => {
      const run = await createdRun(store);
      const reader = await ok(store.read(runId));
      await accept(run, sliceOf(0, 3));
      await submitBatch(run, 'one');
      expect(plain(await ok(reader.refresh()))).toEqual(plain(run.snapshot));
      expect(plain(reader.snapshot)).toEqual(plain(run.snapshot));
      expect(await ok(storedRows(reader, 0, 9))).toEqual(await ok(storedRows(run, 0, 9)));
      await reader.close();
      await run.close();
    });

    it('lists runs, the newest first, with who drives them', async () => {
      const older = await createdRun(store, 'older' as RunId, 1_000);
      const newer = await createdRun(store, 'newer' as RunId, 2_000);
      await older.close();
      await step(newer, { type: 'PauseRun', atMs: 3_000, reason: 'manual', message: 'lunch' });
      const both = await ok(store.list());
      expect(both.map((listed) => [listed.runId, listed.owner !== null])).toEqual([
        ['newer', true],
        ['older', false],
      ]);
      await newer.close();
      await reopen();
      const [listed] = await ok(store.list());
      expect(plain((await ok(store.peek('newer' as RunId))).snapshot)).toEqual(
        plain(listed?.snapshot),
      );
      expect(await errorOf(store.peek('nobody' as RunId))).toBe('not_found');
      expect([listed?.owner, listed?.snapshot.control.message, listed?.snapshot.version]).toEqual([
        null,
        'lunch',
        2,
      ]);
    });

    it('hands commands to the owner, oldest first, until they are removed', async () => {
      const run = await createdRun(store);
      const ids: string[] = [];
      for (const type of ['pause', 'resume', 'cancel'] as const) {
        ids.push(await ok(store.send(runId, { type, options: { at: type } })));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(await ok(run.inbox())).toEqual([
        { id: ids[0], type: 'pause', options: { at: 'pause' } },
        { id: ids[1], type: 'resume', options: { at: 'resume' } },
        { id: ids[2], type: 'cancel', options: { at: 'cancel' } },
      ]);
      await ok(run.removeCommand(ids[1] ?? ''));
      await ok(run.removeCommand(ids[1] ?? ''));
      expect((await ok(run.inbox())).map((command) => command.id)).toEqual([ids[0], ids[2]]);
    });

    it('removes a run that has no owner, and nothing less than all of it', async () => {
      const run = await createdRun(store);
      expect(await errorOf(store.remove(runId))).toBe('owned_elsewhere');
      await run.close();
      await ok(store.remove(runId));
      expect(await errorOf(store.read(runId))).toBe('not_found');
      const again = await createdRun(store);
      expect(again.snapshot.version).toBe(1);
      expect(await ok(storedRows(again, 0, 1))).toEqual([]);
    });

    it('keeps the objects of a run that events name, when it is owned again', async () => {
      const run = await createdRun(store);
      const slice = sliceOf(0, 2);
      for (const object of [slice.requestObject ?? '', slice.itemObject])
        await ok(run.artifacts.put(object, [new TextEncoder().encode(object)]));
      await accept(run, slice);
      await run.close();
      await reopen();
      const again = await ok(store.own(runId));
      expect((await ok(again.artifacts.list(''))).map((object) => object.name)).toEqual([
        slice.itemObject,
        slice.requestObject,
      ]);
    });
  });
};
