import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameOf, seal } from '../../../adapters/filestore/journal/frame.ts';
import { listRunFolder } from '../../../adapters/filestore/disk/run-folder.ts';
import type { Event } from '../../../lib/core/model/event.ts';
import { encodeEvents } from '../../../lib/core/codec/event-record.ts';
import type { OwnedRun, RunStore } from '../../../lib/ports/run-store.ts';
import { errorOf, ok, runId } from '../../contract/run-store-fixture.ts';
import {
  copyOf,
  folderOf,
  letGo,
  newestJournal,
  newStoreFolder,
  openStore,
  recordBounds,
} from '../../contract/filestore-folder.ts';
import type { Step } from '../../support/core/commit.ts';
import { pause, stepsOf } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { flipped } from './damaged-journal.ts';
import { holdAgainst } from './held-against.ts';
import { writeFileSync } from 'node:fs';

/** How the late record reaches the disk: from the unaware owner, or long after it. */
const ways = ['by its owner', 'behind its back'] as const;
const late: Event = {
  type: 'RunPaused',
  atMs: 9,
  reason: 'manual',
  message: 'too late',
} as unknown as Event;

/**
 * An owner is replaced after so many steps, and writes one more record, which must never be
 * replayed.
 */
export const staleOwners = (seed: number): readonly Case[] => {
  const steps = stepsOf(seed).slice(0, 40);
  return Array.from({ length: 24 }, (_, i) => i + 2).flatMap((taken) => [
    ...ways.map((way) => ({
      kind: 'stale owner',
      name: `after ${taken} steps, ${way}`,
      play: () => playLate(steps, taken, way),
    })),
    { kind: 'sleeping owner', name: `after ${taken} steps`, play: () => playSlept(steps, taken) },
  ]);
};

/**
 * The owner sleeps during its successor's time, and wakes when the run has no owner: it must not
 * own the run again.
 */
const playSlept = async (steps: readonly Step[], taken: number): Promise<Outcome> => {
  const dir = newStoreFolder();
  const [first, second] = [await openStore(dir), await openStore(dir)];
  const old = await ok(first.create(runId, null));
  await commitTo(old, steps.slice(0, taken));
  letGo(dir);
  const taker = await ok(second.own(runId));
  await commitTo(taker, steps.slice(taken, taken + 4));
  await taker.close();
  for (const port of [old.refresh(), old.commit(old.snapshot.version, [late])])
    assert(
      (await errorOf(port)) === 'lease_lost',
      'a replaced owner owns the run again, once its successor is gone',
    );
  await old.close();
  const third = await ok(second.own(runId));
  await holdAgainst(third, steps.slice(0, taken + 4));
  for (const store of [first, second]) await store.close();
  return 'opened';
};

const commitTo = async (run: OwnedRun, steps: readonly Step[]): Promise<void> => {
  for (const step of steps) await ok(run.commit(step.before.snapshot.version, step.events));
};

const playLate = async (
  steps: readonly Step[],
  taken: number,
  way: (typeof ways)[number],
): Promise<Outcome> => {
  const dir = newStoreFolder();
  const [first, second, other] = [
    await openStore(dir),
    await openStore(dir, { checkpointRows: 1 }),
    await openStore(dir),
  ];
  const old = await ok(first.create(runId, null));
  await commitTo(old, steps.slice(0, taken));
  const reader = await ok(other.read(runId));
  const journal = newestJournal(dir);
  letGo(dir);
  const taker = await ok(second.own(runId));
  const version = old.snapshot.version;
  const bytes = readFileSync(journal).length;
  if (way === 'by its owner')
    assert(
      (await errorOf(old.commit(version, [late]))) === 'lease_lost',
      'a replaced owner was acknowledged',
    );
  else appendFileSync(journal, lateRecord(version));
  assert(readFileSync(journal).length > bytes, 'nothing was written late');
  const expectSteps = async (store: RunStore, count: number): Promise<void> => {
    await ok(reader.refresh());
    await holdAgainst(reader, steps.slice(0, count));
    const anew = await ok(store.read(runId));
    await holdAgainst(anew, steps.slice(0, count));
    await anew.close();
  };
  await expectSteps(other, taken);
  await commitTo(taker, steps.slice(taken, taken + 4));
  await expectSteps(other, taken + 4);
  await expectRepairWithout(copyOf(dir), steps, taken);
  await old.close();
  await commitTo(taker, steps.slice(taken + 4, taken + 12));
  await pause(20);
  await taker.close();
  await expectSteps(other, taken + 12);
  const third = await ok(first.own(runId));
  await holdAgainst(third, steps.slice(0, taken + 12));
  await third.close();
  await expectSteps(other, taken + 12);
  for (const store of [first, second, other]) await store.close();
  return 'opened';
};

const lateRecord = (version: number): Uint8Array => {
  const { header, columns } = encodeEvents([late]);
  const frame = frameOf({ ...header, version }, columns);
  seal(frame);
  return frame;
};

/**
 * The successor's first record is damaged, and it alone states how much of the old journal counts:
 * a repair must not include the late record either.
 */
const expectRepairWithout = async (
  copy: string,
  steps: readonly Step[],
  taken: number,
): Promise<void> => {
  letGo(copy);
  const folder = folderOf(copy);
  const { journals, checkpoints } = listRunFolder(folder);
  // When an image already holds the successor's first record, it is not needed.
  if (checkpoints.length > 0 || journals.length !== 2) return;
  const journal = newestJournal(copy);
  const [, end = 0] = recordBounds(journal);
  writeFileSync(journal, flipped(readFileSync(journal), (end - 3) * 8));
  const store = await openStore(copy);
  const repaired = await ok(store.care?.repair(runId) ?? Promise.reject);
  assert(
    repaired.before.state === 'damaged' && repaired.after.state === 'whole',
    `the repair left it ${repaired.after.state}`,
  );
  const owned = await ok(store.own(runId));
  await holdAgainst(owned, steps.slice(0, taken));
  assert(
    repaired.setAside.every((file) => existsSync(join(folder, file))),
    'something that was set aside is gone',
  );
  await store.close();
};
