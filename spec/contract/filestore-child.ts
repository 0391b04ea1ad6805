import { isRight } from 'fp-ts/lib/Either.js';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { type SessionClient, localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { sqljsStore, sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import type { RunId } from '../../lib/core/internal.ts';
import { planOk, quotaRun } from '../../lib/testing/stores/quota-runs.ts';
import { accept, createdRun, ok, runId, sliceOf, step } from './run-store-fixture.ts';

/**
 * A child process of the specs. `commit <dir>` takes the run and commits until it is killed. `race
 * <dir> <times>` takes it as often as it can, commits once each time, and releases it. `claim <dir>
 * before|after` plans two batches and halts before or after the second commit, whose claim other
 * runs already see. It prints a line for each acknowledgement at once.
 */
const [mode, dir = '', times = '0'] = process.argv.slice(2);
const storage = sqljsStore({ dir, checkpointRows: 200 });
const say = (...parts: readonly (string | number)[]): void =>
  void process.stdout.write(`${parts.join(' ')}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const commitForEver = async (): Promise<never> => {
  const store = await ok(storage.open());
  const exists = (await ok(store.list())).length > 0;
  const run = exists ? await ok(store.own(runId)) : await createdRun(store, runId);
  say('owned', run.epoch, run.snapshot.version);
  await step(run, { type: 'OpenRun', atMs: 1 });
  for (;;) {
    const from = run.snapshot.ingest.itemCount;
    await accept(run, sliceOf(from, 17));
    say('acknowledged', run.snapshot.version, run.snapshot.ingest.itemCount);
  }
};

const race = async (): Promise<void> => {
  const store = await ok(storage.open());
  for (let taken = 0; taken < Number(times);) {
    const run = await store.own(runId as RunId)();
    if (!isRight(run)) {
      await pause(1);
      continue;
    }
    taken += 1;
    await step(run.right, { type: 'OpenRun', atMs: taken });
    say('took', run.right.epoch, run.right.snapshot.version);
    await run.right.close();
  }
  await store.close();
};

const claim = async (): Promise<void> => {
  const halt = { isArmed: false };
  const forEver = new Promise<never>(() => undefined);
  const halting = (): SessionClient => {
    const client = localClient(nodeDisk, 0);
    const call: SessionClient['call'] = (run, name, input, transfer) =>
      name === 'commit' && halt.isArmed
        ? async () => {
            if (times === 'after') await client.call(run, name, input, transfer)();
            say('halted');
            return forEver;
          }
        : client.call(run, name, input, transfer);
    return { ...client, call };
  };
  const store = await ok(sqljsStoreOn({ dir }, halting).open());
  const run = await quotaRun(store, 'child', 8);
  await planOk(run, 'a');
  halt.isArmed = true;
  // A pending promise alone keeps no process alive.
  setInterval(() => undefined, 1_000);
  await planOk(run, 'b');
};

await (mode === 'race' ? race() : mode === 'claim' ? claim() : commitForEver());
