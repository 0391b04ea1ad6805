import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import { messageOf, payloadRefusal } from '../faults.ts';
import { batchLines } from './batch-lines.ts';
import { inputRefusalIn, inputRefusedCommand, withRowsOfLines } from './input-refused.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/** Streams a batch's request lines from the payload store to the provider, byte for byte. */
export const performUpload =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'UploadBatch'>> =>
  (effect) => {
    const lines = batchLines(run, provider, effect);
    return pipe(
      provider.upload({
        batchKey: effect.batchKey,
        createAttempt: effect.createAttempt,
        bytes: effect.inputBytes,
        lines: lines.read(),
        expiresAfterMs: run.snapshot.config.operation.filesExpireAfterMs,
      }),
      // A payload of ours that cannot be read is not a transient failure of the provider.
      TE.mapLeft((error) => payloadRefusal(lines.fault() ?? error)),
      TE.map((uploaded): Asked => {
        const { batchKey, createAttempt } = effect;
        return TE.right({
          type: 'RecordUpload',
          atMs: scheduler.now(),
          batchKey,
          createAttempt,
          ...uploaded,
        });
      }),
      TE.orElse((error) => {
        const input = inputRefusalIn(error);
        return input === null
          ? TE.left(error)
          : TE.right(
              withRowsOfLines(
                run,
                inputRefusedCommand(effect, { message: messageOf(error) }, input, scheduler.now()),
                input,
              ),
            );
      }),
    );
  };

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

export const performDeleteFile =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'DeleteFile'>> =>
  ({ fileId }) =>
    pipe(
      provider.deleteFile(fileId),
      TE.map((): Asked => TE.right({ type: 'RecordFileDeleted', atMs: scheduler.now(), fileId })),
    );

export const performCancelDuplicate =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'CancelStray'>> =>
  ({ providerBatchId }) =>
    pipe(
      provider.cancel(providerBatchId),
      TE.map((): Asked =>
        TE.right({ type: 'RecordStrayCancelled', atMs: scheduler.now(), providerBatchId }),
      ),
    );

export const performPollDuplicates =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'PollStrays'>> =>
  ({ batches }) =>
    pipe(
      provider.observe(batches),
      TE.map((observations): Asked => {
        const asked = batches.map(({ providerBatchId }) => providerBatchId);
        return TE.right({ type: 'RecordStrays', atMs: scheduler.now(), asked, observations });
      }),
    );
