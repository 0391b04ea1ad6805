import type { SweepReport, SweptBatch } from '../../../lib/core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { attemptKey, batchKeyKey } from '../../openai/batches/create.ts';
import { ask } from '../../openai/client/request.ts';
import { CallFailure } from '../../openai/client/classify.ts';
import type { OpenSession, Session } from '../../openai/client/session.ts';
import { fileState } from '../../openai/files/file-state.ts';
import type { JobReport } from './job.ts';
import { jobPages } from './job-list.ts';
import { retrieve } from './observe.ts';

const runIdKey = 'batchor_run_id';

type Sweep = Parameters<BatchProvider['sweep']>[0];

interface Seen {
  readonly found: Map<string, SweptBatch>;
  readonly shown: Set<ProviderBatchId>;
  isRunSeen: boolean;
  unread: number;
}

/**
 * Asks the service for the jobs of the run, by their metadata, and reads the whole list where that
 * does not show all that is asked for: a filter that a service reads otherwise must not pass for
 * absence. Files first.
 */
export const reconcile =
  (open: OpenSession): BatchProvider['sweep'] =>
  (asked) =>
    ask(open, { what: 'list the jobs', isPaid: false, isAboutOne: false }, async (session) => {
      const files: SweepReport['files'][number][] = [];
      for (const { inputFileId } of asked.creates) {
        if (inputFileId === null) continue;
        const file = await fileState(session, inputFileId);
        if (file.type === 'there') files.push({ inputFileId, createdAtMs: null });
      }
      const seen: Seen = { found: new Map(), shown: new Set(), isRunSeen: false, unread: 0 };
      await readInto(session, asked, seen, { [runIdKey]: asked.runId });
      const isMissed = (): boolean =>
        seen.shown.size < asked.known.length ||
        asked.creates.some(({ batchKey, inputFileId }) =>
          [...seen.found.values()].every(
            (listed) => listed.batchKey !== batchKey && listed.inputFileId !== inputFileId,
          ),
        );
      if (isMissed()) await readInto(session, asked, seen, {});
      if (seen.unread > 0 && isMissed())
        throw new CallFailure({
          type: 'refused',
          message: `${seen.unread} of the entries that ${session.where} lists cannot be read as jobs: batchor cannot tell whether an unconfirmed one is among them`,
          statusCode: null,
          requestId: null,
        });
      return {
        found: [...seen.found.values()],
        files,
        readBackToMs: null,
        isRunSeen: seen.isRunSeen,
        shown: [...seen.shown],
      };
    });

const readInto = async (
  session: Session,
  { creates, known, runId }: Sweep,
  seen: Seen,
  filter: Readonly<Record<string, string>>,
): Promise<void> => {
  const keys = new Set<unknown>(creates.map(({ batchKey }) => batchKey));
  const fileIds = new Set<unknown>(creates.flatMap(({ inputFileId }) => inputFileId ?? []));
  seen.unread = 0;
  for await (const { jobs, unread } of jobPages(session, filter)) {
    seen.unread += unread;
    for (const job of jobs) {
      seen.isRunSeen ||= job.metadata[runIdKey] === runId;
      if (known.includes(job.id)) seen.shown.add(job.id);
      if (keys.has(job.metadata[batchKeyKey]) || fileIds.has(job.inputFileId))
        seen.found.set(job.id, listedBatch(job));
    }
  }
};

export const identify =
  (open: OpenSession): BatchProvider['identify'] =>
  (id) =>
    ask(open, { what: `read job ${id}`, isPaid: false, isAboutOne: true }, async (session) => {
      const report = await retrieve(session, id);
      return report === null ? null : listedBatch(report);
    });

const listedBatch = ({
  id,
  status,
  metadata,
  inputFileId,
  createdAtMs,
  ending,
}: JobReport): SweptBatch => {
  const key = metadata[batchKeyKey];
  const attempt = Number.parseInt(String(metadata[attemptKey]), 10);
  return {
    batchKey: typeof key === 'string' ? (key as BatchKey) : null,
    createAttempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 0,
    inputFileId,
    providerBatchId: id,
    providerStatus: status,
    createdAtMs,
    ending: ending?.type ?? null,
  };
};
