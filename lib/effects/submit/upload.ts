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
