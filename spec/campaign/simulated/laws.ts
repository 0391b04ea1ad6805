import * as TE from 'fp-ts/lib/TaskEither.js';
import { clockJumpMsMin } from '../../../lib/core/control/clock.ts';
import {
  type Event,
  evolve,
  isTerminalItem,
  type ItemStatus,
  itemStatuses,
  type RunSnapshot,
  spentUsd,
  sumOfTotals,
  traitsOf,
  worstOfLiveUsd,
} from '../../../lib/core/internal.ts';
import type { ArtifactStore, OwnedRun, Storage } from '../../../lib/ports/index.ts';
import { resultsAfter, storedRows } from '../../../lib/rows/read-rows.ts';

/** What a law has to say about each commit of each run. */
export interface Watch {
  readonly commits: number;
}

/** Time as it passes, whatever the clocks of processes say. */
export interface Truth {
  readonly nowMs: () => number;
  /** How far the clocks are ahead of it. */
  readonly clockOffsetMs: () => number;
}

/**
 * The same storage, which holds every commit to the laws of a run and throws at the first that
 * breaks one.
 */
export const lawfulStorage = <S extends Storage<'local'>>(
  storage: S,
  broken: (law: string) => void,
  truth: Truth | null = null,
): S & { readonly watch: Watch } => {
  const watch = { commits: 0 };
  const graces = truth === null ? null : graceWatch(truth);
  const tooOften = triesOf();
  const watched = (run: OwnedRun): OwnedRun => {
    const check = checker();
    const commit: OwnedRun['commit'] = (expectedVersion, events, guard) => async () => {
      const early =
        tooOften(run.snapshot, events) ??
        spentTooMuch(run.snapshot, events) ??
        provedTooEarly(run.snapshot, events) ??
        graces?.shortened(run.snapshot, events) ??
        (await namedTooEarly(run, events));
      if (early !== null) broken(`at ${events.map((event) => event.type).join(', ')}: ${early}`);
      const committed = await run.commit(expectedVersion, events, guard)();
      if (committed._tag === 'Left') return committed;
      watch.commits += 1;
      graces?.committed(committed.right, events);
      const fault = await check(run, committed.right);
      if (fault !== null) broken(`after ${events.map((event) => event.type).join(', ')}: ${fault}`);
      return committed;
    };
    const anew: Partial<OwnedRun> = { commit, artifacts: slowly(run.artifacts) };
    return new Proxy(run, {
      get: (target, key) =>
        (Object.hasOwn(anew, key)
          ? Reflect.get(anew, key)
          : (Reflect.get(target, key, target) as unknown)) as unknown,
    });
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

/**
 * An object is there some turns after it was asked to be: a commit that does not wait for it names
 * a missing object.
 */
const slowly = (artifacts: ArtifactStore): ArtifactStore => ({
  ...artifacts,
  put: (name, chunks) => async () => {
    for (let turn = 0; turn < putTurns; turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
    return artifacts.put(name, chunks)();
  },
});
const putTurns = 5;

/** Payload comes before its pointer: what a commit names is whole before it is committed. */
const namedTooEarly = async (
  { artifacts }: OwnedRun,
  events: readonly Event[],
): Promise<string | null> => {
  for (const [name, bytes] of events.flatMap(objectsNamed)) {
    const size = await artifacts.size(name)();
    const found = size._tag === 'Right' ? size.right : null;
    if (found !== bytes)
      return `${name} is named, of ${bytes} bytes, and ${found === null ? 'is not there' : `has ${found}`}`;
  }
  return null;
};

/**
 * By itself a run creates one batch at most four times for want of an answer or of its input file;
 * a resume resets the count.
 */
const triesOf = (): ((snapshot: RunSnapshot, events: readonly Event[]) => string | null) => {
  const again = new Map<string, number>();
  const createsMax = 4;
  return ({ runId, live }, events) => {
    for (const event of events) {
      if (event.type === 'RunResumed' || event.type === 'CancelRequested') again.clear();
      if (!('batchKey' in event)) continue;
      const key = `${runId} ${event.batchKey}`;
      if (event.type === 'BatchReleased') again.delete(key);
      const wasSent = live.some(
        ({ batchKey, phase }) =>
          batchKey === event.batchKey && (phase === 'indeterminate' || phase === 'creating'),
      );
      if (event.type === 'BatchReplanned' && wasSent) again.set(key, (again.get(key) ?? 0) + 1);
      const tries = 1 + (again.get(key) ?? 0);
      if (event.type === 'CreateBegun' && tries > createsMax)
        return `create ${tries} of ${event.batchKey} goes out, and no operator asked for it`;
    }
    return null;
  };
};

/** What is planned can be paid for at its worst, beside all that is spent and reserved. */
const spentTooMuch = (snapshot: RunSnapshot, events: readonly Event[]): string | null => {
  const { costUsdMax } = snapshot.config.operation?.money ?? { costUsdMax: null };
  if (costUsdMax === null || !events.some(({ type }) => type === 'BatchPlanned')) return null;
  const after = events.reduce(evolve, snapshot);
  const sum = (spentUsd(after) ?? Infinity) + (worstOfLiveUsd(after) ?? Infinity);
  return sum <= costUsdMax + 1e-6
    ? null
    : `$${sum} are spent and reserved, of at most $${costUsdMax}`;
};

/**
 * A create is taken for absent a grace after it became unconfirmed, and sent again a grace after
 * its fence; or as an operator confirms.
 */
const provedTooEarly = ({ live, config }: RunSnapshot, events: readonly Event[]): string | null => {
  for (const event of events) {
    if (event.type !== 'CreateAbsent' && event.type !== 'BatchReplanned') continue;
    const batch = live.find(({ batchKey }) => batchKey === event.batchKey);
    if (batch?.phase !== 'indeterminate' || batch.doubt === null) continue;
    const { stage, sinceMs, isSworn } = batch.doubt;
    if (isSworn || isConfirmed(event, events)) continue;
    const isFenced = traitsOf(config).fence !== 'none';
    if (stage !== (event.type === 'CreateAbsent' || !isFenced ? 'looking' : 'fenced'))
      return `the create of ${event.batchKey} was ${stage}`;
    const waitedMs = event.atMs - sinceMs;
    if (waitedMs < config.operation.createGraceMs)
      return `the create of ${event.batchKey} was ${stage} for ${waitedMs} ms only`;
  }
  return null;
};

/** By an operator: before its fence; or, where there is none, as a held batch that goes again. */
const isConfirmed = (event: Event, events: readonly Event[]): boolean =>
  (event.type === 'CreateAbsent' && event.isSworn) ||
  (event.type === 'BatchReplanned' &&
    event.reason === 'released' &&
    events.some((other) => other.type === 'BatchReleased' && other.batchKey === event.batchKey));

/**
 * Holds graces against time as it passed. Only what a clock was set ahead and no owner has seen may
 * be missing.
 */
const graceWatch = ({ nowMs, clockOffsetMs }: Truth) => {
  const sinceMs = new Map<string, number>();
  let noticedMs = 0;
  return {
    committed({ live }: RunSnapshot, events: readonly Event[]): void {
      for (const event of events) if (event.type === 'ClockJumped') noticedMs += event.byMs;
      for (const { batchKey, createAttempt, doubt } of live) {
        const key = `${batchKey} ${createAttempt} ${doubt?.stage ?? ''}`;
        if (doubt !== null && !sinceMs.has(key)) sinceMs.set(key, nowMs());
      }
    },
    shortened({ live, config }: RunSnapshot, events: readonly Event[]): string | null {
      for (const event of events) {
        if (event.type !== 'CreateAbsent' && event.type !== 'BatchReplanned') continue;
        const batch = live.find(({ batchKey }) => batchKey === event.batchKey);
        if (batch?.phase !== 'indeterminate' || batch.doubt === null || batch.doubt.isSworn)
          continue;
        if (isConfirmed(event, events)) continue;
        const waitedMs =
          nowMs() -
          (sinceMs.get(`${batch.batchKey} ${batch.createAttempt} ${batch.doubt.stage}`) ??
            -Infinity);
        const unseenMs = Math.max(0, clockOffsetMs() - noticedMs) + clockJumpMsMin;
        if (waitedMs < config.operation.createGraceMs - unseenMs)
          return `the create of ${batch.batchKey} was ${batch.doubt.stage} for ${waitedMs} ms of time only`;
      }
      return null;
    },
  };
};

const objectsNamed = (event: Event): readonly (readonly [string, number])[] => {
  const sum = (lengths: ArrayLike<number>): number =>
    Array.from(lengths).reduce((total, length) => total + length, 0);
  switch (event.type) {
    case 'ItemsAccepted': {
      const { requestObject, requestLengths, itemObject, itemLengths } = event.slice;
      return [
        ...(requestObject === null ? [] : [[requestObject, sum(requestLengths)] as const]),
        [itemObject, sum(itemLengths)],
      ];
    }
    case 'FilesStored':
    case 'AnswersUnreadable':
      return [event.output, event.error].flatMap((file) =>
        file === null ? [] : [[file.object, file.bytes] as const],
      );
    default:
      return [];
  }
};

/** Compares each committed state with the rows, and with what was terminal before. */
const checker = (): ((run: OwnedRun, snapshot: RunSnapshot) => Promise<string | null>) => {
  const ended = new Map<number, string>();
  let sequence = 0;
  return async (run, snapshot) => {
    const rows = await storedRows(run, 0, Number.MAX_SAFE_INTEGER)();
    const results = await resultsAfter(run, sequence, Number.MAX_SAFE_INTEGER)();
    if (rows._tag === 'Left' || results._tag === 'Left') return 'rows or results cannot be read';
    const counts = new Map<ItemStatus, number>();
    const inBatch = new Map<number, number>();
    const ids = new Set<string>();
    for (const row of rows.right) {
      counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
      ids.add(row.itemId);
      const before = ended.get(row.index);
      const now = `${row.status} ${row.charged} ${row.uncharged}`;
      if (before !== undefined && before !== now)
        return `row ${row.index} was ${before} for ever, and is ${now}`;
      if (isTerminalItem(row.status)) ended.set(row.index, now);
      if (row.status === 'queued_local' || row.status === 'submitted')
        inBatch.set(row.batchNo, (inBatch.get(row.batchNo) ?? 0) + 1);
    }
    const wrong = itemStatuses.find(
      (status) => (counts.get(status) ?? 0) !== snapshot.totals[status],
    );
    if (wrong !== undefined)
      return `${counts.get(wrong) ?? 0} rows are ${wrong}, the totals say ${snapshot.totals[wrong]}`;
    if (
      sumOfTotals(snapshot.totals) !== snapshot.ingest.itemCount ||
      rows.right.length !== snapshot.ingest.itemCount
    )
      return 'accepted rows and the sum of the states differ';
    if (ids.size !== rows.right.length) return 'two rows have one id';
    // A row carries one batch's number; together with these sums no row can be in two live batches.
    for (const batch of snapshot.live) {
      const open = inBatch.get(batch.batchNo) ?? 0;
      if (open !== batch.requests - batch.settledRows)
        return `batch ${batch.batchNo} holds ${open} rows, and ${batch.requests} - ${batch.settledRows} are unsettled`;
      inBatch.delete(batch.batchNo);
    }
    if (inBatch.size > 0)
      return `rows are in batch ${[...inBatch.keys()].join(', ')}, which is not live`;
    for (const result of results.right) {
      sequence += 1;
      if (result.sequence !== sequence)
        return `result ${sequence} is missing; ${result.sequence} follows`;
    }
    return sequence === snapshot.resultSequence
      ? null
      : `the last result is ${sequence}, the snapshot says ${snapshot.resultSequence}`;
  };
};
