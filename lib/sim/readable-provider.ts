import type { FakeProvider } from './provider/provider.ts';
import { refused, type Reply } from './provider/reply.ts';
import type { BatchObject, ListPage } from './provider/wire.ts';

/**
 * The fake, with replies normalised as a real adapter does it: times in either form, and lists
 * with or without an object. An empty page that has more is an error.
 */
export const readableProvider = (provider: FakeProvider): FakeProvider => ({
  ...provider,
  createBatch: async (body) => read(await provider.createBatch(body), withSeconds),
  retrieveBatch: async (id) => read(await provider.retrieveBatch(id), withSeconds),
  cancelBatch: async (id) => read(await provider.cancelBatch(id), withSeconds),
  listBatches: async (query) => {
    const reply = await provider.listBatches(query);
    if (reply.type !== 'done') return reply;
    const list: ListPage<BatchObject> = Array.isArray(reply.value)
      ? { object: 'list', data: reply.value as readonly BatchObject[] }
      : reply.value;
    const page: ListPage<BatchObject> = { ...list, data: list.data.map(withSeconds) };
    if (page.data.length > 0 || page.has_more !== true) return { type: 'done', value: page };
    return refused(200, 'the list of batches has more, but its page is empty');
  },
});

const read = (
  reply: Reply<BatchObject>,
  of: (batch: BatchObject) => BatchObject,
): Reply<BatchObject> => (reply.type === 'done' ? { ...reply, value: of(reply.value) } : reply);

const withSeconds = (batch: BatchObject): BatchObject => {
  if (typeof batch.created_at === 'number') return batch;
  const read = Object.entries(batch).map(([key, value]: [string, unknown]) =>
    key.endsWith('_at') && typeof value === 'string'
      ? [key, Math.floor(Date.parse(value) / 1000)]
      : [key, value],
  );
  return Object.fromEntries(read) as BatchObject;
};
