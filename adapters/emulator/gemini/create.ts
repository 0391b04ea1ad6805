import type { IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import {
  refused,
  type BatchObject,
  type FakeProvider,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { inlineKey } from './inline-results.ts';
import { fakeFileId } from './names.ts';
import { fakeRequest } from './request-line.ts';
import { type GeminiState, metadataOf, type SentBatch } from './state.ts';

/** A create with its requests in it may be so large (batch guide, 2026-10). */
const inlineBytesMax = 20_000_000;

/** Serves the create of a batch, over an uploaded file or with its requests in the body. */
export const createBatch = async (
  request: IncomingMessage,
  provider: FakeProvider,
  state: GeminiState,
  { model, isEmbedding }: { readonly model: string; readonly isEmbedding: boolean },
): Promise<Reply<BatchObject>> => {
  const body = await readBody(request);
  if ('type' in body) return body;
  const batch = isJsonObject(body.value['batch']) ? body.value['batch'] : {};
  const config = isJsonObject(batch['inputConfig']) ? batch['inputConfig'] : {};
  const { requests } = config;
  // Names in either spelling: the official client writes `file_name` for embeddings.
  const fileName = config['fileName'] ?? config['file_name'];
  const displayName = typeof batch['displayName'] === 'string' ? batch['displayName'] : null;
  const sent = { model, displayName, isEmbedding };
  if (typeof fileName === 'string') return createOverFile(provider, fileName, sent);
  const list = isJsonObject(requests) ? requests['requests'] : undefined;
  if (!Array.isArray(list) || list.length === 0)
    return refused(400, '* BatchGenerateContentRequest.batch.input_config: required field missing');
  const file = await storeInline(provider, state, list as readonly JsonValue[]);
  return typeof file === 'string' ? createOver(provider, file, sent) : file;
};

const createOverFile = async (
  provider: FakeProvider,
  name: string,
  sent: SentBatch,
): Promise<Reply<BatchObject>> => {
  const reply = await createOver(provider, fakeFileId(name), sent);
  return reply.type === 'refused' ? inWordsOf(reply, name) : reply;
};

/** What the fake says of the file, in the words of the service. */
const inWordsOf = (refusal: Refused, name: string): Refused => {
  const { message, code } = refusal.error;
  if (code !== null || !/\bfile\b/iu.test(message)) return refusal;
  if (/not processed/iu.test(message))
    return refused(400, `The File ${name} is not in an ACTIVE state and usage is not allowed.`);
  return /\b(?:cannot find|no such) file\b/iu.test(message) ? noFile(name) : refusal;
};

/** The service does not tell whether a file is not there, or not this key's. */
export const noFile = (name: string): Refused =>
  refused(
    403,
    `You do not have permission to access the File ${name.replace(/^files\//u, '')} or it may not exist.`,
  );

const endpointOf = ({ isEmbedding }: SentBatch): string =>
  isEmbedding ? '/v1/embeddings' : '/v1/chat/completions';

const createOver = (
  provider: FakeProvider,
  fileId: string,
  sent: SentBatch,
): Promise<Reply<BatchObject>> =>
  provider.createBatch({
    input_file_id: fileId,
    endpoint: endpointOf(sent),
    completion_window: '24h',
    metadata: metadataOf(sent),
  });

/** Requests in the body become an input file of the fake; the answer is its id. */
const storeInline = async (
  provider: FakeProvider,
  { files }: GeminiState,
  requests: readonly JsonValue[],
): Promise<string | Exclude<Reply<never>, { readonly type: 'done' }>> => {
  const faults = new Map<string, string>();
  const inline: JsonValue[] = [];
  const lines = requests.map((entry, index) => {
    const { request, metadata = null } = isJsonObject(entry) ? entry : {};
    const key = inlineKey(index);
    const read = fakeRequest(key, isJsonObject(request) ? request : {});
    if (read.fault !== null) faults.set(key, read.fault);
    inline.push(metadata);
    return read.line;
  });
  const bytes = Buffer.from(`${lines.join('\n')}\n`, 'utf8');
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  const file = await provider.createFile({
    filename: 'inline.jsonl',
    purpose: 'batch',
    content: content(),
  });
  if (file.type !== 'done') return file;
  files.set(file.value.id, {
    displayName: '',
    mimeType: 'jsonl',
    bytes: bytes.length,
    requests: requests.length,
    faults,
    inline,
  });
  return file.value.id;
};

const readBody = async (
  request: IncomingMessage,
): Promise<{ readonly value: JsonObject } | Refused> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= inlineBytesMax) chunks.push(chunk);
  }
  if (bytes > inlineBytesMax)
    return refused(400, 'Request payload size exceeds the limit: 20971520 bytes.');
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (isJsonObject(value)) return { value };
  } catch {
    // Answered below.
  }
  return refused(400, 'Invalid JSON payload received.');
};
