import type { OpenRows, PlanWindow, RowSlice } from '../../lib/core/model/command.ts';
import { itemStatuses, type ItemStatus } from '../../lib/core/model/item.ts';
import type { RequestSpan, RowLines, StoredRow } from '../../lib/ports/run-store.ts';
import type { Query, Row } from './session.ts';
import { numbers } from './sql-values.ts';
import { fromStorable } from '../../lib/core/json/storable-text.ts';
import { pending, queued, retryable, submitted } from './row-status.ts';

/** The rows of one run. */
export interface RowsOf {
  readonly schema: string;
  readonly runNo: number;
}

const column = (rows: readonly Row[], column: number): Uint32Array =>
  Uint32Array.from(rows, (row) => Number(row[column] ?? 0));

/**
 * From columns `item_index, request_length, tokens`. One row more than requested shows that the
 * slice is not the last.
 */
const sliceOf = (rows: readonly Row[], rowsMax: number): RowSlice => {
  const kept = rows.slice(0, rowsMax);
  const areCounted = kept.some((row) => row[2] !== null);
  return {
    indexes: column(kept, 0),
    bytes: column(kept, 1),
    tokens: areCounted ? column(kept, 2) : null,
    isLast: rows.length <= rowsMax,
  };
};

/** Pending rows in item order from an index. `inputs` null: each has one. */
export const pendingRows = async (
  query: Query,
  { schema, runNo }: RowsOf,
  fromIndex: number,
  rowsMax: number,
): Promise<RowSlice & Pick<PlanWindow, 'inputs'>> => {
  const { rows } = await query(
    `select item_index, request_length, tokens, inputs from ${schema}.items
      where run_no = $1 and item_index >= $2 and status = ${pending} order by item_index limit $3`,
    [runNo, fromIndex, rowsMax + 1],
  );
  const kept = rows.slice(0, rowsMax);
  const inputs = kept.some((row) => row[3] !== null)
    ? Uint32Array.from(kept, (row) => Number(row[3] ?? 1))
    : null;
  return { ...sliceOf(rows, rowsMax), inputs };
};

export const backoffRows = async (
  query: Query,
  { schema, runNo }: RowsOf,
  dueAtMs: number,
  rowsMax: number,
): Promise<RowSlice> => {
  const { rows } = await query(
    `select item_index, request_length, tokens from ${schema}.items
      where run_no = $1 and due_at_ms = $2 and due_at_ms > 0 and status = ${retryable} order by item_index limit $3`,
    [runNo, dueAtMs, rowsMax + 1],
  );
  return sliceOf(rows, rowsMax);
};

/**
 * A condition on `items`: the rows whose current or last batch this is. It uses the first and last
 * index of the batch, not its ranges: a join with thousands of ranges compares each with every row
 * of the run.
 */
export const ofBatch = (schema: string): string => {
  const end = (what: string): string =>
    `(select ${what} from ${schema}.batches where batches.run_no = $1 and batches.batch_no = $2)`;
  return `items.run_no = $1 and items.batch_no = $2
    and item_index >= ${end('range_starts[1]')} and item_index < ${end('range_ends[cardinality(range_ends)]')}`;
};

export const openRows = async (
  query: Query,
  { schema, runNo }: RowsOf,
  batchNo: number,
  fromIndex: number,
  rowsMax: number,
): Promise<OpenRows> => {
  const { rows } = await query(
    `select item_index, request_length, tokens, charged, uncharged from ${schema}.items
      where ${ofBatch(schema)} and status = ${submitted} and item_index >= $3 order by item_index limit $4`,
    [runNo, batchNo, fromIndex, rowsMax + 1],
  );
  const kept = rows.slice(0, rowsMax);
  return { ...sliceOf(rows, rowsMax), charged: column(kept, 3), uncharged: column(kept, 4) };
};

/** 1 where the row is submitted in this batch. */
export const openMask = async (
  query: Query,
  { schema, runNo }: RowsOf,
  batchNo: number,
  indexes: ArrayLike<number>,
): Promise<Uint8Array> => {
  const { rows } = await query(
    `select item_index from ${schema}.items
      where run_no = $1 and item_index = any ($3::int[]) and batch_no = $2 and status = ${submitted}`,
    [runNo, batchNo, numbers(indexes)],
  );
  const open = new Set(rows.map(([index]) => index as number));
  return Uint8Array.from(indexes, (index) => (open.has(index) ? 1 : 0));
};

