import { expect } from 'vitest';
import {
  applyToRows,
  type BatchRecord,
  type Event,
  recordsAfter,
  toRunEvents,
} from '../../lib/core/internal.ts';
import type {
  ObjectSpan,
  RequestSpan,
  OwnedRun,
  ResultRef,
  RunReader,
  StoredRow,
} from '../../lib/ports/run-store.ts';
import * as read from '../../lib/rows/read-rows.ts';
import * as slices from '../../lib/rows/read-slices.ts';
import type { Row, Rows } from '../support/core/row-table.ts';
import {
  backoffRows,
  batchMembers,
  openMask,
  openRows,
  pendingRows,
  planWindow,
  sharedRows,
} from '../support/core/slices.ts';
import type { Step } from '../support/core/commit.ts';
import { codeOfFailure } from '../../lib/core/internal.ts';
import { ok, plain } from './run-store-fixture.ts';

/**
 * Holds what a store answers against rows and events that were folded without one. Every function
 * says how much it compared.
 */

const holdsBatch = (row: Row): boolean =>
  row.status !== 'pending' && row.status !== 'failed_retryable';
/** The row as a store shows it. */
export const storedRow = ({
  index,
  itemId,
  status,
  charged,
  uncharged,
  batchNo,
  dueAtMs,
  sameAs,
}: Row): StoredRow => ({
  index,
  itemId,
  status,
  charged,
  uncharged,
  batchNo: holdsBatch({ status } as Row) ? batchNo : 0,
  dueAtMs: status === 'failed_retryable' ? dueAtMs : 0,
  sameAs,
});

/** Where lines lie, by the events alone. */
interface Places {
  readonly lines: ReadonlyMap<number, ObjectSpan>;
  readonly requests: ReadonlyMap<number, ObjectSpan>;
  readonly items: ReadonlyMap<number, ObjectSpan>;
}
const placesOf = (events: readonly Event[]): Places => {
  const lines = new Map<number, ObjectSpan>();
  const requests = new Map<number, ObjectSpan>();
  const items = new Map<number, ObjectSpan>();
  for (const change of applyToRows(events)) {
    if (change.type === 'insert') {
      const { slice } = change;
      let request = 0;
      let item = 0;
      for (let i = 0; i < slice.itemIds.length; i += 1) {
        const requestLength = slice.requestLengths[i] ?? 0;
        const itemLength = slice.itemLengths[i] ?? 0;
        if (slice.requestObject !== null)
          requests.set(slice.fromIndex + i, {
            object: slice.requestObject,
            offset: request,
            length: requestLength,
          });
        items.set(slice.fromIndex + i, {
          object: slice.itemObject,
          offset: item,
          length: itemLength,
        });
        request += requestLength;
        item += itemLength;
      }
    } else if (change.type === 'complete') {
      for (let i = 0; i < change.lines.indexes.length; i += 1) {
        lines.set(change.sequenceFrom + i, {
          object: change.object,
          offset: change.lines.offsets[i] ?? -1,
          length: change.lines.lengths[i] ?? -1,
        });
      }
    } else if (change.type === 'fail') {
      for (let i = 0; i < change.rows.indexes.length; i += 1) {
        const object =
          [null, change.outputObject, change.errorObject][change.rows.parts[i] ?? 0] ?? null;
        if (object !== null)
          lines.set(change.sequenceFrom + i, {
            object,
            offset: change.rows.offsets[i] ?? -1,
            length: change.rows.lengths[i] ?? -1,
          });
      }
    } else if (change.type === 'share') {
      for (let i = 0; i < change.indexes.length; i += 1) {
        const line = lines.get(change.of[i] ?? 0);
        if (line !== undefined) lines.set(change.sequenceFrom + i, line);
      }
    }
  }
  return { lines, requests, items };
};

