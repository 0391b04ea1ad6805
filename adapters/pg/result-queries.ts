import type { ItemStatus } from '../../lib/core/model/item.ts';
import { itemStatuses } from '../../lib/core/model/item.ts';
import type { ResultRef } from '../../lib/ports/run-store.ts';
import type { Query, Row } from './session.ts';
import { fromStorable } from '../../lib/core/json/storable-text.ts';

const selected = (schema: string): string => `
  select item_index, item_id, status, charged, uncharged, sequence, code,
    line.name, line_offset, line_length, item.name, item_offset, item_length, same_as
  from ${schema}.items
  left join ${schema}.objects line on line.run_no = items.run_no and line.object_no = items.line_object
  join ${schema}.objects item on item.run_no = items.run_no and item.object_no = items.item_object
  where items.run_no = $1`;

const resultOf = (row: Row): ResultRef => {
  const [
    index,
    itemId,
    status,
    charged,
    uncharged,
    sequence,
    code,
    lineObject,
    lineOffset,
    lineLength,
    itemObject,
    offset,
    length,
    sameAs,
  ] = row;
  return {
    sequence: Number(sequence),
    index: index as number,
    itemId: fromStorable(itemId as string),
    status: itemStatuses[status as number] as ItemStatus as ResultRef['status'],
    code: code as number,
    charged: charged as number,
    uncharged: uncharged as number,
    line:
      lineObject === null
        ? null
        : {
            object: lineObject as string,
            offset: Number(lineOffset),
            length: lineLength as number,
          },
    item: { object: itemObject as string, offset: offset as number, length: length as number },
    sameAs: sameAs as number | null,
  };
};

/** Which results to read: those of one run, up to the last that the reader may see. */
export interface ResultsOf {
  readonly schema: string;
  readonly runNo: number;
  readonly lastSequence: number;
}

export const resultsAfter = async (
  query: Query,
  of: ResultsOf,
  sequence: number,
  limit: number,
): Promise<readonly ResultRef[]> => {
  const text = `${selected(of.schema)} and sequence > $2 and sequence <= $3 order by sequence limit $4`;
  const { rows } = await query(text, [of.runNo, sequence, of.lastSequence, Math.max(0, limit)]);
  return rows.map(resultOf);
};

export const resultsByIndex = async (
  query: Query,
  of: ResultsOf,
  fromIndex: number,
  limit: number,
): Promise<{ readonly results: readonly ResultRef[]; readonly nextIndex: number | null }> => {
  const text = `${selected(of.schema)} and item_index >= $2 and sequence <= $3 order by item_index limit $4`;
  const { rows } = await query(text, [
    of.runNo,
    Math.max(0, fromIndex),
    of.lastSequence,
    limit + 1,
  ]);
  const results = rows.map(resultOf);
  return { results: results.slice(0, limit), nextIndex: results[limit]?.index ?? null };
};
