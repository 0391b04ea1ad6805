import type {
  SweepReport,
  SweptBatch,
  UnconfirmedCreateQuery,
  UndecidedBatch,
} from '../../../lib/core/model/observation.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import { refusedCall } from '../client/failures.ts';
import type { OpenSession, Session } from '../client/session.ts';
import type { BatchReport } from './batch-object.ts';
import { batchPages } from './batch-list.ts';
import { firstCustomId } from './first-id.ts';
import { retrieve } from './observe.ts';

/** Maximum lag of the provider's clock behind ours. */
const clockSkewMs = 10 * 60_000;
/** Further pages that are read for known batches. */
const pagesBehindMax = 10;

/**
 * Reads the list, newest first, back to the marks of the creates and behind their time. Which of
 * the batches may be theirs: those that are newer than what was the newest before the create, and
 * have as many requests. Of those that have ended one result says whose they are.
 */
export const reconcile =
  (open: OpenSession): BatchProvider['sweep'] =>
  ({ creates, sinceMs, known }) =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const cutoffMs = Math.min(sinceMs, ...creates.map(({ sentAtMs = sinceMs }) => sentAtMs));
      const list = await readList(session, cutoffMs - clockSkewMs, known);
      const marks = new Set<unknown>(creates.map(({ newestBatchId = null }) => newestBatchId));
      const candidates = list.batches.filter(
        (batch, at) =>
          !known.includes(batch.id) &&
          creates.some((create) => mayBe(batch, at, create, list.batches)),
      );
      const undecided: UndecidedBatch[] = [];
      for (const batch of candidates) undecided.push(await undecidedBatch(session, batch));
      return {
        found: [],
        files: [],
        readBackToMs: list.readBackToMs,
        isRunSeen: list.shown.some((id) => !marks.has(id)),
        shown: list.shown,
        undecided,
      } satisfies SweepReport;
    });

interface List {
  readonly batches: readonly BatchReport[];
  /** Null: to its end. */
  readonly readBackToMs: number | null;
  readonly shown: readonly ProviderBatchId[];
}

const readList = async (
  session: Session,
  cutoffMs: number,
  known: readonly ProviderBatchId[],
): Promise<List> => {
  const batches: BatchReport[] = [];
  const wanted = new Set<string>(known);
  const shown: ProviderBatchId[] = [];
  let pagesBehind = 0;
  for await (const page of batchPages(session)) {
    // An entry that cannot be read may be the one.
    if (page.unread > 0)
      throw refusedCall(
        `${page.unread} of the batches that ${session.where} lists cannot be read: batchor cannot tell whether an unconfirmed batch is among them`,
      );
    batches.push(...page.batches);
    for (const { id } of page.batches) if (wanted.has(id)) shown.push(id);
    const isBehind =
      page.batches.length > 0 &&
      page.batches.every(({ createdAtMs }) => createdAtMs !== null && createdAtMs < cutoffMs);
    if (!isBehind) continue;
    pagesBehind += 1;
    // Known batches may be older than the unconfirmed creates.
    if (shown.length < known.length && pagesBehind < pagesBehindMax) continue;
    return { batches, readBackToMs: cutoffMs, shown };
  }
  return { batches, readBackToMs: null, shown };
};

/** A batch without counts or time may be any. */
const mayBe = (
  { requests, createdAtMs }: BatchReport,
  at: number,
  create: UnconfirmedCreateQuery,
  list: readonly BatchReport[],
): boolean => {
  const { sentAtMs = 0, newestBatchId = null } = create;
  const mark = newestBatchId === null ? -1 : list.findIndex(({ id }) => id === newestBatchId);
  return (
    (mark < 0 || at < mark) &&
    (create.requests === undefined || requests === null || requests === create.requests) &&
    (createdAtMs === null || createdAtMs >= sentAtMs - clockSkewMs)
  );
};

const undecidedBatch = async (
  session: Session,
  { id, status, createdAtMs, requests, ending }: BatchReport,
): Promise<UndecidedBatch> => ({
  providerBatchId: id,
  providerStatus: status,
  createdAtMs,
  requests,
  ending: ending?.type ?? null,
  customId:
    ending === null || ending.outputFileId === null
      ? null
      : await firstCustomId(session, ending.outputFileId),
});

export const identify =
  (open: OpenSession): BatchProvider['identify'] =>
  (providerBatchId) =>
    ask(
      open,
      { what: `read batch ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const report = await retrieve(session, providerBatchId);
        return report === null ? null : listedBatch(report);
      },
    );

/** It names neither a key nor a file. */
const listedBatch = ({ id, status, createdAtMs, ending }: BatchReport): SweptBatch => ({
  batchKey: null,
  createAttempt: 0,
  inputFileId: null,
  providerBatchId: id,
  providerStatus: status,
  createdAtMs,
  ending: ending?.type ?? null,
});

/** A batch that was created elsewhere. It names no input file, so that it cannot be adopted. */
export const describe =
  (open: OpenSession): NonNullable<BatchProvider['describe']> =>
  (providerBatchId) =>
    ask(
      open,
      { what: `read batch ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const report = await retrieve(session, providerBatchId);
        if (report === null) return null;
        const { status, requests, ending } = report;
        return {
          providerBatchId,
          providerStatus: status,
          inputFileId: null,
          named: { outputFileId: ending?.outputFileId ?? null, errorFileId: null },
          requests,
        };
      },
    );

/** The newest batch in the list, whosever it is. */
export const mark =
  (open: OpenSession): NonNullable<BatchProvider['mark']> =>
  () =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      for await (const { batches } of batchPages(session, 1)) return batches[0]?.id ?? null;
      return null;
    });