const resultsOf = (rows: Rows, { lines, items }: Places): readonly ResultRef[] =>
  rows
    .filter((row) => row.sequence > 0)
    .sort((a, b) => a.sequence - b.sequence)
    .map((row) => ({
      sequence: row.sequence,
      index: row.index,
      itemId: row.itemId,
      status: row.status as ResultRef['status'],
      code: row.failure === null ? -1 : codeOfFailure(row.failure),
      charged: row.charged,
      uncharged: row.uncharged,
      line: lines.get(row.sequence) ?? null,
      item: items.get(row.index) as ObjectSpan,
      sameAs: row.sameAs,
    }));

/**
 * Everything that a reader shows: rows, results in both orders and page by page, run events, the
 * snapshot.
 */
export const expectReads = async (reader: RunReader, steps: readonly Step[]): Promise<number> => {
  const last = steps[steps.length - 1];
  if (last === undefined) return 0;
  const { rows, snapshot } = last.after;
  const events = steps.flatMap((each) => each.events);
  const results = resultsOf(rows, placesOf(events));
  expect(plain(reader.snapshot)).toEqual(plain(snapshot));
  expect(await ok(read.storedRows(reader, 0, rows.length + 1))).toEqual(rows.map(storedRow));
  expect(await ok(read.resultsAfter(reader, 0, results.length + 1))).toEqual(results);
  const { requests, items } = placesOf(events);
  const lines = rows.map(({ index, sameAs }) => ({
    request: requestOf(requests, sameAs ?? index),
    item: items.get(index),
    sameAs,
  }));
  expect(await ok(read.linesOfRows(reader, 0, rows.length + 1))).toEqual(lines);
  expect(await ok(read.linesOfRows(reader, 2, 3))).toEqual(lines.slice(2, 5));
  const records = recordsOf(events);
  expect(plainRecords(await ok(reader.batches(1, records.length + 1)))).toEqual(
    plainRecords(records),
  );
  expect(plainRecords(await ok(reader.batches(2, 2)))).toEqual(plainRecords(records.slice(1, 3)));
  const middle = Math.floor(results.length / 2);
  expect(await ok(read.resultsAfter(reader, middle, 3))).toEqual(results.slice(middle, middle + 3));
  const paged: ResultRef[] = [];
  for (let from: number | null = 0; from !== null;) {
    const page: { readonly results: readonly ResultRef[]; readonly nextIndex: number | null } =
      await ok(read.resultsByIndex(reader, from, 3));
    paged.push(...page.results);
    from = page.nextIndex;
  }
  expect(paged).toEqual(results.toSorted((a, b) => a.index - b.index));
  const told = steps.flatMap((each) =>
    toRunEvents(snapshot.runId, each.before.snapshot.version, each.events),
  );
  expect(plain(await ok(reader.eventsAfter(0, told.length + 1)))).toEqual(plain(told));
  const from = told[Math.floor(told.length / 2)]?.sequence ?? 0;
  expect(plain(await ok(reader.eventsAfter(from, 2)))).toEqual(
    plain(told.filter((event) => event.sequence > from).slice(0, 2)),
  );
  return rows.length + results.length + told.length + records.length;
};

const requestOf = (requests: ReadonlyMap<number, ObjectSpan>, index: number): ObjectSpan | null => {
  const span = requests.get(index);
  return span === undefined || span.length === 0 ? null : span;
};

/** What is remembered of batches, by the events alone. */
const recordsOf = (events: readonly Event[]): readonly BatchRecord[] => {
  const keys = events.flatMap((event) => (event.type === 'BatchPlanned' ? [event.batchKey] : []));
  return keys.map((batchKey) => recordsAfter(() => undefined, events).get(batchKey) as BatchRecord);
};
/** Indexes by value, whatever array they are in. */
const plainRecords = (records: readonly BatchRecord[]): readonly unknown[] =>
  records.map((record) => ({ ...record, indexes: Array.from(record.indexes) }));

const list = (
  column: ArrayLike<number> | null,
  length: number,
  absent: number,
): readonly number[] =>
  column === null ? new Array<number>(length).fill(absent) : Array.from(column);
/**
 * Columns by value; tokens that nobody counts are zeros, inputs that nobody speaks of are one each.
 */
