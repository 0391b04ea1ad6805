import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ApiError, messageOf } from '../client/api-error.ts';
import { ask } from '../client/ask.ts';
import { CallFailure, refusal } from '../client/classify.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { batchMethodOf, type GeminiEndpoint } from '../config/endpoints.ts';
import { fileState } from '../files/file-state.ts';
import { type BatchReport, readBatch } from './batch-object.ts';
import { displayNameOf } from './display-name.ts';

/**
 * Creates the batch with one POST, never repeated, here or in the transport: the service has no
 * idempotent creates. The display name carries run, batch and attempt; other metadata has no place.
 */
export const create =
  (
    open: OpenSession,
    batch: { readonly model: string; readonly endpoint: GeminiEndpoint },
  ): BatchProvider['create'] =>
  ({ batchKey, createAttempt, inputFileId, metadata }) =>
    ask(open, { what: 'create the batch', isPaid: true, isAboutOne: false }, async (session) => {
      if (inputFileId === null) throw refusal('a batch of Gemini needs an input file');
      const runId = metadata['batchor_run_id'] ?? 'unknown';
      const displayName = displayNameOf(runId, batchKey, createAttempt);
      const model = encodeURIComponent(batch.model).replaceAll('%2F', '/');
      const answer = await requestJson(session, {
        method: 'POST',
        path: `/v1beta/models/${model}:${batchMethodOf(batch.endpoint)}`,
        json: { batch: { displayName, inputConfig: { fileName: inputFileId } } },
      }).catch((thrown: unknown) => refuseForFile(session, inputFileId, thrown));
      const report = readBatch(answer, session.scrub);
      if (report === null)
        throw unconfirmed(
          `${session.where} answered the create with something that is not a batch: it may or may not exist`,
        );
      const contradiction = contradictionIn(report, displayName, answer);
      if (contradiction !== null)
        throw unconfirmed(
          `${session.where} answered the create with another batch (${report.id}): ${contradiction}; ours may or may not exist`,
        );
      return { providerBatchId: report.id, providerStatus: report.state };
    });

/** Why the answer is not believed; null: nothing in it speaks against its being our batch. */
const contradictionIn = (
  { mark }: BatchReport,
  displayName: string,
  answer: unknown,
): string | null => {
  const named = (answer as { readonly metadata?: { readonly displayName?: unknown } }).metadata
    ?.displayName;
  if (mark === null && typeof named !== 'string') return null;
  return named === displayName ? null : `its display name is not ${displayName}`;
};

/**
 * A create that was refused clearly may be refused for its input file: what the service says of the
 * file decides what follows. Asking costs nothing.
 */
const refuseForFile = async (
  session: Session,
  inputFileId: string,
  thrown: unknown,
): Promise<never> => {
  const isAboutFile =
    thrown instanceof ApiError &&
    [400, 403, 404].includes(thrown.status) &&
    /\bfiles?\b/iu.test(thrown.rpc.message) &&
    !/API_?KEY/u.test(thrown.rpc.detail);
  if (!isAboutFile) throw thrown;
  const { where } = session;
  const said = messageOf(thrown);
  const file = await fileState(session, inputFileId).catch(() => null);
  if (file === null) throw thrown;
  if (file.type === 'failed')
    throw refusal(
      `${where} could not process the input file ${inputFileId}: ${file.details}`,
      thrown.status,
    );
  if (file.type === 'gone')
    throw new CallFailure({
      type: 'not_found',
      message: `${where} does not know the input file ${inputFileId}: ${said}`,
    });
  if (file.state === 'PROCESSING')
    throw new CallFailure({
      type: 'not_ready',
      message: `${where} is not done with the input file ${inputFileId} (its state is PROCESSING): ${said}`,
    });
  throw thrown;
};

const unconfirmed = (message: string): CallFailure =>
  new CallFailure({ type: 'unclear', message, cause: null });
