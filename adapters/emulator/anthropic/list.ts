import {
  refused,
  type BatchObject,
  type FakeProvider,
  type ListPage,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { fakeId, messageBatch, type MessageBatch } from './batch-object.ts';
import type { AnthropicState } from './state.ts';

const limitDefault = 20;
const limitMax = 1_000;
const fakePage = 100;

/** A page of batches, newest first; a script may leave parts of it out. */
export type MessageBatchPage =
  | readonly MessageBatch[]
  | {
      readonly data: readonly MessageBatch[];
      readonly has_more?: boolean;
      readonly first_id: string | null;
      readonly last_id: string | null;
    };

export const listBatches = async (
  provider: FakeProvider,
  state: AnthropicState,
  { searchParams, origin }: { readonly searchParams: URLSearchParams; readonly origin: string },
): Promise<Reply<MessageBatchPage>> => {
  const limit = Number(searchParams.get('limit') ?? limitDefault);
  const after = searchParams.get('after_id');
  const before = searchParams.get('before_id');
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax)
    return refused(400, `limit: Input should be between 1 and ${limitMax}`);
  if (after !== null && before !== null)
    return refused(400, 'after_id and before_id cannot be given together');
  // One more than asked for says whether there is more.
  const wanted = before === null ? limit + 1 : Infinity;
  const listed = await fromFake(provider, after === null ? null : fakeId(after), wanted);
  if (listed.type !== 'done') return listed;
  const { entries, isBare, saysMore } = listed.value;
  const all = entries.filter(({ id }) => !state.deleted.has(id));
  const at = before === null ? -1 : all.findIndex(({ id }) => id === fakeId(before));
  if (before !== null && at < 0) return refused(404, `No batch found with id ${before}.`);
  const page = before === null ? all.slice(0, limit) : all.slice(Math.max(0, at - limit), at);
  const hasMore = before === null ? all.length > limit : at > limit;
  const data: MessageBatch[] = [];
  for (const batch of page) data.push(await messageBatch(provider, state, batch, origin));
  if (isBare) return { type: 'done', value: data };
  return {
    type: 'done',
    value: {
      data,
      ...(saysMore === null ? {} : { has_more: hasMore || (saysMore && data.length === 0) }),
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    },
  };
};

interface Listed {
  readonly entries: readonly BatchObject[];
  readonly isBare: boolean;
  /** What the last page said of more; null: nothing. */
  readonly saysMore: boolean | null;
}

const fromFake = async (
  provider: FakeProvider,
  first: string | null,
  wanted: number,
): Promise<Reply<Listed>> => {
  const entries: BatchObject[] = [];
  let after = first;
  for (;;) {
    const reply = await provider.listBatches({
      limit: fakePage,
      ...(after === null ? {} : { after }),
    });
    if (reply.type !== 'done') return reply;
    const page: ListPage<BatchObject> | readonly BatchObject[] = reply.value;
    const isBare = Array.isArray(page);
    const { data, has_more: saysMore = null } = isBare
      ? { data: page as readonly BatchObject[] }
      : (page as ListPage<BatchObject>);
    entries.push(...data);
    const last = data.at(-1);
    const isLast = saysMore === null ? data.length < fakePage : !saysMore;
    if (isLast || last === undefined || entries.length >= wanted)
      return { type: 'done', value: { entries, isBare, saysMore } };
    after = last.id;
  }
};
