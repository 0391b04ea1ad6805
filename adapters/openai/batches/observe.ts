import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { requestJson, ask } from '../client/request.ts';
import { segment } from '../../http/path-segment.ts';
import { batchPages } from './batch-list.ts';
import { batchKeyKey } from './create.ts';
import { readBatch, type BatchReport } from './batch-object.ts';
import { statusIn } from '../client/api-error.ts';
import { CallFailure } from '../client/classify.ts';
import type { OpenSession, Session } from '../client/session.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';

interface Asked {
  readonly batchKey: BatchKey;
  readonly providerBatchId: ProviderBatchId;
  readonly isAdopted?: boolean;
}

/** So few batches are asked for one by one; more by the list, a page of which holds a hundred. */
const singlesMax = 3;
const concurrencyMax = 4;

/**
 * What the provider says of each batch: the list is read while its pages bring news, the rest one
 * by one.
 */
export const observe = (
  open: OpenSession,
  asked: readonly Asked[],
): Port<readonly BatchObservation[]> =>
  ask(open, { what: 'read the batches', isPaid: false, isAboutOne: false }, async (session) => {
    const reports =
      asked.length > singlesMax ? await fromList(session, asked) : new Map<string, BatchReport>();
    const rest = asked.filter(({ providerBatchId }) => !reports.has(providerBatchId));
    await eachOf(rest, async ({ providerBatchId }) => {
      const report = await retrieve(session, providerBatchId);
      if (report !== null) reports.set(providerBatchId, report);
    });
    return asked.flatMap(({ batchKey, providerBatchId, isAdopted = false }) => {
      const report = reports.get(providerBatchId);
      if (report === undefined || (!isAdopted && isForeign(report, batchKey))) return [];
      const {
        status,
        isAccepted,
        progress,
        ending,
        stage,
        createdAtMs,
        expiresAtMs,
        statusSinceMs,
        named,
        refusedIds,
      } = report;
      const times = {
        createdAtMs,
        expiresAtMs,
        statusSinceMs,
        providerNowMs: session.heard.dateMs,
        retryAfterMs: session.heard.retryAfterMs,
      };
      const ids = refusedIds.length === 0 ? {} : { refusedIds };
      return [
        {
          batchKey,
          providerBatchId,
          providerStatus: status,
          isAccepted,
          progress,
          ending,
          stage,
          ...times,
          named,
          ...ids,
        },
      ];
    });
  });

/**
 * Ids come again where a provider starts anew: the answers of another batch would land on our rows.
 */
const isForeign = ({ metadata }: BatchReport, batchKey: BatchKey): boolean => {
  const key = metadata[batchKeyKey];
  return typeof key === 'string' && key !== batchKey;
};

const fromList = async (
  session: Session,
  asked: readonly Asked[],
): Promise<Map<string, BatchReport>> => {
  const wanted = new Set<string>(asked.map(({ providerBatchId }) => providerBatchId));
  const found = new Map<string, BatchReport>();
  try {
    for await (const { batches } of batchPages(session)) {
      const before = found.size;
      for (const report of batches) if (wanted.has(report.id)) found.set(report.id, report);
      if (found.size === wanted.size || found.size === before) break;
    }
  } catch (thrown) {
    // A service without a list, or with a broken one, is asked for each batch.
    if (!isListRefused(thrown)) throw thrown;
  }
  return found;
};

const isListRefused = (thrown: unknown): boolean =>
  thrown instanceof CallFailure
    ? thrown.error.type === 'refused'
    : [400, 404, 405, 410, 422, 501].includes(statusIn(thrown) ?? 0);

/** Null for a batch that is not known (yet): right after its creation a 404 is ordinary. */
export const retrieve = async (
  session: Session,
  id: ProviderBatchId,
): Promise<BatchReport | null> => {
  try {
    const report = readBatch(
      await requestJson(session, { method: 'get', path: `/batches/${segment(id)}` }),
      session.scrub,
    );
    return report?.id === id ? report : null;
  } catch (thrown) {
    if (statusIn(thrown) === 404) return null;
    throw thrown;
  }
};

const eachOf = async <A>(all: readonly A[], act: (one: A) => Promise<void>): Promise<void> => {
  const queue = all.values();
  await Promise.all(
    Array.from({ length: Math.min(concurrencyMax, all.length) }, async () => {
      for (const one of queue) await act(one);
    }),
  );
};

/** A batch that was created elsewhere. */
export const describe =
  (open: OpenSession): NonNullable<BatchProvider['describe']> =>
  (providerBatchId) =>
    ask(
      open,
      { what: `read batch ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const report = await retrieve(session, providerBatchId);
        if (report === null) return null;
        const { status, inputFileId, named, progress } = report;
        // Zero while it is validated, and of a batch whose validation failed.
        const requests = progress === null || progress.total === 0 ? null : progress.total;
        return { providerBatchId, providerStatus: status, inputFileId, named, requests };
      },
    );
