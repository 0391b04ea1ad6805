import { contradictionIn, type CreateAnswer } from '../../lib/core/create-answer.ts';
import { isJsonObject, type JsonObject } from '../../lib/core/json.ts';
import type { BatchProvider } from '../../lib/ports/provider.ts';
import { apiErrorIn } from './api-error.ts';
import { ask } from './ask.ts';
import { readBatch } from './batch-object.ts';
import { CallFailure } from './classify.ts';
import { endpointPath, type OpenAIEndpoint } from './endpoints.ts';
import { isInputMissing } from './input-missing.ts';
import { metadataPairsMax } from './limits.ts';
import { requestJson } from './request.ts';
import type { OpenSession } from './session.ts';

/** Names under which a batch says whose it is. */
export const batchKeyKey = 'batchor_batch_key';
export const attemptKey = 'batchor_attempt';

/** Creates the batch with one POST, never repeated: here, in the SDK or in the transport. */
export const create =
  (open: OpenSession, batch: { readonly endpoint: OpenAIEndpoint; readonly completionWindow: string }): BatchProvider['create'] =>
  ({ batchKey, createAttempt, inputFileId, metadata }) =>
    ask(open, { what: 'create the batch', isPaid: true, isAboutOne: false, isAboutInput: true }, async (session) => {
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
      };
      const answer = await requestJson(session, { method: 'post', path: '/batches', body: () => body }).catch((thrown: unknown) => {
        if (!isInputMissing(thrown, inputFileId)) throw thrown;
        const message = `${session.where} does not know the input file ${inputFileId}: ${apiErrorIn(thrown).message}`;
        throw new CallFailure({ type: 'not_found', message });
      });
      const report = readBatch(answer, session.scrub);
      if (report === null || !isJsonObject(answer))
        throw unconfirmed(`${session.where} answered the create with something that is not a batch: it may or may not exist`);
      const contradiction = contradictionIn(createAnswerOf(answer), { inputFileId, marks });
      if (contradiction !== null)
        throw unconfirmed(
          `${session.where} answered the create with another batch (${report.id}): ${contradiction}; ours may or may not exist`,
        );
      return { providerBatchId: report.id, providerStatus: report.status };
    });

const unconfirmed = (message: string): CallFailure => new CallFailure({ type: 'unclear', message, cause: null });

const createAnswerOf = ({ object, input_file_id: fileId, metadata }: JsonObject): CreateAnswer => ({
  kind: typeof object === 'string' && object !== '' ? object : null,
  inputFileId: typeof fileId === 'string' && fileId !== '' ? fileId : null,
  metadata: isJsonObject(metadata) ? metadata : null,
});
