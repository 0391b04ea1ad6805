import type { RowPage, RowPart, RowQuery } from '../ports/row-query.ts';
import { readPart } from './row-parts.ts';
import type { RunModel } from './run-model.ts';
import { selectRows } from './select-rows.ts';

/**
 * Answers a row query from the model. O(rows it reads): a query by status reads each row from the
 * first that it may find, a query by batch the batch's rows.
 */
export const rowPage = <P extends RowPart>(model: RunModel, query: RowQuery<P>): RowPage<P> => {
  const rows = selectRows(model, query);
  const page: Record<string, unknown> = { indexes: rows.indexes, isLast: rows.isLast };
  for (const part of query.parts) page[part] = readPart[part](model, rows);
  return page as unknown as RowPage<P>;
};
