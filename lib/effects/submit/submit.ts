import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import { PayloadError } from '../../ports/payload-error.ts';
import type { InputRefusal, PortError } from '../../ports/port-error.ts';
import type { RequestSpan } from '../../ports/run-store.ts';
import { createRefusal, EngineFailure, messageOf, payloadRefusal } from '../faults.ts';
import { type ChangeLines, changedLines, raisingOf, stampingOf } from './change-lines.ts';
import { inputRefusalIn, inputRefusedCommand, withRowsOfLines } from './input-refused.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/** Streams a batch's request lines from the payload store to the provider, byte for byte. */
export const performUpload =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'UploadBatch'>> =>
  (effect) =>
    pipe(
      run.batchLines(effect.batchNo),
      TE.chain((spans) => {
        const lines = readAll(run.artifacts, spans, {
          raise: raisingOf(provider, run.snapshot.config),
          stamp: stampingOf(provider, run.snapshot.config, effect),
        });
        return pipe(
          provider.upload({
            batchKey: effect.batchKey,
            createAttempt: effect.createAttempt,
            bytes: effect.inputBytes,
            lines: lines.chunks,
            expiresAfterMs: run.snapshot.config.operation.filesExpireAfterMs,
          }),
          // A payload of ours that cannot be read is not a transient failure of the provider.
          TE.mapLeft((error) => payloadRefusal(lines.fault() ?? error)),
        );
      }),
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

const readAll = (
  artifacts: ArtifactStore,
  spans: readonly RequestSpan[],
  { raise, stamp }: { readonly raise: ChangeLines | null; readonly stamp: ChangeLines | null },
): { readonly chunks: AsyncIterable<Uint8Array>; fault(): PortError | null } => {
  let fault: PortError | null = null;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const { object, offset, length, wasCharged } of spans) {
      const read = await artifacts.read(object, { offset, length })();
      if (read._tag === 'Left') {
        fault = read.left;
        throw new EngineFailure(read.left);
      }
      try {
        const raised = raise === null || !wasCharged ? read.right : changedLines(read.right, raise);
        yield* stamp === null ? raised : changedLines(raised, stamp);
      } catch (cause) {
        // Bytes that have changed since they were stored: the upload breaks off, and is not the
        // transfer's fault.
        if (cause instanceof PayloadError) fault = cause.error;
        throw cause;
      }
    }
  }
  return { chunks: chunks(), fault: () => fault };
};

/**
 * The one effect that is never performed twice on its own account: whatever comes back is a
 * command, and each of them leaves `creating`. Any answer that is not a plain refusal leaves the
 * create unconfirmed.
 */
export const performCreate =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'CreateBatch'>> =>
  ({ batchKey, createAttempt, inputFileId }) => {
    let refused: InputRefusal | null = null;
    return pipe(
      run.assertOwned(),
      TE.chain(() => {
        const { batchMetadata, operation } = run.snapshot.config;
        const metadata = { ...batchMetadata, batchor_run_id: run.runId };
        return TE.fromTask<Command, PortError>(() =>
          provider
            .create({
              batchKey,
              createAttempt,
              inputFileId,
              metadata,
              outputExpiresAfterMs: operation.outputFilesExpireAfterMs,
            })()
            .then(
              (answer): Command => {
                const atMs = scheduler.now();
                if (answer._tag === 'Right')
                  return { type: 'RecordCreated', atMs, batchKey, createAttempt, ...answer.right };
                refused = inputRefusalIn(answer.left);
                if (refused !== null)
                  return inputRefusedCommand(
                    { batchKey, createAttempt },
                    { message: messageOf(answer.left) },
                    refused,
                    atMs,
                  );
                const refusal = createRefusal(answer.left);
                if (refusal !== null)
                  return { type: 'RecordCreateRefused', atMs, batchKey, createAttempt, refusal };
                return {
                  type: 'RecordCreateUnclear',
                  atMs,
                  batchKey,
                  createAttempt,
                  message: answer.left.type === 'unclear' ? answer.left.message : answer.left.type,
                };
              },
              (thrown: unknown): Command => ({
                type: 'RecordCreateUnclear',
                atMs: scheduler.now(),
                batchKey,
                createAttempt,
                message: String(thrown),
              }),
            ),
        );
      }),
      TE.map((command): Asked =>
        command.type === 'RecordInputRefused' && refused !== null
          ? withRowsOfLines(run, command, refused)
          : TE.right(command),
      ),
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
      run.assertOwned(),
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
