import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Column, OpenRows, PlanWindow, RowSlice, SharedRows } from '../core/model/command.ts';
import type { SharedCursor } from '../core/model/snapshot.ts';
import type { Port } from '../ports/port-error.ts';
import type { SpanColumns } from '../ports/row-query.ts';
import type { OwnedRun, RequestSpan } from '../ports/run-store.ts';
import type { RowReader } from './read-rows.ts';

/** The slices that commands carry, as row queries of the run's owner. */

/** As much of a run's owner as slices are read from. */
export type SliceReader = Pick<OwnedRun, 'rows' | 'snapshot'>;

/** Pending rows in item order, from the first. */
export const planWindow = (run: SliceReader, rowsMax: number): Port<PlanWindow> =>
  pipe(
    pending(run, rowsMax),
    TE.map(({ isLast, ...window }) => ({ ...window, isExhausted: isLast })),
  );

/** Pending rows in item order, for cancelling. */
export const pendingRows = (
  run: SliceReader,
  rowsMax: number,
): Port<RowSlice & { readonly generation: number }> =>
  pipe(
    pending(run, rowsMax),
    TE.map(({ inputs: _inputs, ...slice }) => slice),
  );

type Pending = RowSlice & Pick<PlanWindow, 'generation' | 'inputs'>;
const pending = (run: SliceReader, rowsMax: number): Port<Pending> =>
  pipe(
    // Read first: a window that is older than its generation would be taken for a fresh one.
    TE.fromIO(() => run.snapshot.backlog.generation),
    TE.chain((generation) =>
      pipe(
        run.rows({
          select: { fromIndex: 0 },
          status: ['pending'],
          limit: rowsMax,
          parts: ['sizes'],
        }),
        TE.map(({ indexes, isLast, sizes }): Pending => ({
          generation,
          indexes,
          isLast,
          ...sizes,
        })),
      ),
    ),
  );

/** failed_retryable rows of one due time, in item order. */
export const backoffRows = (run: RowReader, dueAtMs: number, rowsMax: number): Port<RowSlice> =>
  pipe(
    run.rows({
      select: { fromIndex: 0 },
      status: ['failed_retryable'],
      dueAtMs,
      limit: rowsMax,
      parts: ['sizes'],
    }),
    TE.map(({ indexes, isLast, sizes: { bytes, tokens } }) => ({
      indexes,
      isLast,
      bytes,
      tokens,
    })),
  );

/** Rows still submitted in the batch, in item order from an index. */
export const openRows = (
  run: RowReader,
  batchNo: number,
  fromIndex: number,
  rowsMax: number,
): Port<OpenRows> =>
  pipe(
    run.rows({
      select: { fromIndex },
      status: ['submitted'],
      batchNo,
      limit: rowsMax,
      parts: ['sizes', 'states'],
    }),
    TE.map(({ indexes, isLast, sizes: { bytes, tokens }, states: { charged, uncharged } }) => ({
      indexes,
      isLast,
      bytes,
      tokens,
      charged,
      uncharged,
    })),
  );

/** 1 where the row is submitted in this very batch. */
export const openMask = (run: RowReader, batchNo: number, indexes: Column): Port<Uint8Array> =>
  pipe(
    run.rows({
      select: { indexes },
      status: ['submitted'],
      batchNo,
      limit: indexes.length,
      parts: [],
    }),
    TE.map((page) => {
      const mask = new Uint8Array(indexes.length);
      let next = 0;
      for (let at = 0; at < mask.length && next < page.indexes.length; at += 1) {
        if (indexes[at] !== page.indexes[next]) continue;
        mask[at] = 1;
        next += 1;
      }
      return mask;
    }),
  );

/** 1 where the run already holds the id. */
export const knownIds = (run: RowReader, itemIds: readonly string[]): Port<Uint8Array> =>
  pipe(
    run.rows({ select: { itemIds }, limit: itemIds.length, parts: ['ids'] }),
    TE.map(({ ids }) => {
      const mask = new Uint8Array(itemIds.length);
      let next = 0;
      for (let at = 0; at < mask.length && next < ids.length; at += 1) {
        if (itemIds[at] !== ids[next]) continue;
        mask[at] = 1;
        next += 1;
      }
      return mask;
    }),
  );

const pageRows = 10_000;

/**
 * The batch's request lines in item order, neighbours of one kind joined. O(rows of the batch),
 * page by page.
 */
export const batchLines = (
  run: Pick<OwnedRun, 'rows' | 'batchLines'>,
  batchNo: number,
): Port<readonly RequestSpan[]> =>
  run.batchLines === undefined ? joinedLines(run, batchNo) : run.batchLines(batchNo);

