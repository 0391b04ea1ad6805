import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { ArtifactStore } from '../../../lib/ports/artifacts.ts';
import type { RunReader } from '../../../lib/ports/run-store.ts';
import type { Opened } from '../worker/worker-calls.ts';
import type { SessionClient } from '../worker/worker-client.ts';
import type { RowPart, RowQuery } from '../../../lib/ports/row-query.ts';
import { packQuery, unpackPage } from '../worker/packed-rows.ts';

/** An opened run, shared by readers and owner. */
export interface Handle {
  readonly runId: RunId;
  readonly run: number;
  readonly client: SessionClient;
  readonly opened: Opened;
  readonly artifacts: ArtifactStore;
}

/** The snapshot that the handle shows, replaced on each commit and refresh. */
export interface Shown {
  snapshot: RunSnapshot;
}

export const createReader = (
  { runId, run, client, opened, artifacts }: Handle,
  shown: Shown,
  onClose: () => Promise<void>,
): RunReader => {
  let closing: Promise<void> | null = null;
  return {
    runId,
    get snapshot() {
      return shown.snapshot;
    },
    description: opened.description,
    artifacts,
    refresh: () =>
      pipe(
        client.call(run, 'refresh', null),
        TE.map((newer) => {
          if (newer !== null) shown.snapshot = newer;
          return shown.snapshot;
        }),
      ),
    rows: <P extends RowPart>(query: RowQuery<P>) =>
      pipe(
        // Packed when the task runs, not when it is built.
        TE.fromIO(() => packQuery(query)),
        TE.chain((packed) => client.call(run, 'rows', packed)),
        TE.map((page) => unpackPage<P>(page)),
      ),
    eventsAfter: (sequence, limit) => client.call(run, 'eventsAfter', { sequence, limit }),
    batches: (fromBatchNo, limit) => client.call(run, 'batches', { fromBatchNo, limit }),
    close: () => (closing ??= onClose()),
  };
};
