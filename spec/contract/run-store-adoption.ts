import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../lib/core/internal.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  accept,
  createdRun,
  ok,
  runId,
  type RunStoreFixture,
  sliceOf,
  step,
  submitBatch,
} from './run-store-fixture.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';
import { knownIds, planWindow } from '../../lib/rows/read-slices.ts';

/** What a worker, and whoever looks for long, needs of a run store. */
export const describeAdoptionContract = (
  name: string,
  factory: () => Promise<RunStoreFixture>,
): void => {
  describe(`${name} tells workers what there is to do: it`, () => {
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

    it('names the runs that have no owner and pending work by then', async () => {
      const reading = await createdRun(store, 'reading' as RunId);
      const paused = await createdRun(store, 'paused' as RunId);
      const polling = await createdRun(store, 'polling' as RunId);
      expect(await ok(store.adoptable(10_000, 10))).toEqual([]);
      await step(paused, { type: 'PauseRun', atMs: 1_500, reason: 'manual', message: null });
      await accept(polling, sliceOf(0, 4), true);
      await submitBatch(polling, 'one');
      await step(polling, { type: 'PauseRun', atMs: 3_500, reason: 'manual', message: null });
      for (const run of [reading, paused, polling]) await run.close();
      const dueAtMs = polling.snapshot.live[0]?.dueAtMs ?? 0;
      expect(await ok(store.adoptable(dueAtMs - 1, 10))).toEqual(['reading']);
      // Paused, it is named all the same: answers that were paid for do not expire unread.
      expect([...(await ok(store.adoptable(4_000, 10)))].sort()).toEqual(['polling', 'reading']);
      expect(await ok(store.adoptable(4_000, 1))).toHaveLength(1);
      const again = await ok(store.own('reading' as RunId));
      expect(await ok(store.adoptable(4_000, 10))).toEqual(['polling']);
      await step(again, { type: 'CancelRun', atMs: 2_500 });
      await again.close();
      // A command that nobody was there to hear waits for somebody too.
      await ok(store.send('paused' as RunId, { type: 'resume', options: {} }));
      expect(await ok(store.adoptable(2_000, 10))).toContain('paused');
    });

    it('names a run whose last commit lies ahead of the clock: the clock went back since', async () => {
      const run = await createdRun(store, 'polling' as RunId);
      await accept(run, sliceOf(0, 4), true);
      await submitBatch(run, 'one');
      const { batchKey, providerBatchId } = run.snapshot.live[0] ?? expect.fail('no batch');
      const progress = { total: 4, completed: 1, failed: 0 };
      const seen = {
        batchKey,
        providerBatchId: providerBatchId ?? expect.fail('no id'),
        providerStatus: 'in_progress',
        isAccepted: true,
      };
      const observations = [{ ...seen, progress, ending: null }];
      await step(run, { type: 'RecordPoll', atMs: 1_000_000, asked: [batchKey], observations });
      await run.close();
      expect(await ok(store.adoptable(1_000_001, 10))).toEqual([]);
      expect(await ok(store.adoptable(990_000, 10))).toEqual(['polling']);
    });

    it('keeps item ids whatever they hold, and knows them again', async () => {
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
      const run = await createdRun(store);
      await accept(run, { ...sliceOf(0, itemIds.length), itemIds });
      expect((await ok(storedRows(run, 0, 99))).map(({ itemId }) => itemId)).toEqual(itemIds);
      expect([...(await ok(knownIds(run, [...itemIds, 'other', '\\\\'])))]).toEqual([
        ...itemIds.map(() => 1),
        0,
        0,
      ]);
      await run.close();
      const reader = await ok(store.read(runId));
      expect((await ok(storedRows(reader, 0, 99))).map(({ itemId }) => itemId)).toEqual(itemIds);
      await reader.close();
    });

    it('keeps how many inputs each request has, and says nothing where each has one', async () => {
      const run = await createdRun(store);
      await accept(run, { ...sliceOf(0, 3), inputs: Uint8Array.from([1, 1, 1]) });
      expect((await ok(planWindow(run, 9))).inputs).toBeNull();
      await accept(run, { ...sliceOf(3, 4), inputs: Uint16Array.from([1, 2_048, 7, 1]) });
      await accept(run, sliceOf(7, 2));
      const inputs = [1, 1, 1, 1, 2_048, 7, 1, 1, 1];
      expect(Array.from((await ok(planWindow(run, 9))).inputs ?? [])).toEqual(inputs);
      expect((await ok(planWindow(run, 4))).inputs).toBeNull();
      await run.close();
      const again = await ok(store.own(runId));
      expect(Array.from((await ok(planWindow(again, 9))).inputs ?? [])).toEqual(inputs);
    });

    it('keeps words of the world whatever they hold', async () => {
      const message = 'a\0b \ud800 \\u0000 "quoted" \u2028';
      const run = await createdRun(store);
      await step(run, { type: 'PauseRun', atMs: 1_500, reason: 'manual', message });
      await run.close();
      const again = await ok(store.own(runId));
      expect(again.snapshot.control.message).toBe(message);
      expect((await ok(again.eventsAfter(0, 9))).map(({ data }) => data['message'])).toContain(
        message,
      );
      await again.close();
    });

    it('shows a run that moves to a reader that was asked to stand still as it was', async () => {
      const run = await createdRun(store);
      await accept(run, sliceOf(0, 3));
      const reader = await ok(store.read(runId, { isStill: true }));
      await ok(storedRows(reader, 0, 9));
      await accept(run, sliceOf(3, 2));
      if (fixture.canStandStill) {
        expect([
          (await ok(storedRows(reader, 0, 9))).length,
          reader.snapshot.ingest.itemCount,
        ]).toEqual([3, 3]);
        await ok(reader.refresh());
      }
      expect([
        (await ok(storedRows(reader, 0, 9))).length,
        reader.snapshot.ingest.itemCount,
      ]).toEqual([5, 5]);
      await reader.close();
      await run.close();
    });

    it('lets one do its work under a name at a time, whichever process the other is in', async () => {
      const other = await fixture.open();
      let isAtWork = false;
      let isDone = false;
      let finish = (): void => undefined;
      const first = store.alone(['b', 'a'], async () => {
        isAtWork = true;
        await new Promise<void>((resolve) => (finish = resolve));
        isDone = true;
        return 'first';
      })();
      // Not asked of the other store meanwhile: it would take the names itself.
      await waitFor('the first is at work', () => isAtWork);
      expect(await other.alone(['a'], () => Promise.resolve('too early'))()).toMatchObject({
        left: { type: 'owned_elsewhere' },
      });
      expect(isDone).toBe(false);
      expect(await ok(other.alone(['c'], () => Promise.resolve('another name')))).toBe(
        'another name',
      );
      finish();
      expect(await first).toMatchObject({ right: 'first' });
      await expect(
        other.alone(['a', 'b'], () => Promise.reject(new Error('thrown by the work')))(),
      ).rejects.toThrow('thrown by the work');
      expect(await ok(store.alone(['a', 'b'], () => Promise.resolve(2)))).toBe(2);
      await other.close();
    });

    it('says what happened to runs, where it can', async () => {
      if (store.onNews === undefined) return;
      const heard: string[] = [];
      const stop = store.onNews(({ type, runId: id }) => heard.push(`${type} ${id}`));
      const run = await createdRun(store);
      // Listening begins a moment later; until then nothing is heard, which is why nobody relies on
      // it.
      await waitFor('news of a command comes', async () => {
        await ok(store.send(runId, { type: 'pause', options: {} }));
        return heard.length > 0;
      });
      expect(heard).toContain(`command ${runId}`);
      heard.length = 0;
      await run.close();
      await waitFor('news of the release comes', () => heard.includes(`released ${runId}`), {
        state: () => heard,
      });
      stop();
    });
  });
};