/**
 * The batch's request lines in item order; adjacent spans of one kind are joined. Within a span,
 * the offset minus the sum of the earlier lengths is constant.
 */
export const batchLines = async (
  query: Query,
  { schema, runNo }: RowsOf,
  batchNo: number,
): Promise<readonly RequestSpan[]> => {
  const { rows } = await query(
    `select name, min(request_offset), sum(request_length)::bigint, was_charged
      from (
        select item_index, request_object, request_offset, request_length, charged > 0 as was_charged,
          request_offset - sum(request_length) over (partition by request_object, charged > 0 order by item_index) + request_length as island
        from ${schema}.items where ${ofBatch(schema)} and status in (${queued}, ${submitted}) and request_object is not null
      ) lines
      join ${schema}.objects on objects.run_no = $1 and object_no = request_object
      group by request_object, was_charged, island, name order by min(item_index)`,
    [runNo, batchNo],
  );
  return rows.map(([object, offset, length, wasCharged]) => ({
    object: object as string,
    offset: Number(offset),
    length: Number(length),
    wasCharged: wasCharged as boolean,
  }));
};

export const storedRows = async (
  query: Query,
  { schema, runNo }: RowsOf,
  fromIndex: number,
  limit: number,
): Promise<readonly StoredRow[]> => {
  const { rows } = await query(
    `select item_index, item_id, status, charged, uncharged, batch_no, due_at_ms, same_as from ${schema}.items
      where run_no = $1 and item_index >= $2 order by item_index limit $3`,
    [runNo, Math.max(0, fromIndex), Math.max(0, limit)],
  );
  return rows.map(([index, itemId, status, charged, uncharged, batchNo, dueAtMs, sameAs]) => ({
    index: index as number,
    itemId: fromStorable(itemId as string),
    status: itemStatuses[status as number] as ItemStatus,
    charged: charged as number,
    uncharged: uncharged as number,
    batchNo: batchNo as number,
    dueAtMs: Number(dueAtMs),
    sameAs: sameAs as number | null,
  }));
};

export const linesOfRows = async (
  query: Query,
  { schema, runNo }: RowsOf,
  fromIndex: number,
  limit: number,
): Promise<readonly RowLines[]> => {
  const { rows } = await query(
    `select request.name, sent.request_offset, sent.request_length, item.name, items.item_offset, items.item_length, items.same_as
      from ${schema}.items
      join ${schema}.items sent on sent.run_no = items.run_no and sent.item_index = coalesce(items.same_as, items.item_index)
      left join ${schema}.objects request on request.run_no = items.run_no and request.object_no = sent.request_object
      join ${schema}.objects item on item.run_no = items.run_no and item.object_no = items.item_object
      where items.run_no = $1 and items.item_index >= $2 order by items.item_index limit $3`,
    [runNo, Math.max(0, fromIndex), Math.max(0, limit)],
  );
  return rows.map(
    ([request, requestOffset, requestLength, item, itemOffset, itemLength, sameAs]) => ({
      request:
        request === null
          ? null
          : {
              object: request as string,
              offset: requestOffset as number,
              length: requestLength as number,
            },
      item: { object: item as string, offset: itemOffset as number, length: itemLength as number },
      sameAs: sameAs as number | null,
    }),
  );
};

/** 1 where the run has the id. The index is over hashes, so the ids are compared too. */
export const knownIds = async (
  query: Query,
  { schema, runNo }: RowsOf,
  itemIds: readonly string[],
): Promise<Uint8Array> => {
  const { rows } = await query(
    `select nth from unnest($2::text[]) with ordinality as given (id, nth)
      where exists (
        select from ${schema}.items
        where run_no = $1 and hashtextextended(item_id, 0) = hashtextextended(given.id collate "C", 0) and item_id = given.id
      )`,
    [runNo, itemIds],
  );
  const mask = new Uint8Array(itemIds.length);
  for (const [nth] of rows) mask[Number(nth) - 1] = 1;
  return mask;
};
