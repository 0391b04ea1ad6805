import assert from 'node:assert/strict';
import { type BatchKey, emptySnapshot, type Event, type RunId } from '../../core/internal.ts';
import { resultsAfter, resultsByIndex, storedRows } from '../../rows/read-rows.ts';
import { knownIds } from '../../rows/read-slices.ts';
import { errorTypeOf as errorOf, plain, valueOf as ok } from '../check.ts';
import { storeConfig } from './store-config.ts';
import type { StoreLaw } from './store-law.ts';
import {
  accept,
  completeRows,
  createdRun,
  endBatch,
  runId,
  sliceOf,
  step,
  submitBatch,
} from './store-runs.ts';

/** Runs, owners, commits and readers. */
export const runStoreLaws: readonly StoreLaw[] = [
  {
    name: 'holds no run before its RunCreated is committed',
    holds: async (at) => {
      const run = await ok(at.store.create(runId, { a: 1 }));
      assert.deepEqual(plain(run.snapshot), plain(emptySnapshot));
      assert.deepEqual(await ok(at.store.list()), []);
      await run.close();
      // Its id may be used again.
      const again = await createdRun(at.store);
      assert.deepEqual(
        (await ok(at.store.list())).map((listed) => listed.runId),
        [runId],
      );
      await again.close();
    },
  },

  {
    name: 'refuses an event that creates another run',
    holds: async (at) => {
      const run = await ok(at.store.create(runId, null));
      assert.equal(
        await errorOf(
          run.commit(0, [
            { type: 'RunCreated', atMs: 1, runId: 'other' as RunId, config: storeConfig() },
          ]),
        ),
        'corrupt',
      );
      await run.close();
      assert.deepEqual(await ok(at.store.list()), []);
    },
  },

  {
    name: 'refuses to create a run that exists',
    holds: async (at) => {
      const run = await createdRun(at.store);
      assert.equal(await errorOf(at.store.create(runId, null)), 'refused');
      await run.close();
      assert.equal(await errorOf(at.store.create(runId, null)), 'refused');
    },
  },

  {
    name: 'knows no run that was never created',
    holds: async (at) => {
      const unknown = 'unknown' as RunId;
      assert.equal(await errorOf(at.store.own(unknown)), 'not_found');
      assert.equal(await errorOf(at.store.read(unknown)), 'not_found');
      assert.equal(
        await errorOf(at.store.send(unknown, { type: 'pause', options: {} })),
        'not_found',
      );
      assert.deepEqual(await ok(at.store.list()), []);
    },
  },

  {
    name: 'keeps the job description with the run',
    holds: async (at) => {
      const description = { job: 'names', nested: { list: [1, 'two', null] } };
      const run = await ok(at.store.create(runId, description));
      await ok(run.commit(0, [{ type: 'RunCreated', atMs: 1, runId, config: storeConfig() }]));
      await run.close();
      await at.reopen();
      const reader = await ok(at.store.read(runId));
      assert.deepEqual(plain(reader.description), description);
    },
  },

  {
    name: 'has one owner for a run, and epochs that rise',
    holds: async (at) => {
      const first = await createdRun(at.store);
      assert.equal(await errorOf(at.store.own(runId)), 'owned_elsewhere');
      assert.equal(typeof (await ok(at.store.peek(runId))).owner, 'string');
      await ok(first.refresh());
      await first.close();
      assert.equal((await ok(at.store.peek(runId))).owner, null);
      const second = await ok(at.store.own(runId));
      assert.ok(second.epoch > first.epoch);
      assert.equal(second.snapshot.version, 1);
    },
  },

  {
    name: 'refuses a commit that was decided on another version, and changes nothing',
    holds: async (at) => {
      const run = await createdRun(at.store);
      const before = plain(run.snapshot);
      const pause: readonly Event[] = [
        { type: 'RunPaused', atMs: 5, reason: 'manual', message: null },
      ];
      for (const version of [0, 2])
        assert.equal(await errorOf(run.commit(version, pause)), 'stale_version');
      assert.deepEqual(plain(run.snapshot), before);
      assert.equal((await ok(run.commit(1, pause))).control.state, 'paused');
    },
  },

  {
    name: 'refuses whole what would move other rows than it claims',
    holds: async (at) => {
      const run = await createdRun(at.store);
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
        assert.deepEqual(
          [events.map((event) => event.type), await errorOf(run.commit(version, events))],
          [events.map((event) => event.type), 'corrupt'],
        );
      assert.deepEqual(plain(run.snapshot), before);
      assert.deepEqual(await ok(storedRows(run, 0, 10)), rows);
      // And it continues as if nothing had been asked.
      assert.deepEqual(Array.from(await ok(knownIds(run, ['fresh', 'same', 'item-6']))), [0, 0, 0]);
      await accept(run, sliceOf(6, 2));
      await completeRows(run, 'one', batchNo, [3, 1, 0, 2]);
      assert.deepEqual(
        (await ok(resultsAfter(run, 0, 9))).map((result) => result.index),
        [3, 1, 0, 2],
      );
    },
  },

  {
    name: 'shows results where their lines lie, and bad rows at once',
    holds: async (at) => {
      const run = await createdRun(at.store);
      await accept(run, sliceOf(0, 3, [1]));
      const batchNo = await submitBatch(run, 'one');
      await endBatch(run, 'one');
      await completeRows(run, 'one', batchNo, [2, 0]);
      const results = await ok(resultsAfter(run, 0, 10));
      assert.deepEqual(
        results.map(({ sequence, index, itemId, status }) => [sequence, index, itemId, status]),
        [
          [1, 1, 'item-1', 'failed_permanent'],
          [2, 2, 'item-2', 'completed'],
          [3, 0, 'item-0', 'completed'],
        ],
      );
      assert.deepEqual(
        results.map((result) => result.line),
        [
          null,
          { object: 'raw/one.jsonl', offset: 0, length: 7 },
          { object: 'raw/one.jsonl', offset: 100, length: 7 },
        ],
      );
      assert.deepEqual(
        results.map((result) => result.item),
        [
          { object: 'items/0.jsonl', offset: 5, length: 6 },
          { object: 'items/0.jsonl', offset: 11, length: 7 },
          { object: 'items/0.jsonl', offset: 0, length: 5 },
        ],
      );
      assert.deepEqual(
        (await ok(resultsByIndex(run, 1, 1))).results.map((result) => result.index),
        [1],
      );
    },
  },
  {
    name: 'shows a reader what the owner has committed since',
    holds: async (at) => {
      const run = await createdRun(at.store);
      const reader = await ok(at.store.read(runId));
      await accept(run, sliceOf(0, 3));
      await submitBatch(run, 'one');
      assert.deepEqual(plain(await ok(reader.refresh())), plain(run.snapshot));
      assert.deepEqual(plain(reader.snapshot), plain(run.snapshot));
      assert.deepEqual(await ok(storedRows(reader, 0, 9)), await ok(storedRows(run, 0, 9)));
      await reader.close();
      await run.close();
    },
  },

  {
    name: 'lists runs, the newest first, with who drives them',
    holds: async (at) => {
      const older = await createdRun(at.store, 'older' as RunId, 1_000);
      const newer = await createdRun(at.store, 'newer' as RunId, 2_000);
      await older.close();
      await step(newer, { type: 'PauseRun', atMs: 3_000, reason: 'manual', message: 'lunch' });
      const both = await ok(at.store.list());
      assert.deepEqual(
        both.map((listed) => [listed.runId, listed.owner !== null]),
        [
          ['newer', true],
          ['older', false],
        ],
      );
      await newer.close();
      await at.reopen();
      const [listed] = await ok(at.store.list());
      assert.deepEqual(
        plain((await ok(at.store.peek('newer' as RunId))).snapshot),
        plain(listed?.snapshot),
      );
      assert.equal(await errorOf(at.store.peek('unknown' as RunId)), 'not_found');
      assert.deepEqual(
        [listed?.owner, listed?.snapshot.control.message, listed?.snapshot.version],
        [null, 'lunch', 2],
      );
    },
  },

  {
    name: 'hands commands to the owner, oldest first, until they are removed',
    holds: async (at) => {
      const run = await createdRun(at.store);
      const ids: string[] = [];
      for (const type of ['pause', 'resume', 'cancel'] as const) {
        ids.push(await ok(at.store.send(runId, { type, options: { at: type } })));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      assert.deepEqual(await ok(run.inbox()), [
        { id: ids[0], type: 'pause', options: { at: 'pause' } },
        { id: ids[1], type: 'resume', options: { at: 'resume' } },
        { id: ids[2], type: 'cancel', options: { at: 'cancel' } },
      ]);
      await ok(run.removeCommand(ids[1] ?? ''));
      await ok(run.removeCommand(ids[1] ?? ''));
      assert.deepEqual(
        (await ok(run.inbox())).map((command) => command.id),
        [ids[0], ids[2]],
      );
    },
  },

  {
    name: 'removes a run that has no owner, and nothing less than all of it',
    holds: async (at) => {
      const run = await createdRun(at.store);
      assert.equal(await errorOf(at.store.remove(runId)), 'owned_elsewhere');
      await run.close();
      await ok(at.store.remove(runId));
      assert.equal(await errorOf(at.store.read(runId)), 'not_found');
      const again = await createdRun(at.store);
      assert.equal(again.snapshot.version, 1);
      assert.deepEqual(await ok(storedRows(again, 0, 1)), []);
    },
  },

  {
    name: 'keeps the objects of a run that events name, when it is owned again',
    holds: async (at) => {
      const run = await createdRun(at.store);
      const slice = sliceOf(0, 2);
      for (const object of [slice.requestObject ?? '', slice.itemObject])
        await ok(run.artifacts.put(object, [new TextEncoder().encode(object)]));
      await accept(run, slice);
      await run.close();
      await at.reopen();
      const again = await ok(at.store.own(runId));
      assert.deepEqual(
        (await ok(again.artifacts.list(''))).map((object) => object.name),
        [slice.itemObject, slice.requestObject],
      );
    },
  },
];
