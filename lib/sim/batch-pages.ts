import type { PortError } from '../ports/port-error.ts';
import type { ServiceLimits } from './provider/limits.ts';
import type { FakeProvider } from './provider/provider.ts';
import type { Reply } from './provider/reply.ts';
import type { BatchObject } from './provider/wire.ts';
import { errorOf } from './reply-errors.ts';

/** Reads the list page by page until `isEnough`. Returns the error that ended it, or null. */
export const eachPage = async (
  provider: FakeProvider,
  { batchPageMax }: ServiceLimits,
  isEnough: (page: readonly BatchObject[]) => boolean,
): Promise<PortError | null> => {
  for (let after: string | null = null; ;) {
    const reply: Reply<{ readonly data: readonly BatchObject[]; readonly has_more?: boolean }> =
      await provider.listBatches({
        limit: batchPageMax,
        ...(after === null ? {} : { after }),
      });
    if (reply.type !== 'done') return errorOf(reply, { what: 'list the batches' });
    const { data, has_more: hasMore } = reply.value;
    after = data.at(-1)?.id ?? null;
    // Without `has_more`, the list ends with an empty page.
    if (isEnough(data) || hasMore === false || after === null) return null;
  }
};

/** The chunks, and an error after them when their length is wrong. */
export async function* ofLength(
  chunks: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.length;
    yield chunk;
  }
  if (seen !== bytes) throw new Error(`the transfer ended after ${seen} of ${bytes} bytes`);
}
