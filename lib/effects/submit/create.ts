import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command, CreateRefusal } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import { isMarked } from '../../core/values/service-traits.ts';
import type { InputRefusal, PortError } from '../../ports/port-error.ts';
import { createRefusal, messageOf, payloadRefusal } from '../faults.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';
import { batchLines } from './batch-lines.ts';
import { inputRefusalIn, inputRefusedCommand, withRowsOfLines } from './input-refused.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/**
 * The intent to create. Where a later list must prove itself by it, the newest batch in the list is
 * read first.
 */
export const performBegin =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'BeginCreate'>> =>
  ({ batchKey }) =>
    pipe(
      isMarked(run.snapshot.config) && provider.mark !== undefined
        ? provider.mark()
        : TE.right(null),
      TE.map((newestBatchId): Asked =>
        TE.right({ type: 'BeginCreate', atMs: scheduler.now(), batchKey, newestBatchId }),
      ),
    );

/** What came of the create, with what its input was refused for. */
interface Outcome {
  readonly command: Command;
  readonly refused: InputRefusal | null;
}

/**
 * The one effect that is never performed twice on its own account: whatever comes back is a
 * command, and each of them leaves `creating`. Any answer that is not a definite refusal leaves the
 * create unconfirmed.
 */
export const performCreate =
  ({ run, provider, scheduler }: EnginePorts): Perform<Of<'CreateBatch'>> =>
  (effect) => {
    const { batchKey, createAttempt, inputFileId, requests, inputBytes } = effect;
    const lines = batchLines(run, provider, effect);
    const { batchMetadata, operation } = run.snapshot.config;
    return pipe(
      run.refresh(),
      TE.chain(() =>
        TE.fromTask<Outcome, PortError>(() =>
          provider
            .create({
              batchKey,
              createAttempt,
              inputFileId,
              requests,
              bytes: inputBytes,
              lines: lines.read,
              metadata: { ...batchMetadata, batchor_run_id: run.runId },
              outputExpiresAfterMs: operation.outputFilesExpireAfterMs,
            })()
            .then(
              (answer) =>
                answer._tag === 'Right'
                  ? created(effect, answer.right, scheduler.now())
                  : failed(effect, answer.left, lines.fault(), scheduler.now()),
              (thrown: unknown) =>
                failed(
                  effect,
                  { type: 'unclear', message: String(thrown), cause: thrown },
                  lines.fault(),
                  scheduler.now(),
                ),
            ),
        ),
      ),
      TE.map(({ command, refused }): Asked =>
        command.type === 'RecordInputRefused' && refused !== null
          ? withRowsOfLines(run, command, refused)
          : TE.right(command),
      ),
    );
  };

type Attempt = Of<'CreateBatch'>;

const created = (
  { batchKey, createAttempt }: Attempt,
  answer: Pick<Extract<Command, { type: 'RecordCreated' }>, 'providerBatchId' | 'providerStatus'>,
  atMs: number,
): Outcome => ({
  command: { type: 'RecordCreated', atMs, batchKey, createAttempt, ...answer },
  refused: null,
});

/** `unread`: why our own stored lines could not be read to their end; null: they were. */
const failed = (
  { batchKey, createAttempt }: Attempt,
  error: PortError,
  unread: PortError | null,
  atMs: number,
): Outcome => {
  const attempt = { batchKey, createAttempt };
  // The request broke off before its end: nothing was created.
  const refusal = unread === null ? createRefusal(error) : brokenOff(unread);
  const refused = unread === null ? inputRefusalIn(error) : null;
  if (refused !== null) {
    const command = inputRefusedCommand(attempt, { message: messageOf(error) }, refused, atMs);
    return { command, refused };
  }
  const command: Command =
    refusal === null
      ? {
          type: 'RecordCreateUnclear',
          atMs,
          ...attempt,
          message: error.type === 'unclear' ? error.message : error.type,
        }
      : { type: 'RecordCreateRefused', atMs, ...attempt, refusal };
  return { command, refused: null };
};

const brokenOff = (unread: PortError): CreateRefusal =>
  createRefusal(payloadRefusal(unread)) ?? {
    type: 'unreachable',
    message: messageOf(unread),
    retryAfterMs: null,
    statedTokensMax: null,
    statedRequestsMax: null,
  };
