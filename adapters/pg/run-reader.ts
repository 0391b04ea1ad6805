import { isLeft, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RunEventType, StoredRunEvent } from '../../lib/core/machine/run-event.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { Port } from '../../lib/ports/port-error.ts';
import type { RowPart, RowQuery } from '../../lib/ports/row-query.ts';
import type { RunReader } from '../../lib/ports/run-store.ts';
import { batchRecords } from './batch-rows.ts';
import { type EndedRows, noneEnded } from './ended-rows.ts';
import { type Known, rowPage } from './row-page.ts';
import type { RowsOf } from './row-queries.ts';
import { type Query, found } from './session.ts';
import { findNewer, type StoredRun } from './stored-run.ts';
import type { View } from './view.ts';

/** The snapshot that a handle shows, replaced on each commit and refresh. */
export interface Shown {
  snapshot: RunSnapshot;
}

export interface ReaderParts {
  readonly run: StoredRun;
  readonly view: View;
  readonly schema: string;
  readonly artifacts: ArtifactStore;
  readonly shown: Shown;
  /** Rows that wait for no other row any more, where an owner knows of some. */
  readonly ended?: () => EndedRows;
  readonly onClose: () => Promise<void>;
}

/**
 * Reads a run. Results and events are immutable, and those later than the snapshot are not shown.
 * Rows and batches show the current table, so the snapshot is refreshed with them.
 */
export const createReader = ({
  run,
  view,
  schema,
  artifacts,
  shown,
  ended,
  onClose,
}: ReaderParts): RunReader => {
  const of: RowsOf = { schema, runNo: run.runNo };
  const seen = (): Known => ({
    lastSequence: shown.snapshot.resultSequence,
    ended: ended?.() ?? noneEnded,
  });
  const bringUpToDate = async (query: Query): ReturnType<typeof findNewer> => {
    const newer = await findNewer(query, schema, run.runNo, shown.snapshot.version);
    if (!isLeft(newer) && newer.right !== null) shown.snapshot = newer.right;
    return newer;
  };
  const asOfNow = <A>(read: (query: Query) => Promise<A>): Port<A> =>
    view.query(async (query) => {
      const answer = await read(query);
      if (!view.mayMove) return found(answer);
      const newer = await bringUpToDate(query);
      return isLeft(newer) ? newer : found(answer);
    });
  let closing: Promise<void> | null = null;
  return {
    runId: run.runId,
    get snapshot() {
      return shown.snapshot;
    },
    description: run.description,
    artifacts,
    refresh: () =>
      pipe(
        view.refresh(),
        TE.chain(() => view.query(bringUpToDate)),
        TE.map(() => shown.snapshot),
      ),
    rows: <P extends RowPart>(query: RowQuery<P>) =>
      'afterSequence' in query.select
        ? view.query(async (asked) => found(await rowPage(asked, of, query, seen())))
        : asOfNow((asked) => rowPage(asked, of, query, seen())),
    eventsAfter: (sequence, limit) =>
      view.query(async (query) =>
        right(await eventsAfter(query, of, shown.snapshot, sequence, limit)),
      ),
    batches: (fromBatchNo, limit) =>
      pipe(
        asOfNow((query) => batchRecords(query, of, { fromBatchNo, limit })),
        TE.chainEitherK((records) => records),
      ),
    close: () => (closing ??= onClose()),
  };
};

const eventsAfter = async (
  query: Query,
  { schema, runNo }: RowsOf,
  { runId, version }: RunSnapshot,
  sequence: number,
  limit: number,
): Promise<readonly StoredRunEvent[]> => {
  const { rows } = await query(
    `select sequence, event_type, at_ms, data from ${schema}.events
      where run_no = $1 and sequence > $2 and sequence <= $3 order by sequence limit $4`,
    [runNo, sequence, version, Math.max(0, limit)],
  );
  return rows.map(([at, eventType, atMs, data]) => ({
    eventType: eventType as RunEventType,
    runId,
    sequence: Number(at),
    atMs: Number(atMs),
    data: data as JsonObject,
  }));
};