const joinedLines =
  (run: RowReader, batchNo: number): Port<readonly RequestSpan[]> =>
  async () => {
    const joined: RequestSpan[] = [];
    for (let fromIndex = 0; ;) {
      const page = await run.rows({
        select: { fromIndex },
        status: ['queued_local', 'submitted'],
        batchNo,
        limit: pageRows,
        parts: ['requests', 'states'],
      })();
      if (page._tag === 'Left') return page;
      const { indexes, isLast, requests, states } = page.right;
      joinLines(joined, requests, states.charged);
      if (isLast) return { _tag: 'Right', right: joined };
      fromIndex = (indexes[indexes.length - 1] ?? fromIndex) + 1;
    }
  };

type Growing = { -readonly [K in keyof RequestSpan]: RequestSpan[K] };

/** Joins the lines of a page to those before: no object for each row. */
const joinLines = (
  joined: RequestSpan[],
  { objects, objectNos, offsets, lengths }: SpanColumns,
  charged: Column,
): void => {
  const before = joined.pop();
  let last: Growing | null = before === undefined ? null : { ...before };
  for (let at = 0; at < objectNos.length; at += 1) {
    const objectNo = objectNos[at] as number;
    if (objectNo === 0) continue;
    const object = objects[objectNo - 1] as string;
    const [offset, length] = [offsets[at] as number, lengths[at] as number];
    const wasCharged = (charged[at] as number) > 0;
    if (
      last !== null &&
      last.object === object &&
      last.wasCharged === wasCharged &&
      last.offset + last.length === offset
    ) {
      last.length += length;
      continue;
    }
    if (last !== null) joined.push(last);
    last = { object, offset, length, wasCharged };
  }
  if (last !== null) joined.push(last);
};

/**
 * Which rows of the status `shared` can end, from where it is known on: first of the next `rowsMax`
 * rows in item order, by results up to `from.sequence`; where none are left, those that wait for
 * the next `rowsMax` results. At most `rowsMax` rows, in the order of the items or the results.
 */
export const sharedRows = (
  run: SliceReader,
  from: SharedCursor,
  rowsMax: number,
): Port<SharedRows> =>
  from.index < run.snapshot.ingest.itemCount
    ? amongRows(run, from, rowsMax)
    : amongResults(run, from, rowsMax);

interface Found {
  readonly indexes: number[];
  readonly of: number[];
  readonly codes: number[];
}
const noneFound = (): Found => ({ indexes: [], of: [], codes: [] });

const amongRows = (run: SliceReader, from: SharedCursor, rowsMax: number): Port<SharedRows> => {
  const toIndex = Math.min(run.snapshot.ingest.itemCount, from.index + rowsMax);
  return pipe(
    run.rows({
      select: { fromIndex: from.index, toIndex },
      status: ['shared'],
      limit: rowsMax,
      parts: ['sameAs'],
    }),
    TE.chain(({ indexes, sameAs }) => {
      const sent = Float64Array.from(sameAs, (other) => other - 1);
      return pipe(
        run.rows({ select: { indexes: sent }, limit: sent.length, parts: ['results'] }),
        TE.map(({ results: { sequences, codes } }): SharedRows => {
          const found = noneFound();
          for (let at = 0; at < indexes.length; at += 1) {
            const sequence = sequences[at] as number;
            if (sequence === 0 || sequence > from.sequence) continue;
            found.indexes.push(indexes[at] as number);
            found.of.push(sequence);
            found.codes.push(codes[at] as number);
          }
          return { ...found, until: { sequence: from.sequence, index: toIndex } };
        }),
      );
    }),
  );
};

const amongResults = (run: SliceReader, from: SharedCursor, rowsMax: number): Port<SharedRows> =>
  pipe(
    run.rows({ select: { afterSequence: from.sequence }, limit: rowsMax, parts: ['results'] }),
    TE.chain(({ indexes: sent, results: { sequences, codes } }) =>
      pipe(
        // One row more shows with which result the next call resumes.
        run.rows({ select: { waitingFor: sent }, limit: rowsMax + 1, parts: ['sameAs'] }),
        TE.map(({ indexes, sameAs }): SharedRows => {
          const found = noneFound();
          let sequence = Math.max(from.sequence, sequences[sequences.length - 1] ?? 0);
          for (let at = 0, result = 0; at < indexes.length; at += 1) {
            while (sent[result] !== (sameAs[at] as number) - 1) result += 1;
            if (at === rowsMax) {
              sequence = (sequences[result] as number) - 1;
              break;
            }
            found.indexes.push(indexes[at] as number);
            found.of.push(sequences[result] as number);
            found.codes.push(codes[result] as number);
          }
          return { ...found, until: { sequence, index: from.index } };
        }),
      ),
    ),
  );
