import { contradictionIn } from '../../../lib/core/reconcile/create-answer.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { attemptKey, batchKeyKey } from '../../openai/batches/create.ts';
import { refuseForFile } from '../../openai/batches/refuse-for-file.ts';
import { requestJson, ask } from '../../openai/client/request.ts';
import { CallFailure } from '../../openai/client/classify.ts';
import type { OpenSession } from '../../openai/client/session.ts';
import { endpointPath, type OpenAIEndpoint } from '../../openai/config/endpoints.ts';
import { readJob } from './job.ts';

/** What all jobs of a run have in common. */
export interface JobSetting {
  readonly model: string;
  readonly endpoint: OpenAIEndpoint;
  readonly timeoutHours: number;
}

/** Creates the job with one POST, never repeated: here, in the client or in the transport. */
export const create =
  (open: OpenSession, { model, endpoint, timeoutHours }: JobSetting): BatchProvider['create'] =>
  ({ batchKey, createAttempt, inputFileId, metadata }) =>
    ask(
      open,
      { what: 'create the job', isPaid: true, isAboutOne: false, isAboutInput: true },
      async (session) => {
        if (inputFileId === null)
          throw new CallFailure({
            type: 'refused',
            message: `${session.where} creates jobs of uploaded input files, and this create names none`,
            statusCode: null,
            requestId: null,
          });
        const marks = { [batchKeyKey]: batchKey, [attemptKey]: String(createAttempt) };
        const body = {
          input_files: [inputFileId],
          endpoint: endpointPath(endpoint),
          model,
          metadata: { ...metadata, ...marks },
          timeout_hours: timeoutHours,
        };
        const answer = await requestJson(session, {
          method: 'post',
          path: '/batch/jobs',
          body: () => body,
        }).catch((thrown: unknown) => refuseForFile(session, inputFileId, thrown));
        const report = readJob(answer, session.scrub);
        if (report === null)
          throw unconfirmed(
            `${session.where} answered the create with something that is not a job: it may or may not exist`,
          );
        const contradiction = contradictionIn(
          { kind: null, inputFileId: report.inputFileId, metadata: report.metadata },
          { inputFileId, marks },
        );
        if (contradiction !== null)
          throw unconfirmed(
            `${session.where} answered the create with another job (${report.id}): ${contradiction}; ours may or may not exist`,
          );
        return { providerBatchId: report.id, providerStatus: report.status };
      },
    );

const unconfirmed = (message: string): CallFailure =>
  new CallFailure({ type: 'unclear', message, cause: null });
