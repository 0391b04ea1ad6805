import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/** Reads the provider's list for unconfirmed creates, and reports what it shows. */
export const performReconcile =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'SweepBatches'>> =>
  ({ creates, known, sinceMs }) => {
    const readFromMs = scheduler.now();
    return pipe(
      provider.sweep({ creates, known, sinceMs, runId: run.runId }),
      TE.map((report): Asked =>
        TE.right({
          type: 'RecordSweep',
          atMs: scheduler.now(),
          readFromMs,
          asked: creates,
          known,
          report,
        }),
      ),
    );
  };

/**
 * Before the fence goes up this owner makes sure that it still is one: another may have planned the
 * batch anew.
 */
export const performFence =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'FenceCreate'>> =>
  ({ batchKey, createAttempt, inputFileId }) =>
    pipe(
      run.refresh(),
      TE.chain(() => provider.deleteFile(inputFileId)),
      TE.map((): Asked =>
        TE.right({ type: 'RecordFenced', atMs: scheduler.now(), batchKey, createAttempt }),
      ),
    );
