import { objectsNamedBy } from '../core/artifacts/artifacts.ts';
import type { Event } from '../core/model/event.ts';
import { evolve } from '../core/machine/evolve.ts';
import type { RunId } from '../core/values/ids.ts';
import { InvariantViolation } from '../core/values/invariant.ts';
import type { IndexSet } from '../core/values/index-set.ts';
import type { JsonObject } from '../core/json/json.ts';
import { applyToRows, type RowChange } from '../core/machine/rows.ts';
import { type StoredRunEvent, toRunEvents } from '../core/machine/run-event.ts';
import { emptySnapshot, type RunSnapshot } from '../core/model/snapshot.ts';
import { applyChange } from './apply-change.ts';
import { BatchRecords } from './batch-records.ts';
import { ItemColumns, IdIndex } from './item-columns.ts';
import { type ResultSegment, type SliceSegment, SegmentList, SequenceIndex } from './segments.ts';
import { SharedWaiters } from './shared-waiters.ts';

/** Reads the segments that are no longer in memory. */
export interface ModelSource {
  slice(from: number): SliceSegment;
  results(from: number): ResultSegment;
  /** Every id of the rows before an index, in order. */
  idsBefore(index: number): Iterable<string>;
  events(afterSequence: number, limit: number): readonly StoredRunEvent[];
}

const unread = (what: string): never => {
  throw new RangeError(`no ${what} is stored`);
};
/** For a run that lies in memory whole. */
export const nothingStored: ModelSource = {
  slice: () => unread('slice'),
  results: () => unread('result'),
  idsBefore: () => [],
  events: () => [],
};

/**
 * One run in memory: the fold of its events. It rejects events as a whole when their row changes do
 * not fit.
 */
export class RunModel {
  readonly runId: RunId;
  description: JsonObject | null = null;
  snapshot: RunSnapshot = emptySnapshot;
  readonly items = new ItemColumns();
  readonly slices: SegmentList<SliceSegment>;
  readonly results: SegmentList<ResultSegment>;
  /** The rows that were packed into each live batch. */
  readonly batches = new Map<number, IndexSet>();
  /** The rows that wait for the row that is sent for them. */
  readonly waiters = new SharedWaiters();
  /** A record of every planned batch. */
  readonly records = new BatchRecords();
  /** Due times by bucket number; bucket 0 means none. */
  readonly dueAtMs: number[] = [0];
  readonly #buckets = new Map<number, number>();
  /** Every object that an event has named. All others may be deleted. */
  readonly objects = new Set<string>();
  freshObjects: string[] = [];
  freshEvents: StoredRunEvent[] = [];
  /** The number of rows in the database. */
  storedRows = 0;
  /** Entries of row changes since the last checkpoint: the cost of a replay. */
  changedRows = 0;
  /** Commits since the last checkpoint. */
  changedTimes = 0;
  readonly source: ModelSource;
  #ids: IdIndex | null = null;
  readonly #sequences = new SequenceIndex();

  constructor(runId: RunId, source: ModelSource) {
    this.runId = runId;
    this.source = source;
    this.slices = new SegmentList(0, (from) => source.slice(from));
    this.results = new SegmentList(1, (from) => source.results(from));
  }

  /**
   * Folds events in and returns null, or returns what does not fit and changes nothing. Events that
   * were read back were checked when they were written, so `areNew` is false for them.
   */
  fold(events: readonly Event[], areNew: boolean): string | null {
    const after = this.#evolved(events);
    if (typeof after === 'string') return after;
    const undo: (() => void)[] = [];
    const changes = applyToRows(events);
    let wrong: string | null = null;
    this.items.isLogging = areNew;
    for (const change of changes) {
      wrong = applyChange(this, change, areNew, undo);
      if (wrong !== null) break;
    }
    const status = wrong === null ? this.items.disagreement(after.totals) : null;
    if (status !== null)
      wrong = `the events count ${after.totals[status]} rows as ${status}, and the rows do not`;
    if (wrong !== null) {
      this.items.undo();
      for (const step of undo.reverse()) step();
      if (changes.some((change) => change.type === 'insert')) this.#ids = null;
      return wrong;
    }
    this.items.keep();
    this.freshEvents.push(...toRunEvents(after.runId, this.snapshot.version, events));
    for (const name of events.flatMap(objectsNamedBy)) this.#keepObject(name);
    this.records.fold(events);
    this.changedRows += changes.reduce((sum, change) => sum + entriesOf(change), 0);
    this.changedTimes += 1;
    this.snapshot = after;
    for (const batchNo of this.batches.keys())
      if (!after.live.some((batch) => batch.batchNo === batchNo)) this.batches.delete(batchNo);
    return null;
  }

  /** The number of the backoff bucket with this due time. */
  bucketOf(dueAtMs: number): number {
    const known = this.#buckets.get(dueAtMs);
    if (known !== undefined) return known;
    const bucket = this.dueAtMs.push(dueAtMs) - 1;
    this.#buckets.set(dueAtMs, bucket);
    return bucket;
  }

  /** The number of the backoff bucket with this due time; -1: no row ever waited for it. */
  knownBucket(dueAtMs: number): number {
    return this.#buckets.get(dueAtMs) ?? -1;
  }

  /**
   * The sequence of each row's result; 0: it has none. The first call reads all results once, a
   * later one those that came since.
   */
  sequenceOf(): ArrayLike<number> {
    return this.#sequences.upTo(this.items.count, this.results);
  }

  /** Built on first use: a run whose input is complete never needs it. O(rows) once. */
  ids(): IdIndex {
    if (this.#ids !== null) return this.#ids;
    const ids = new IdIndex((index) => this.idAt(index));
    let index = 0;
    for (const id of this.source.idsBefore(this.storedRows)) ids.add(id, index++);
    for (const slice of this.slices.fresh()) for (const id of slice.ids()) ids.add(id, index++);
    this.#ids = ids;
    return ids;
  }
  /** The same where it was built before: rows that are read back belong to it, too. */
  builtIds(): IdIndex | null {
    return this.#ids;
  }
  idAt(index: number): string {
    const slice = this.slices.at(index);
    return slice.ids()[index - slice.from] as string;
  }

  #keepObject(name: string): void {
    if (this.objects.has(name)) return;
    this.objects.add(name);
    this.freshObjects.push(name);
  }

  #evolved(events: readonly Event[]): RunSnapshot | string {
    const created = events.find((event) => event.type === 'RunCreated');
    if (created !== undefined && created.runId !== this.runId)
      return `the folder belongs to run ${this.runId}, and the event creates run ${created.runId}`;
    if ((created !== undefined) !== (this.snapshot.version === 0) || events.length === 0)
      return 'a run begins with its RunCreated, once';
    try {
      return events.reduce(evolve, this.snapshot);
    } catch (cause) {
      if (cause instanceof InvariantViolation) return cause.message;
      throw cause;
    }
  }
}

const entriesOf = (change: RowChange): number => {
  switch (change.type) {
    case 'insert':
      return change.slice.itemIds.length;
    case 'complete':
      return change.lines.indexes.length;
    case 'fail':
    case 'retry':
      return change.rows.indexes.length;
    case 'requeue':
    case 'fail_pending':
    case 'share':
      return change.indexes.length;
    case 'claim':
    case 'submit':
    case 'release':
      // Ranges: a whole batch is one loop over columns, and two numbers in the journal.
      return 1;
  }
};
