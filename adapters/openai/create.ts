import type { BatchProvider } from '../../lib/ports/provider.ts';
import { apiErrorIn } from './api-error.ts';
import { ask, once } from './ask.ts';
import { readBatch } from './batch-object.ts';
import { CallFailure } from './classify.ts';
import { endpointPath, type OpenAIEndpoint } from './endpoints.ts';
import { isInputMissing } from './input-missing.ts';
import { metadataPairsMax } from './limits.ts';
import type { OpenSession } from './session.ts';

/** Names under which a batch says whose it is. */
export const batchKeyKey = 'batchor_batch_key';
export const attemptKey = 'batchor_attempt';

/** Creates the batch with one POST, never repeated: here, in the SDK or in the transport. */
export const create =
  (open: OpenSession, batch: { readonly endpoint: OpenAIEndpoint; readonly completionWindow: string }): BatchProvider['create'] =>
  ({ batchKey, createAttempt, inputFileId, metadata }) =>
    ask(open, { what: 'create the batch', isPaid: true, isAboutOne: false }, async (session) => {
      const pairs = { ...metadata, [batchKeyKey]: batchKey, [attemptKey]: String(createAttempt) };
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
      const answer: unknown = await session.client.post('/batches', { body, ...once(session) }).catch((thrown: unknown) => {
        if (!isInputMissing(thrown, inputFileId)) throw thrown;
        const message = session.scrub(`${session.where} does not know the input file ${inputFileId}: ${apiErrorIn(thrown).message}`);
        throw new CallFailure({ type: 'not_found', message });
      });
      const report = readBatch(answer);
      if (report === null) {
        const message = `${session.where} answered the create with something that is not a batch: it may or may not exist`;
        throw new CallFailure({ type: 'unclear', message, cause: null });
      }
      return { providerBatchId: report.id, providerStatus: report.status };
    });
