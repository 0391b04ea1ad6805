import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isLeft } from 'fp-ts/lib/Either.js';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import { openStore } from '../../contract/filestore-folder.ts';
import type { BuiltRun } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { holdAgainst } from './held-against.ts';

/**
 * The lock of a new owner cannot be written: the run has no owner, and the next process takes it at
 * once.
 */
export const fullLocks = (run: BuiltRun): readonly Case[] =>
  (['writeSync', 'fsyncSync'] as const).flatMap((call) =>
    (['ENOSPC', 'EIO'] as const).map((code) => ({
      kind: 'full lock',
      name: `${call} ${code}`,
      play: () => playFullLock(run, call, code),
    })),
  );

const playFullLock = async (
  run: BuiltRun,
  call: 'writeSync' | 'fsyncSync',
  code: string,
): Promise<Outcome> => {
  const { dir } = run.lay();
  const store = await openStore(dir);
  const real = fs[call];
  const failing = (): never => {
    throw Object.assign(new Error(`${code}: ${call}`), { code });
  };
  Object.assign(fs, { [call]: failing });
  syncBuiltinESMExports();
  const answer = await store.own(runId)();
  Object.assign(fs, { [call]: real });
  syncBuiltinESMExports();
  assert(isLeft(answer) && answer.left.type === 'unavailable', 'it is not refused as unavailable');
  const owned = await ok(store.own(runId));
  await holdAgainst(owned, run.steps);
  await store.close();
  return 'opened';
};
