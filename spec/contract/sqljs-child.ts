import { isRight } from 'fp-ts/lib/Either.js';
import { sqljsStore } from '../../adapters/sqljs/sqljs-store.ts';
import type { RunId } from '../../lib/core/index.ts';
import { accept, createdRun, ok, runId, sliceOf, step } from './run-store-fixture.ts';

/**
 * A process of its own for the specs: `commit <dir>` takes the run and commits until it is killed; `race <dir> <times>` takes it as
 * often as it can, commits once each time, and lets it go. What was acknowledged is said in a line each, at once.
 */
const [mode, dir = '', times = '0'] = process.argv.slice(2);
const storage = sqljsStore({ dir, checkpointRows: 200 });
const say = (...words: readonly (string | number)[]): void => void process.stdout.write(`${words.join(' ')}\n`);
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

await (mode === 'race' ? race() : commitForEver());
