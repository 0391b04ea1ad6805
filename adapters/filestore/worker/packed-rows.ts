import type { RowPage, RowPart, RowQuery, RowSelection } from '../../../lib/ports/row-query.ts';
import { type PackedTexts, packTexts, unpackTexts } from './packed-texts.ts';

/** Row queries and their answers as thread messages: columns, and all ids in one text. */

type ById = Extract<RowSelection, { readonly itemIds: readonly string[] }>;
export type PackedQuery = Omit<RowQuery, 'select'> & {
  readonly select: Exclude<RowSelection, ById> | { readonly packedIds: PackedTexts };
};
export type PackedPage = Omit<Partial<RowPage>, 'ids'> & { readonly packedIds?: PackedTexts };

export const packQuery = (query: RowQuery): PackedQuery => {
  const { select } = query;
  return 'itemIds' in select
    ? { ...query, select: { packedIds: packTexts(select.itemIds) } }
    : { ...query, select };
};

export const unpackQuery = (query: PackedQuery): RowQuery => {
  const { select } = query;
  return 'packedIds' in select
    ? { ...query, select: { itemIds: unpackTexts(select.packedIds) } }
    : { ...query, select };
};

export const packPage = ({ ids, ...page }: Partial<RowPage>): PackedPage =>
  ids === undefined ? page : { ...page, packedIds: packTexts(ids) };

export const unpackPage = <P extends RowPart>({ packedIds, ...page }: PackedPage): RowPage<P> =>
  (packedIds === undefined
    ? page
    : { ...page, ids: unpackTexts(packedIds) }) as unknown as RowPage<P>;
