import type { IncomingMessage } from 'node:http';
import {
  refused,
  type BatchObject,
  type FakeProvider,
  type Refused,
  type Reply,
  type StoredBlob,
} from '../../../lib/sim/provider/index.ts';
import { stampIn, withoutStamp } from './custom-ids.ts';
import { BodyError, requestsIn } from './create-body.ts';
import { readRequest } from './request-line.ts';
import type { SentBatch } from './result-line.ts';
import type { AnthropicState } from './state.ts';

/** Limits of one batch (batch guide, 2026-06). */
const requestsMax = 100_000;
const bodyBytesMax = 256_000_000;
const flushChars = 65_536;

/** Serves the create: requests become an input file of the fake as they arrive. */
export const createBatch = async (
  request: IncomingMessage,
  provider: FakeProvider,
  state: AnthropicState,
): Promise<Reply<BatchObject>> => {
  const received = await receive(request, provider);
  if (received.type === 'refused') return received;
  const { blob, sent } = received;
  const file = await provider.createFile({
    filename: 'requests.jsonl',
    purpose: 'batch',
    content: blob,
  });
  if (file.type !== 'done') return file;
  state.sent.set(file.value.id, sent);
  return provider.createBatch({
    input_file_id: file.value.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
};

type Received =
  { readonly type: 'received'; readonly blob: StoredBlob; readonly sent: SentBatch } | Refused;

const receive = async (request: IncomingMessage, provider: FakeProvider): Promise<Received> => {
  const blobKey = provider.nextBlobKey();
  const writer = await provider.blobs.create(blobKey);
  const encoder = new TextEncoder();
  const ids = new Set<string>();
  const faults = new Map<string, string>();
  const stamps = new Set<string | null>();
  let bytes = 0;
  let pending = '';
  const write = async (): Promise<void> => {
    const encoded = encoder.encode(pending);
    pending = '';
    bytes += encoded.length;
    await writer.write(encoded);
  };
  const fill = async (): Promise<Refused | null> => {
    const body = counted(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>);
    for await (const text of requestsIn(body)) {
      const read = readRequest(text, ids.size);
      if ('refusal' in read) return refused(400, read.refusal);
      const { customId, line, fault } = read;
      if (ids.has(customId))
        return refused(400, `requests.${ids.size}.custom_id: duplicate custom_id ${customId}`);
      ids.add(customId);
      stamps.add(stampIn(customId));
      if (fault !== null) faults.set(withoutStamp(customId), fault);
      if (ids.size > requestsMax)
        return refused(413, `A batch takes at most ${requestsMax} requests.`);
      pending += `${line}\n`;
      if (pending.length >= flushChars) await write();
    }
    return ids.size === 0
      ? refused(400, 'requests: List should have at least 1 item after validation, not 0')
      : null;
  };
  const refusal = await fill().catch((thrown: unknown) => refusalOf(thrown));
  await write();
  await writer.close();
  if (refusal !== null) {
    await provider.blobs.remove(blobKey);
    request.resume();
    return refusal;
  }
  const [stamp = null] = stamps;
  return {
    type: 'received',
    blob: { blobKey, bytes },
    sent: { requests: ids.size, stamp: stamps.size === 1 ? stamp : null, faults },
  };
};

class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new TooLarge();
    yield chunk;
  }
}

const refusalOf = (thrown: unknown): Refused => {
  if (thrown instanceof TooLarge)
    return refused(413, 'Request exceeds the maximum size of 256 MB.');
  if (thrown instanceof BodyError) return refused(400, thrown.message);
  throw thrown;
};
