import type { RequestSpan } from '../../lib/ports/run-store.ts';
import type { Query } from './session.ts';
import { queued, submitted } from './row-status.ts';

/** The rows of one run. */
export interface RowsOf {
  readonly schema: string;
  readonly runNo: number;
}

/**
 * A condition on `items`: the rows whose current or last batch this is. It uses the first and last
 * index of the batch, not its ranges: a join with thousands of ranges compares each with every row
 * of the run.
 */
export const ofBatch = (schema: string): string => {
  const end = (what: string): string =>
    `(select ${what} from ${schema}.batches where batches.run_no = $1 and batches.batch_no = $2)`;
  return `items.run_no = $1 and items.batch_no = $2
    and items.item_index >= ${end('range_starts[1]')} and items.item_index < ${end('range_ends[cardinality(range_ends)]')}`;
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
