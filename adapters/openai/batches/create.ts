import { contradictionIn, type CreateAnswer } from '../../../lib/core/reconcile/create-answer.ts';
import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { apiErrorIn, requestIdIn, statusIn } from '../client/api-error.ts';
import { ask } from '../client/ask.ts';
import { readBatch } from './batch-object.ts';
import { CallFailure } from '../client/classify.ts';
import { endpointPath, type OpenAIEndpoint } from '../config/endpoints.ts';
import { fileState, isInWork } from '../files/file-state.ts';
import { isInputMissing, isInputPending, mayBePending } from './input-missing.ts';
import { fileExpirySeconds, metadataPairsMax } from '../config/limits.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';

/** Names under which a batch says whose it is. */
export const batchKeyKey = 'batchor_batch_key';
export const attemptKey = 'batchor_attempt';

/** Creates the batch with one POST, never repeated: here, in the SDK or in the transport. */
export const create =
  (
    open: OpenSession,
    batch: { readonly endpoint: OpenAIEndpoint; readonly completionWindow: string },
  ): BatchProvider['create'] =>
  ({ batchKey, createAttempt, inputFileId, metadata, outputExpiresAfterMs = null }) =>
    ask(
      open,
      { what: 'create the batch', isPaid: true, isAboutOne: false, isAboutInput: true },
      async (session) => {
        if (inputFileId === null) throw noInputFile(session);
        const marks = { [batchKeyKey]: batchKey, [attemptKey]: String(createAttempt) };
        const pairs = { ...metadata, ...marks };
        const count = Object.keys(pairs).length;
        if (count > metadataPairsMax) {
          const message = `a batch carries ${metadataPairsMax} pairs of metadata, and these are ${count}: give fewer in batchMetadata`;
          throw new CallFailure({ type: 'refused', message, statusCode: null, requestId: null });
        }
        const body = {
          input_file_id: inputFileId,
          endpoint: endpointPath(batch.endpoint),
          completion_window: batch.completionWindow,
          metadata: pairs,
          ...(outputExpiresAfterMs === null
            ? {}
            : {
                output_expires_after: {
                  anchor: 'created_at',
                  seconds: fileExpirySeconds(outputExpiresAfterMs),
                },
              }),
        };
        const answer = await requestJson(session, {
          method: 'post',
          path: '/batches',
          body: () => body,
        }).catch((thrown: unknown) => {
          const isMissed = isInputMissing(thrown, inputFileId);
          if (!isMissed && !isInputPending(thrown, inputFileId)) {
            if (mayBePending(thrown, inputFileId))
              return refuseIfPending(session, inputFileId, thrown);
            throw thrown;
          }
          return refuseForFile(session, inputFileId, thrown, isMissed);
        });
        const report = readBatch(answer, session.scrub);
        if (report === null || !isJsonObject(answer))
          throw unconfirmed(
            `${session.where} answered the create with something that is not a batch: it may or may not exist`,
          );
        const contradiction = contradictionIn(createAnswerOf(answer), { inputFileId, marks });
        if (contradiction !== null)
          throw unconfirmed(
            `${session.where} answered the create with another batch (${report.id}): ${contradiction}; ours may or may not exist`,
          );
        return { providerBatchId: report.id, providerStatus: report.status };
      },
    );

/**
 * The create was refused for its input file: what the provider says of that file decides what
 * follows. Asking costs nothing.
 */
const refuseForFile = async (
  session: Session,
  inputFileId: string,
  thrown: unknown,
  isMissed: boolean,
): Promise<never> => {
  const { where } = session;
  const said = apiErrorIn(thrown).message;
  const file = await fileState(session, inputFileId);
  if (file.type === 'failed') {
    const message = `${where} could not process the input file ${inputFileId}: ${file.details}`;
    throw new CallFailure({
      type: 'refused',
      message,
      statusCode: statusIn(thrown),
      requestId: requestIdIn(thrown),
    });
  }
  if (file.type === 'gone' || (file.type === 'unknown' && isMissed))
    throw new CallFailure({
      type: 'not_found',
      message: `${where} does not know the input file ${inputFileId}: ${said}`,
    });
  throw notReady(session, inputFileId, file.type === 'there' ? file.status : null, thrown);
};

/**
 * The words may be about anything of the file: it is not ready where it says so itself, and else
 * the refusal is what it was.
 */
const refuseIfPending = async (
  session: Session,
  inputFileId: string,
  thrown: unknown,
): Promise<never> => {
  const file = await fileState(session, inputFileId);
  if (file.type !== 'there' || !isInWork(file.status)) throw thrown;
  throw notReady(session, inputFileId, file.status, thrown);
};

const notReady = (
  { where }: Session,
  inputFileId: string,
  fileStatus: string | null,
  thrown: unknown,
): CallFailure => {
  const status = fileStatus === null ? '' : ` (its status is "${fileStatus}")`;
  const message = `${where} is not done with the input file ${inputFileId}${status}: ${apiErrorIn(thrown).message}`;
  return new CallFailure({ type: 'not_ready', message });
};

const noInputFile = ({ where }: Session): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} creates batches of uploaded input files, and this create names none`,
    statusCode: null,
    requestId: null,
  });

const unconfirmed = (message: string): CallFailure =>
  new CallFailure({ type: 'unclear', message, cause: null });

const createAnswerOf = ({ object, input_file_id: fileId, metadata }: JsonObject): CreateAnswer => ({
  kind: typeof object === 'string' && object !== '' ? object : null,
  inputFileId: typeof fileId === 'string' && fileId !== '' ? fileId : null,
  metadata: isJsonObject(metadata) ? metadata : null,
});
