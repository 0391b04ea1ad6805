import type { SharedRows } from '../../lib/core/model/command.ts';
import type { Event } from '../../lib/core/model/event.ts';
import type { SharedCursor } from '../../lib/core/model/snapshot.ts';
import type { RowsOf } from './row-queries.ts';
import { shared } from './row-status.ts';
import type { Query, Row } from './session.ts';

/** How far the run is; later rows and results are not read. */
interface Reached {
  readonly itemCount: number;
  readonly resultSequence: number;
  readonly ended: EndedRows;
}

/**
 * The rows up to this index that wait for the row with this result have ended. A query skips them.
 */
export interface EndedRows {
  readonly sequence: number;
  readonly index: number;
}
export const noneEnded: EndedRows = { sequence: 0, index: -1 };

/**
 * The last row that the events end, among those that wait for one row; they end in item order.
 * Null: none.
 */
export const endedBy = (events: readonly Event[]): EndedRows | null => {
  let last: EndedRows | null = null;
  for (const event of events) {
    if (event.type !== 'SharedCompleted' && event.type !== 'SharedFailed') continue;
    for (let i = 0; i < event.indexes.length; i += 1) {
      const [sequence, index] = [event.of[i] as number, event.indexes[i] as number];
      if (
        last === null ||
        sequence > last.sequence ||
        (sequence === last.sequence && index > last.index)
      )
        last = { sequence, index };
    }
  }
  return last;
};

/**
 * The rows that can end because the row that was sent for them has ended. One index lookup per row:
 * for a join the planner would misestimate their number.
 */
export const sharedRows = (
  query: Query,
  of: RowsOf,
  from: SharedCursor,
  rowsMax: number,
  reached: Reached,
): Promise<SharedRows> =>
  from.index < reached.itemCount
    ? amongRows(query, of, from, rowsMax, reached)
    : amongResults(query, of, from, rowsMax, reached);

/** From columns `item_index, sequence, code`. */
const found = (rows: readonly Row[], until: SharedCursor): SharedRows => ({
  indexes: rows.map(([index]) => index as number),
  of: rows.map(([, sequence]) => Number(sequence)),
  codes: rows.map(([, , code]) => code as number),
  until,
});

const amongRows = async (
  query: Query,
  { schema, runNo }: RowsOf,
  from: SharedCursor,
  rowsMax: number,
  { itemCount }: Reached,
): Promise<SharedRows> => {
  const end = Math.min(itemCount, from.index + rowsMax);
  const { rows } = await query(
    `select waits.item_index, sent.sequence, sent.code from ${schema}.items waits
      cross join lateral (
        select sequence, code from ${schema}.items sent
          where sent.run_no = $1 and sent.item_index = waits.same_as and sent.sequence <= $4 offset 0
      ) sent
      where waits.run_no = $1 and waits.item_index >= $2 and waits.item_index < $3 and waits.status = ${shared} order by waits.item_index`,
    [runNo, from.index, end, from.sequence],
  );
  return found(rows, { sequence: from.sequence, index: end });
};

const amongResults = async (
  query: Query,
  { schema, runNo }: RowsOf,
  from: SharedCursor,
  rowsMax: number,
  { resultSequence, ended }: Reached,
): Promise<SharedRows> => {
  const end = Math.max(from.sequence, Math.min(resultSequence, from.sequence + rowsMax));
  const { rows } = await query(
    `select waits.item_index, sent.sequence, sent.code from ${schema}.items sent
      cross join lateral (
        select item_index from ${schema}.items waits
          where waits.run_no = $1 and waits.same_as = sent.item_index and waits.status = ${shared}
            and item_index + 0 > case sent.sequence when $5 then $6::int else -1 end
          order by item_index + 0 limit $4
      ) waits
      where sent.run_no = $1 and sent.sequence > $2 and sent.sequence <= $3 and sent.same_as is null
      order by sent.sequence, waits.item_index limit $4`,
    [runNo, from.sequence, end, rowsMax + 1, ended.sequence, ended.index],
  );
  const next = rows[rowsMax];
  return found(rows.slice(0, rowsMax), {
    sequence: next === undefined ? end : Number(next[1]) - 1,
    index: from.index,
  });
};
