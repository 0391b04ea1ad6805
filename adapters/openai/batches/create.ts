import { contradictionIn, type CreateAnswer } from '../../../lib/core/reconcile/create-answer.ts';
import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { requestJson, ask } from '../client/request.ts';
import { readBatch } from './batch-object.ts';
import { CallFailure } from '../client/classify.ts';
import { endpointPath, type OpenAIEndpoint } from '../config/endpoints.ts';
import { refuseForFile } from './refuse-for-file.ts';
import { fileExpirySeconds, metadataPairsMax } from '../config/limits.ts';
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
        const { takesMetadata } = session.service;
        const pairs = takesMetadata ? { ...metadata, ...marks } : {};
        const count = Object.keys(pairs).length;
        if (count > metadataPairsMax) {
          const message = `a batch carries ${metadataPairsMax} pairs of metadata, and these are ${count}: give fewer in batchMetadata`;
          throw new CallFailure({ type: 'refused', message, statusCode: null, requestId: null });
        }
        const body = {
          input_file_id: inputFileId,
          endpoint: endpointPath(batch.endpoint),
          completion_window: batch.completionWindow,
          ...(takesMetadata ? { metadata: pairs } : {}),
          ...(outputExpiresAfterMs === null
            ? {}
            : {
                output_expires_after: {
                  anchor: 'created_at',
                  seconds: fileExpirySeconds(
                    outputExpiresAfterMs,
                    session.service.fileExpirySecondsMin,
                  ),
                },
              }),
        };
        const answered = await requestJson(session, {
          method: 'post',
          path: '/batches',
          body: () => body,
        }).catch((thrown: unknown) => refuseForFile(session, inputFileId, thrown));
        // Together puts the batch into a `job`.
        const answer =
          isJsonObject(answered) && isJsonObject(answered['job']) ? answered['job'] : answered;
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
