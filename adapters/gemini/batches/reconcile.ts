import type { SweepReport, SweptBatch } from '../../../lib/core/model/command.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import { refusal } from '../client/classify.ts';
import type { OpenSession } from '../client/session.ts';
import { fileState } from '../files/file-state.ts';
import type { BatchReport } from './batch-object.ts';
import { batchPages } from './batch-list.ts';
import { retrieve } from './retrieve.ts';

/**
 * Reads the whole list, since it has no known order, for the display names of unconfirmed creates.
 * Files first: a create that came through before its file was read is in the list behind it.
 */
export const reconcile =
  (open: OpenSession): BatchProvider['sweep'] =>
  ({ creates, runId, known }) =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const files: SweepReport['files'][number][] = [];
      for (const { inputFileId } of creates) {
        if (inputFileId === null) continue;
        const file = await fileState(session, inputFileId);
        if (file.type === 'there') files.push({ inputFileId, createdAtMs: file.createdAtMs });
      }
      const keys = new Set<string>(creates.map(({ batchKey }) => batchKey));
      const found = new Map<string, SweptBatch>();
      const shown = new Set<ProviderBatchId>();
      let isRunSeen = false;
      let unread = 0;
      for await (const page of batchPages(session)) {
        unread += page.unread;
        for (const report of page.batches) {
          isRunSeen ||= report.mark?.runId === runId;
          if (known.includes(report.id)) shown.add(report.id);
          if (report.mark !== null && keys.has(report.mark.batchKey))
            found.set(report.id, listedBatch(report));
        }
      }
      const isMissed = creates.some(({ batchKey }) =>
        [...found.values()].every((listed) => listed.batchKey !== batchKey),
      );
      if (unread > 0 && isMissed)
        throw refusal(
          `${unread} of the entries that ${session.where} lists cannot be read as batches: batchor cannot tell whether an unconfirmed batch is among them`,
        );
      return {
        found: [...found.values()],
        files,
        readBackToMs: null,
        isRunSeen,
        shown: [...shown],
      };
    });

export const identify =
  (open: OpenSession): BatchProvider['identify'] =>
  (providerBatchId) =>
    ask(
      open,
      { what: `read ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const report = await retrieve(session, providerBatchId);
        return report === null ? null : listedBatch(report);
      },
    );

const listedBatch = ({ id, state, mark, createdAtMs, ending }: BatchReport): SweptBatch => ({
  batchKey: mark?.batchKey ?? null,
  createAttempt: mark?.createAttempt ?? 0,
  // The service does not say which file a batch was made of.
  inputFileId: null,
  providerBatchId: id,
  providerStatus: state,
  createdAtMs,
  ending: ending?.type ?? null,
});
