import type { RowPage, RowPart, RowQuery, RowSelection } from '../../../lib/ports/row-query.ts';

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

/** Many texts in one. A thread message copies each text separately, and one long text at once. */
interface PackedTexts {
  readonly text: string;
  /** The end of each text, in UTF-16 units. */
  readonly ends: Uint32Array;
}

const packTexts = (texts: readonly string[]): PackedTexts => {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i += 1) {
    end += (texts[i] as string).length;
    ends[i] = end;
  }
  return { text: texts.join(''), ends };
};

const unpackTexts = ({ text, ends }: PackedTexts): readonly string[] => {
  const texts = new Array<string>(ends.length);
  let start = 0;
  for (let i = 0; i < ends.length; i += 1) {
    const end = ends[i] as number;
    texts[i] = text.slice(start, end);
    start = end;
  }
  return texts;
};
