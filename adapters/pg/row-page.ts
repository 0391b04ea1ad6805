import type { Column } from '../../lib/core/model/command.ts';
import { storable } from '../../lib/core/json/storable-text.ts';
import { itemStatuses } from '../../lib/core/model/item.ts';
import type { RowPage, RowPart, RowQuery, RowSelection } from '../../lib/ports/row-query.ts';
import type { EndedRows } from './ended-rows.ts';
import { ofBatch, type RowsOf } from './row-queries.ts';
import { partsInSql } from './row-parts.ts';
import { shared } from './row-status.ts';
import type { Query, Row } from './session.ts';
import { numbers } from './sql-values.ts';

/** What the reader knows, and what its owner has learned about where rows can lie. */
export interface Known {
  /** Later results are not shown. */
  readonly lastSequence: number;
  readonly ended: EndedRows;
}

/** Which rows a statement reads: what stands behind `from`, the conditions, and the order. */
interface Statement {
  readonly from: string;
  readonly where: readonly string[];
  readonly order: string;
}
type Selected<K extends string> = Extract<RowSelection, { readonly [Key in K]: unknown }>;
/** Adds a value to the statement and returns its name, `$3`. */
type Bind = (value: unknown) => string;

/** Answers a row query with one statement. */
export const rowPage = async <P extends RowPart>(
  query: Query,
  of: RowsOf,
  asked: RowQuery<P>,
  known: Known,
): Promise<RowPage<P>> => {
  const { select, limit, parts } = asked;
  const values: unknown[] = [of.runNo];
  const bind: Bind = (value) => `$${values.push(value)}`;
  // `ofBatch` calls the batch $2.
  const batch = asked.batchNo === undefined ? null : bind(asked.batchNo);
  const { from, where, order } = statementOf(of.schema, select, limit, known, bind);
  const conditions = [
    ...where,
    ...(batch === null ? [] : [ofBatch(of.schema)]),
    ...(asked.status === undefined ? [] : [isIn(asked.status)]),
    ...(asked.dueAtMs === undefined
      ? []
      : [`items.due_at_ms = ${bind(asked.dueAtMs)} and items.due_at_ms > 0`]),
  ];
  const joins = parts.map((part) => partsInSql[part].joins?.(of.schema) ?? '');
  const columns = ['items.item_index', ...parts.flatMap((part) => partsInSql[part].columns)];
  // One row more than asked for shows that the page is not the last.
  const { rows } = await query(
    `select ${columns.join(', ')} from ${from} ${joins.join(' ')}
      where ${conditions.map((each) => `(${each})`).join(' and ')}
      ${order} ${'indexes' in select ? '' : `limit ${bind(Math.max(0, limit) + 1)}`}`,
    values,
  );
  return pageOf('indexes' in select ? inGivenOrder(rows, select.indexes) : rows, limit, parts);
};

const pageOf = <P extends RowPart>(
  rows: readonly Row[],
  limit: number,
  parts: readonly P[],
): RowPage<P> => {
  const kept = rows.slice(0, Math.max(0, limit));
  const page: Record<string, unknown> = {
    indexes: Uint32Array.from(kept, (row) => Number(row[0])),
    isLast: rows.length <= limit,
  };
  let at = 1;
  for (const part of parts) {
    page[part] = partsInSql[part].read(kept, at);
    at += partsInSql[part].columns.length;
  }
  return page as unknown as RowPage<P>;
};

const isIn = (statuses: NonNullable<RowQuery['status']>): string => {
  const codes = statuses.map((status) => itemStatuses.indexOf(status));
  return codes.length === 1
    ? `items.status = ${codes[0]}`
    : `items.status in (${codes.join(', ')})`;
};

const statementOf = (
  schema: string,
  select: RowSelection,
  limit: number,
  known: Known,
  bind: Bind,
): Statement => {
  if ('fromIndex' in select) return inOrder(schema, select, bind);
  if ('afterSequence' in select) {
    const [after, last] = [bind(select.afterSequence), bind(known.lastSequence)];
    return {
      from: `${schema}.items`,
      where: [`items.run_no = $1 and items.sequence > ${after} and items.sequence <= ${last}`],
      order: 'order by items.sequence',
    };
  }
  if ('itemIds' in select) return byIds(schema, select, bind);
  if ('waitingFor' in select) return waiting(schema, select, limit, known.ended, bind);
  return {
    from: `${schema}.items`,
    where: [
      `items.run_no = $1 and items.item_index = any (${bind(numbers(select.indexes))}::int[])`,
    ],
    order: '',
  };
};

const inOrder = (
  schema: string,
  { fromIndex, toIndex }: Selected<'fromIndex'>,
  bind: Bind,
): Statement => ({
  from: `${schema}.items`,
  where: [
    `items.run_no = $1 and items.item_index >= ${bind(Math.max(0, fromIndex))}`,
    ...(toIndex === undefined ? [] : [`items.item_index < ${bind(toIndex)}`]),
  ],
  order: 'order by items.item_index',
});

/** Looked up one by one in the index of hashes, and compared. */
const byIds = (schema: string, { itemIds }: Selected<'itemIds'>, bind: Bind): Statement => ({
  from: `unnest(${bind(itemIds.map(storable))}::text[]) with ordinality as given (id, nth)
    cross join lateral (
      select * from ${schema}.items
      where run_no = $1 and hashtextextended(item_id, 0) = hashtextextended(given.id collate "C", 0)
        and item_id = given.id offset 0
    ) items`,
  where: ['items.run_no = $1'],
  order: 'order by given.nth',
});

/** One index look-up per row: for a join the planner would misestimate the number of rows. */
const waiting = (
  schema: string,
  { waitingFor }: Selected<'waitingFor'>,
  limit: number,
  { sent, index }: EndedRows,
  bind: Bind,
): Statement => ({
  from: `(
      select item_index, nth from unnest(${bind(numbers(waitingFor))}::int[])
        with ordinality as given (item_index, nth) order by nth
    ) given
    cross join lateral (
      select * from ${schema}.items
      where run_no = $1 and same_as = given.item_index and status = ${shared}
        and item_index + 0 > case given.item_index when ${bind(sent)}::int then ${bind(index)}::int else -1 end
      order by item_index + 0 limit ${bind(limit + 1)}
    ) items`,
  where: ['items.run_no = $1'],
  order: 'order by given.nth, items.item_index',
});

const inGivenOrder = (rows: readonly Row[], indexes: Column): readonly Row[] => {
  const byIndex = new Map(rows.map((row) => [Number(row[0]), row]));
  return Array.from(indexes, (index) => byIndex.get(index)).filter((row) => row !== undefined);
};
