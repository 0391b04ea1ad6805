import type { JsonObject } from '../../../lib/core/json/json.ts';
import {
  refused,
  type BatchObject,
  type FakeProvider,
  type ListPage,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { operationOf } from './operation.ts';
import type { GeminiState } from './state.ts';

const pageDefault = 50;
/** The fake's largest page; a larger one that is asked for is cut to it, as Google's APIs do. */
const pageMax = 100;

/** A page of operations. A list of none is an object without members. */
export const listBatches = async (
  provider: FakeProvider,
  state: GeminiState,
  search: URLSearchParams,
): Promise<Reply<JsonObject>> => {
  const asked = Number(search.get('pageSize') ?? pageDefault);
  if (!Number.isInteger(asked) || asked < 0)
    return refused(400, 'Invalid value at "page_size" (TYPE_INT32)');
  const after = search.get('pageToken');
  const reply = await provider.listBatches({
    limit: Math.min(pageMax, asked === 0 ? pageDefault : asked),
    ...(after === null || after === '' ? {} : { after }),
  });
  if (reply.type !== 'done') return reply;
  // A script may leave parts of a page out.
  const page: ListPage<BatchObject> | readonly BatchObject[] = reply.value;
  const { data, has_more: hasMore = false } = 'data' in page ? page : { data: page };
  const operations: JsonObject[] = [];
  for (const batch of data) operations.push(await operationOf(provider, state, batch));
  const last = data.at(-1);
  return {
    type: 'done',
    value: {
      ...(operations.length === 0 ? {} : { operations }),
      ...(hasMore && last !== undefined ? { nextPageToken: last.id } : {}),
    },
  };
};