const asLists = (slice: object): object => {
  const {
    tokens,
    inputs = null,
    ...rest
  } = slice as {
    readonly tokens: ArrayLike<number> | null;
    readonly inputs?: ArrayLike<number> | null;
    readonly indexes: ArrayLike<number>;
  };
  const { length } = rest.indexes;
  const lists = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null ? Array.from(value as ArrayLike<number>) : value,
    ]),
  );
  return { ...lists, tokens: list(tokens, length, 0), inputs: list(inputs, length, 1) };
};

/** Every slice that a command may carry, against the rows as they should be. */
export const expectSlices = async (
  run: OwnedRun,
  { rows, snapshot }: Step['after'],
  events: readonly Event[],
  rowsMax: number,
): Promise<void> => {
  const { generation } = snapshot.backlog;
  expect(asLists(await ok(slices.planWindow(run, rowsMax)))).toEqual(
    asLists(planWindow(rows, generation, rowsMax)),
  );
  for (const index of [0, Math.floor(rows.length / 2), rows.length]) {
    for (const sequence of [0, Math.floor(snapshot.resultSequence / 2), snapshot.resultSequence]) {
      const found = await ok(slices.sharedRows(run, { sequence, index }, rowsMax));
      const wanted = sharedRows(rows, { sequence, index }, rowsMax, snapshot.resultSequence);
      expect(
        plain({
          ...found,
          indexes: Array.from(found.indexes),
          of: Array.from(found.of),
          codes: Array.from(found.codes),
        }),
      ).toEqual(wanted);
    }
  }
  expect(asLists(await ok(slices.pendingRows(run, rowsMax)))).toEqual(
    asLists({ ...pendingRows(rows, rowsMax), generation }),
  );
  for (const { dueAtMs } of snapshot.backoff) {
    expect(asLists(await ok(slices.backoffRows(run, dueAtMs, rowsMax)))).toEqual(
      asLists(backoffRows(rows, dueAtMs, rowsMax)),
    );
  }
  const { requests, items } = placesOf(events);
  for (const { batchNo, phase } of snapshot.live) {
    const some = rows.map((row) => row.index).concat(rows.length + 5);
    expect(Array.from(await ok(slices.openMask(run, batchNo, some)))).toEqual(
      openMask(rows, batchNo, some),
    );
    const middle = Math.floor(rows.length / 2);
    for (const from of [0, middle])
      expect(asLists(await ok(slices.openRows(run, batchNo, from, rowsMax)))).toEqual(
        asLists(openRows(rows, batchNo, from, rowsMax)),
      );
    if (phase !== 'planned' && phase !== 'uploaded') continue;
    const spans = await ok(slices.batchLines(run, batchNo));
    const lines = batchMembers(rows, batchNo).map((index) => requests.get(index) as ObjectSpan);
    expect(bytesOf(spans)).toEqual(bytesOf(lines));
    expect(spans.some((span, i) => i > 0 && touches(spans[i - 1] as RequestSpan, span))).toBe(
      false,
    );
    const again = batchMembers(rows, batchNo).filter((index) => (rows[index]?.charged ?? 0) > 0);
    expect(bytesOf(spans.filter((span) => span.wasCharged))).toEqual(
      bytesOf(again.map((index) => requests.get(index) as ObjectSpan)),
    );
  }
  const known = rows.map((row) => row.itemId);
  expect(Array.from(await ok(slices.knownIds(run, [...known, 'nobody'])))).toEqual([
    ...known.map(() => 1),
    0,
  ]);
  const index = Math.floor(rows.length / 3);
  const [found] = await ok(read.linesOfRows(run, index, 1));
  expect(found?.item).toEqual(items.get(index));
  expect(await ok(read.linesOfRows(run, rows.length, 1))).toEqual([]);
};

const touches = (a: RequestSpan, b: RequestSpan): boolean =>
  a.object === b.object && a.wasCharged === b.wasCharged && a.offset + a.length === b.offset;
/** Every byte of the spans in order, by name. */
const bytesOf = (spans: readonly ObjectSpan[]): readonly string[] =>
  spans.flatMap(({ object, offset, length }) =>
    Array.from({ length }, (_, i) => `${object}@${offset + i}`),
  );
