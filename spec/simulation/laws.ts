import * as TE from 'fp-ts/lib/TaskEither.js';
import { isTerminalItem, type ItemStatus, itemStatuses, type RunSnapshot, sumOfTotals } from '../../lib/core/index.ts';
import type { OwnedRun, Storage } from '../../lib/ports/index.ts';

/** What a law has to say about each commit of each run. */
export interface Watch {
  readonly commits: number;
}

/** The same storage, which holds every commit to the laws of a run and throws at the first that breaks one. */
export const lawfulStorage = <S extends Storage<'local'>>(storage: S, broken: (law: string) => void): S & { readonly watch: Watch } => {
  const watch = { commits: 0 };
  const watched = (run: OwnedRun): OwnedRun => {
    const check = checker();
    const commit: OwnedRun['commit'] = (expectedVersion, events) => async () => {
      const committed = await run.commit(expectedVersion, events)();
      if (committed._tag === 'Left') return committed;
      watch.commits += 1;
      const fault = await check(run, committed.right);
      if (fault !== null) broken(`after ${events.map((event) => event.type).join(', ')}: ${fault}`);
      return committed;
    };
    return new Proxy(run, { get: (target, key) => (key === 'commit' ? commit : (Reflect.get(target, key, target) as unknown)) });
  };
  return {
    ...storage,
    watch,
    open: () =>
      TE.Monad.map(storage.open(), (store) => ({
        ...store,
        own: (runId) => TE.Monad.map(store.own(runId), watched),
        create: (runId, description) => TE.Monad.map(store.create(runId, description), watched),
      })),
  };
};

/** Compares each committed state with the rows, and with what was terminal before. */
const checker = (): ((run: OwnedRun, snapshot: RunSnapshot) => Promise<string | null>) => {
  const ended = new Map<number, string>();
  let sequence = 0;
  return async (run, snapshot) => {
    const rows = await run.rows(0, Number.MAX_SAFE_INTEGER)();
    const results = await run.resultsAfter(sequence, Number.MAX_SAFE_INTEGER)();
    if (rows._tag === 'Left' || results._tag === 'Left') return 'rows or results cannot be read';
    const counts = new Map<ItemStatus, number>();
    const inBatch = new Map<number, number>();
    const ids = new Set<string>();
    for (const row of rows.right) {
      counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
      ids.add(row.itemId);
      const before = ended.get(row.index);
      const now = `${row.status} ${row.charged} ${row.uncharged}`;
      if (before !== undefined && before !== now) return `row ${row.index} was ${before} for ever, and is ${now}`;
      if (isTerminalItem(row.status)) ended.set(row.index, now);
      if (row.status === 'queued_local' || row.status === 'submitted') inBatch.set(row.batchNo, (inBatch.get(row.batchNo) ?? 0) + 1);
    }
    const wrong = itemStatuses.find((status) => (counts.get(status) ?? 0) !== snapshot.totals[status]);
    if (wrong !== undefined) return `${counts.get(wrong) ?? 0} rows are ${wrong}, the totals say ${snapshot.totals[wrong]}`;
    if (sumOfTotals(snapshot.totals) !== snapshot.ingest.itemCount || rows.right.length !== snapshot.ingest.itemCount)
      return 'accepted rows and the sum of the states differ';
    if (ids.size !== rows.right.length) return 'two rows have one id';
    // A row carries one batch's number; together with these sums no row can be in two live batches.
    for (const batch of snapshot.live) {
      const open = inBatch.get(batch.batchNo) ?? 0;
      if (open !== batch.requests - batch.settledRows)
        return `batch ${batch.batchNo} holds ${open} rows, and ${batch.requests} - ${batch.settledRows} are unsettled`;
      inBatch.delete(batch.batchNo);
    }
    if (inBatch.size > 0) return `rows are in batch ${[...inBatch.keys()].join(', ')}, which is not live`;
    for (const result of results.right) {
      sequence += 1;
      if (result.sequence !== sequence) return `result ${sequence} is missing; ${result.sequence} follows`;
    }
    return sequence === snapshot.resultSequence ? null : `the last result is ${sequence}, the snapshot says ${snapshot.resultSequence}`;
  };
};
