import type { SweepReport, SweptBatch } from '../../lib/core/command.ts';
import type { BatchKey } from '../../lib/core/ids.ts';
import { isJsonObject } from '../../lib/core/json.ts';
import type { BatchProvider } from '../../lib/ports/provider.ts';
import { statusIn } from './api-error.ts';
import { ask, rereadable, segment } from './ask.ts';
import { batchPages } from './batch-list.ts';
import type { BatchReport } from './batch-object.ts';
import { attemptKey, batchKeyKey } from './create.ts';
import { retrieve } from './observe.ts';
import type { OpenSession, Session } from './session.ts';

/** How far the provider's clock may lag behind ours. */
const clockSkewMs = 10 * 60_000;
/** The name under which a batch says which run it is of; given with its metadata. */
const runIdKey = 'batchor_run_id';

/** Files first: their times say how far back the list has to be read. */
export const sweep =
  (open: OpenSession): BatchProvider['sweep'] =>
  ({ creates, sinceMs, runId }) =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const files: { inputFileId: string; createdAtMs: number | null }[] = [];
      for (const { inputFileId } of creates) {
        const file = await readFile(session, inputFileId);
        if (file !== null) files.push({ inputFileId, ...file });
      }
      // A batch of the very second in which its file came must be seen too.
      const cutoffMs = Math.min(sinceMs - clockSkewMs, ...files.map(({ createdAtMs }) => (createdAtMs ?? Infinity) - 1_000));
      const keys = new Set<unknown>(creates.map(({ batchKey }) => batchKey));
      const fileIds = new Set<unknown>(creates.map(({ inputFileId }) => inputFileId));
      const found = new Map<string, SweptBatch>();
      let isRunSeen = false;
      let readBackToMs: number | null = null;
      for await (const page of batchPages(session)) {
        for (const report of page) {
          isRunSeen ||= report.metadata[runIdKey] === runId;
          if (keys.has(report.metadata[batchKeyKey]) || fileIds.has(report.inputFileId)) found.set(report.id, sweptBatch(report));
        }
        if (!isBehind(page, cutoffMs)) continue;
        readBackToMs = cutoffMs;
        break;
      }
      return { found: [...found.values()], files, readBackToMs, isRunSeen } satisfies SweepReport;
    });

export const identify =
  (open: OpenSession): BatchProvider['identify'] =>
  (providerBatchId) =>
    ask(open, { what: `read batch ${providerBatchId}`, isPaid: false, isAboutOne: true }, async (session) => {
      const report = await retrieve(session, providerBatchId);
      return report === null ? null : sweptBatch(report);
    });

const sweptBatch = (report: BatchReport): SweptBatch => {
  const batchKey = report.metadata[batchKeyKey];
  return {
    batchKey: typeof batchKey === 'string' ? (batchKey as BatchKey) : null,
    createAttempt: Number.parseInt(String(report.metadata[attemptKey]), 10) || 0,
    inputFileId: report.inputFileId,
    providerBatchId: report.id,
    providerStatus: report.status,
    createdAtMs: report.createdAtMs,
    ending: report.ending?.type ?? null,
  };
};

/** Null when this key cannot see the file. */
const readFile = async (session: Session, fileId: string): Promise<{ readonly createdAtMs: number | null } | null> => {
  try {
    const file: unknown = await session.client.get(`/files/${segment(fileId)}`, rereadable(session));
    if (!isJsonObject(file) || file['id'] !== fileId) return null;
    const createdAt = file['created_at'];
    return { createdAtMs: typeof createdAt === 'number' ? createdAt * 1000 : null };
  } catch (thrown) {
    if (statusIn(thrown) === 404) return null;
    throw thrown;
  }
};

/** True when this page and all behind it are older; only a page that runs from new to old can say so, since no order is promised. */
const isBehind = (page: readonly BatchReport[], cutoffMs: number): boolean => {
  const first = page.at(0)?.createdAtMs ?? null;
  const last = page.at(-1)?.createdAtMs ?? null;
  if (first === null || last === null || first <= last) return false;
  return page.every(({ createdAtMs }) => createdAtMs !== null && createdAtMs < cutoffMs);
};
