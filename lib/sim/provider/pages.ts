import { invalidValue } from './refusals.ts';
import { done, refused, type Reply } from './reply.ts';
import type { ListPage } from './wire.ts';

/** Selects a page of a list. */
export interface PageQuery {
  readonly limit?: number;
  /** The id after which the page begins. */
  readonly after?: string;
}

/** A page of a list, or the service's rejection of the query. */
export const pageOf = <A extends { readonly id: string }>(
  all: readonly A[],
  query: PageQuery,
  bounds: { readonly limitDefault: number; readonly limitMax: number; readonly itemsMax?: number },
): Reply<ListPage<A>> => {
  const limit = query.limit ?? bounds.limitDefault;
  if (!Number.isInteger(limit))
    return invalidValue('limit', `Invalid 'limit': expected an integer.`);
  if (limit < 1 || limit > bounds.limitMax) {
    const code = limit < 1 ? 'integer_below_min_value' : 'integer_above_max_value';
    return refused(400, `Invalid 'limit': expected a value from 1 to ${bounds.limitMax}.`, {
      param: 'limit',
      code,
    });
  }
  const start = query.after === undefined ? 0 : all.findIndex(({ id }) => id === query.after) + 1;
  if (query.after !== undefined && start === 0)
    return refused(404, `No object found with id '${query.after}'.`, { param: 'after' });
  const end = start + Math.min(limit, bounds.itemsMax ?? limit);
  const data = all.slice(start, end);
  const first = data[0];
  const last = data[data.length - 1];
  const ends =
    first === undefined || last === undefined ? {} : { first_id: first.id, last_id: last.id };
  return done({ object: 'list', data, ...ends, has_more: end < all.length });
};
