import assert from 'node:assert/strict';
import type { RunId } from '../../core/internal.ts';
import { storedRows } from '../../rows/read-rows.ts';
import { knownIds, planWindow } from '../../rows/read-slices.ts';
import { valueOf as ok } from '../check.ts';
import { assertLike, type StoreLaw, waitFor } from './store-law.ts';
import { accept, createdRun, runId, sliceOf, step, submitBatch } from './store-runs.ts';

/** What workers and long observers need of a run store. */
export const workerLaws: readonly StoreLaw[] = [
  {
    name: 'names the runs that have no owner and pending work by then',
    holds: async (at) => {
      const reading = await createdRun(at.store, 'reading' as RunId);
      const paused = await createdRun(at.store, 'paused' as RunId);
      const polling = await createdRun(at.store, 'polling' as RunId);
      assert.deepEqual(await ok(at.store.adoptable(10_000, 10)), []);
      await step(paused, { type: 'PauseRun', atMs: 1_500, reason: 'manual', message: null });
      await accept(polling, sliceOf(0, 4), true);
      await submitBatch(polling, 'one');
      await step(polling, { type: 'PauseRun', atMs: 3_500, reason: 'manual', message: null });
      for (const run of [reading, paused, polling]) await run.close();
      const dueAtMs = polling.snapshot.live[0]?.dueAtMs ?? 0;
      assert.deepEqual(await ok(at.store.adoptable(dueAtMs - 1, 10)), ['reading']);
      // Paused, it is named all the same: answers that were paid for do not expire unread.
      assert.deepEqual([...(await ok(at.store.adoptable(4_000, 10)))].sort(), [
        'polling',
        'reading',
      ]);
      assert.equal((await ok(at.store.adoptable(4_000, 1))).length, 1);
      const again = await ok(at.store.own('reading' as RunId));
      assert.deepEqual(await ok(at.store.adoptable(4_000, 10)), ['polling']);
      await step(again, { type: 'CancelRun', atMs: 2_500 });
      await again.close();
      // A command that no owner was there to hear waits for one too.
      await ok(at.store.send('paused' as RunId, { type: 'resume', options: {} }));
      assert.ok((await ok(at.store.adoptable(2_000, 10))).includes('paused' as RunId));
    },
  },

  {
    name: 'names a run whose last commit lies ahead of the clock: the clock went back since',
    holds: async (at) => {
      const run = await createdRun(at.store, 'polling' as RunId);
      await accept(run, sliceOf(0, 4), true);
      await submitBatch(run, 'one');
      const { batchKey, providerBatchId } = run.snapshot.live[0] ?? assert.fail('no batch');
      const progress = { total: 4, completed: 1, failed: 0 };
      const seen = {
        batchKey,
        providerBatchId: providerBatchId ?? assert.fail('no id'),
        providerStatus: 'in_progress',
        isAccepted: true,
      };
      const observations = [{ ...seen, progress, ending: null }];
      await step(run, { type: 'RecordPoll', atMs: 1_000_000, asked: [batchKey], observations });
      await run.close();
      assert.deepEqual(await ok(at.store.adoptable(1_000_001, 10)), []);
      assert.deepEqual(await ok(at.store.adoptable(990_000, 10)), ['polling']);
    },
  },

  {
    name: 'keeps item ids whatever they hold, and knows them again',
    holds: async (at) => {
      const itemIds = [
        '\0',
        'a\0b',
        '\\',
        '\\u0000',
        '\ud800',
        '\udc00\ud800',
        '😀',
        '"',
        "'",
        '{}',
        ' ',
        '\u2028',
        'i'.repeat(20_000),
        'null',
      ];
      const run = await createdRun(at.store);
      await accept(run, { ...sliceOf(0, itemIds.length), itemIds });
      assert.deepEqual(
        (await ok(storedRows(run, 0, 99))).map(({ itemId }) => itemId),
        itemIds,
      );
      assert.deepEqual(
        [...(await ok(knownIds(run, [...itemIds, 'other', '\\\\'])))],
        [...itemIds.map(() => 1), 0, 0],
      );
      await run.close();
      const reader = await ok(at.store.read(runId));
      assert.deepEqual(
        (await ok(storedRows(reader, 0, 99))).map(({ itemId }) => itemId),
        itemIds,
      );
      await reader.close();
    },
  },

  {
    name: 'keeps how many inputs each request has, and says nothing where each has one',
    holds: async (at) => {
      const run = await createdRun(at.store);
      await accept(run, { ...sliceOf(0, 3), inputs: Uint8Array.from([1, 1, 1]) });
      assert.equal((await ok(planWindow(run, 9))).inputs, null);
      await accept(run, { ...sliceOf(3, 4), inputs: Uint16Array.from([1, 2_048, 7, 1]) });
      await accept(run, sliceOf(7, 2));
      const inputs = [1, 1, 1, 1, 2_048, 7, 1, 1, 1];
      assert.deepEqual(Array.from((await ok(planWindow(run, 9))).inputs ?? []), inputs);
      assert.equal((await ok(planWindow(run, 4))).inputs, null);
      await run.close();
      const again = await ok(at.store.own(runId));
      assert.deepEqual(Array.from((await ok(planWindow(again, 9))).inputs ?? []), inputs);
    },
  },

  {
    name: 'keeps words of the world whatever they hold',
    holds: async (at) => {
      const message = 'a\0b \ud800 \\u0000 "quoted" \u2028';
      const run = await createdRun(at.store);
      await step(run, { type: 'PauseRun', atMs: 1_500, reason: 'manual', message });
      await run.close();
      const again = await ok(at.store.own(runId));
      assert.equal(again.snapshot.control.message, message);
      assert.ok(
        (await ok(again.eventsAfter(0, 9))).map(({ data }) => data['message']).includes(message),
      );
      await again.close();
    },
  },

  {
    name: 'shows a run that moves to a reader that was asked to stand still as it was',
    holds: async (at) => {
      const run = await createdRun(at.store);
      await accept(run, sliceOf(0, 3));
      const reader = await ok(at.store.read(runId, { isStill: true }));
      await ok(storedRows(reader, 0, 9));
      await accept(run, sliceOf(3, 2));
      if (at.fixture.canStandStill !== false) {
        assert.deepEqual(
          [(await ok(storedRows(reader, 0, 9))).length, reader.snapshot.ingest.itemCount],
          [3, 3],
        );
        await ok(reader.refresh());
      }
      assert.deepEqual(
        [(await ok(storedRows(reader, 0, 9))).length, reader.snapshot.ingest.itemCount],
        [5, 5],
      );
      await reader.close();
      await run.close();
    },
  },

  {
    name: 'lets one do its work under a name at a time, whichever process the other is in',
    holds: async (at) => {
      const other = await at.fixture.open();
      let isAtWork = false;
      let isDone = false;
      let finish = (): void => undefined;
      const first = at.store.alone(['b', 'a'], async () => {
        isAtWork = true;
        await new Promise<void>((resolve) => (finish = resolve));
        isDone = true;
        return 'first';
      })();
      // Not asked of the other store meanwhile: it would take the names itself.
      await waitFor('the first is at work', () => isAtWork);
      assertLike(await other.alone(['a'], () => Promise.resolve('too early'))(), {
        left: { type: 'owned_elsewhere' },
      });
      assert.equal(isDone, false);
      assert.equal(
        await ok(other.alone(['c'], () => Promise.resolve('another name'))),
        'another name',
      );
      finish();
      assertLike(await first, { right: 'first' });
      await assert.rejects(
        other.alone(['a', 'b'], () => Promise.reject(new Error('thrown by the work')))(),
        new RegExp('thrown by the work', 'u'),
      );
      assert.equal(await ok(at.store.alone(['a', 'b'], () => Promise.resolve(2))), 2);
      await other.close();
    },
  },

  {
    name: 'says what happened to runs, where it can',
    holds: async (at) => {
      if (at.store.onNews === undefined) return;
      const heard: string[] = [];
      const stop = at.store.onNews(({ type, runId: id }) => heard.push(`${type} ${id}`));
      const run = await createdRun(at.store);
      // Listening begins a moment later; until then nothing is heard.
      await waitFor('news of a command comes', async () => {
        await ok(at.store.send(runId, { type: 'pause', options: {} }));
        return heard.length > 0;
      });
      assert.ok(heard.includes(`command ${runId}`));
      heard.length = 0;
      await run.close();
      await waitFor('news of the release comes', () => heard.includes(`released ${runId}`));
      stop();
    },
  },
];
