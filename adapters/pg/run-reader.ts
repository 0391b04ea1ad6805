import { isLeft, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RunEventType, StoredRunEvent } from '../../lib/core/machine/run-event.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { Port } from '../../lib/ports/port-error.ts';
import type { RunReader } from '../../lib/ports/run-store.ts';
import { batchRecords } from './batch-rows.ts';
import { linesOfRows, type RowsOf, storedRows } from './row-queries.ts';
import { resultsAfter, resultsByIndex, type ResultsOf } from './result-queries.ts';
import { type Ask, found } from './session.ts';
import { findNewer, type StoredRun } from './stored-run.ts';
import type { View } from './view.ts';

/** The snapshot that a handle shows; moved by whoever sees a newer one. */
export interface Shown {
  snapshot: RunSnapshot;
}

export interface ReaderParts {
  readonly run: StoredRun;
  readonly view: View;
  readonly schema: string;
  readonly artifacts: ArtifactStore;
  readonly shown: Shown;
  readonly onClose: () => Promise<void>;
}

/**
 * Results and events are immutable, and none is shown behind the snapshot. Rows and batches are as they are in the table at that
 * moment: where they may be newer, the snapshot is brought up to date with them.
 */
export const createReader = ({ run, view, schema, artifacts, shown, onClose }: ReaderParts): RunReader => {
  const of: RowsOf = { schema, runNo: run.runNo };
  const seen = (): ResultsOf => ({ ...of, lastSequence: shown.snapshot.resultSequence });
  const bringUpToDate = async (ask: Ask): ReturnType<typeof findNewer> => {
    const newer = await findNewer(ask, schema, run.runNo, shown.snapshot.version);
    if (!isLeft(newer) && newer.right !== null) shown.snapshot = newer.right;
    return newer;
  };
  const asOfNow = <A>(read: (ask: Ask) => Promise<A>): Port<A> =>
    view.ask(async (ask) => {
      const answer = await read(ask);
      if (!view.mayMove) return found(answer);
      const newer = await bringUpToDate(ask);
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
        TE.chain(() => view.ask(bringUpToDate)),
        TE.map(() => shown.snapshot),
      ),
    resultsAfter: (sequence, limit) => view.ask(async (ask) => found(await resultsAfter(ask, seen(), sequence, limit))),
    resultsByIndex: (fromIndex, limit) => view.ask(async (ask) => found(await resultsByIndex(ask, seen(), fromIndex, limit))),
    eventsAfter: (sequence, limit) => view.ask(async (ask) => right(await eventsAfter(ask, of, shown.snapshot, sequence, limit))),
    rows: (fromIndex, limit) => asOfNow((ask) => storedRows(ask, of, fromIndex, limit)),
    linesOfRows: (fromIndex, limit) => asOfNow((ask) => linesOfRows(ask, of, fromIndex, limit)),
    batches: (fromBatchNo, limit) =>
      pipe(
        asOfNow((ask) => batchRecords(ask, of, { fromBatchNo, limit })),
        TE.chainEitherK((records) => records),
      ),
    close: () => (closing ??= onClose()),
  };
};

const eventsAfter = async (
  ask: Ask,
  { schema, runNo }: RowsOf,
  { runId, version }: RunSnapshot,
  sequence: number,
  limit: number,
): Promise<readonly StoredRunEvent[]> => {
  const { rows } = await ask(
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
