import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import {
  refused,
  type BatchObject,
  type FakeProvider,
  type FileObject,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { authorizationFault } from '../authorize.ts';
import { type AnswerForm, sendRefusal, sendReply } from '../respond.ts';
import type { EmulatedService, ServiceCall } from '../service.ts';
import { type Container, showContainer } from './containers.ts';
import { xaiForm } from './errors.ts';
import { fakeLine, resultOf } from './lines.ts';

const dayMs = 86_400_000;
/** Of a call that adds requests. */
const bodyBytesMax = 25_000_000;
const pageDefault = 100;

/** By their ids, in the order in which they were made. */
type Containers = Map<string, Container>;

/** xAI's batches, as recorded in August 2026 and documented in October. */
export const createXaiService = (): EmulatedService => {
  const containers: Containers = new Map();
  return {
    basePath: '/v1',
    options: {
      queueIsFullAt: 'create',
      limits: { requestsMax: 1_000_000, windowMs: 30 * dayMs },
    },
    nameHeaders: (response, callCount) => {
      response
        .setHeader('x-zero-data-retention', 'false')
        .setHeader('x-data-retention', 'general')
        .setHeader('x-trace-id', callCount.toString(16).padStart(32, '0'));
    },
    authorizationFault,
    serve: (call) => serve(call, containers),
    sendRefusal: (response, refusal) => sendRefusal(response, refusal, form),
  };
};

const form = xaiForm();

const serve = async (call: ServiceCall, containers: Containers): Promise<void> => {
  const { request, response, provider, url } = call;
  const { method = 'GET' } = request;
  const [, id, action = ''] =
    /^\/v1\/batches(?:\/([\w-]+)(:cancel|\/requests|\/results)?)?$/u.exec(url.pathname) ?? [];
  const isAdding = method === 'POST' && action === '/requests';
  const body = method === 'POST' ? await readBody(request) : null;
  const send = (reply: Reply<unknown>, shown?: AnswerForm): void =>
    sendReply(request, response, reply, shown ?? form);
  if (method !== 'POST') request.resume();
  if (id === undefined && url.pathname === '/v1/batches')
    return send(
      method === 'POST'
        ? await make(provider, containers, body)
        : await list(provider, containers, url.searchParams),
    );
  const container = id === undefined ? undefined : containers.get(id);
  if (container === undefined) return send(refused(404, 'Batch not found'));
  if (isAdding) return send(await add(provider, container, body), { ...form, value: () => null });
  if (method === 'POST' && action === ':cancel') return send(await cancel(provider, container));
  if (method === 'GET' && action === '/results')
    return send(await results(provider, container, url.searchParams));
  if (method === 'GET' && action === '')
    return send(shownOf(await showContainer(provider, container)));
  send(refused(405, `Not allowed to ${method} on ${url.pathname}`));
};

const readBody = async (request: AsyncIterable<Buffer>): Promise<JsonObject | null | Refused> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  }
  if (bytes > bodyBytesMax) return refused(413, 'The request is larger than 25 MB.');
  if (bytes === 0) return null;
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return isJsonObject(value) ? value : refused(400, 'The body is not an object.');
  } catch {
    return refused(400, 'The body is not JSON.');
  }
};

const isRefusal = (body: JsonObject | null | Refused): body is Refused =>
  body?.['type'] === 'refused' && 'statusCode' in body;

const shownOf = (reply: Awaited<ReturnType<typeof showContainer>>): Reply<JsonObject> =>
  reply.type === 'done' ? { type: 'done', value: reply.value.value } : reply;

/** An empty batch. A file stands for it at the fake, whose faults of uploads are then its own. */
const make = async (
  provider: FakeProvider,
  containers: Containers,
  body: JsonObject | null | Refused,
): Promise<Reply<JsonObject>> => {
  if (isRefusal(body)) return body;
  const name = body?.['name'];
  if (typeof name !== 'string' || name === '') return refused(400, 'A batch needs a name.');
  const file = await provider.createFile({
    filename: 'batch.jsonl',
    purpose: 'batch',
    content: linesOf(['{}']),
  });
  if (file.type !== 'done') return file;
  const hex = Buffer.from(file.value.id).toString('hex').padStart(32, '0').slice(-32);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  const container: Container = {
    id: `batch_${parts.join('-')}-${hex.slice(20)}`,
    name,
    createdMs: provider.nowMs(),
    customIds: new Set(),
    added: [],
    cancelledMs: null,
  };
  containers.set(container.id, container);
  return shownOf(await showContainer(provider, container));
};

async function* linesOf(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield await Promise.resolve(Buffer.from(`${line}\n`));
}

/** Adds requests: all of them, or none. Ids that are there already are passed over. */
const add = async (
  provider: FakeProvider,
  container: Container,
  body: JsonObject | null | Refused,
): Promise<Reply<BatchObject | FileObject | null>> => {
  if (isRefusal(body)) return body;
  const requests = body?.['batch_requests'];
  if (!Array.isArray(requests) || requests.length === 0)
    return refused(400, 'batch_requests: at least one request is needed.');
  if (container.cancelledMs !== null)
    return refused(400, `Batch ${container.id} is cancelled and takes no more requests.`);
  const lines = requests.map((request: JsonValue) => fakeLine(request));
  if (lines.includes(null)) return refused(400, 'batch_requests: a request cannot be read.');
  const fresh = lines.filter((line) => line !== null && !container.customIds.has(line.customId));
  if (fresh.length === 0) return { type: 'done', value: null };
  const file = await provider.createFile({
    filename: 'requests.jsonl',
    purpose: 'batch',
    content: linesOf(fresh.flatMap((line) => line?.line ?? [])),
  });
  if (file.type !== 'done') return file;
  const created = await provider.createBatch({
    input_file_id: file.value.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  if (created.type === 'refused') return created;
  for (const line of fresh) container.customIds.add(line?.customId ?? '');
  const batchId =
    created.type === 'done' && created.value.input_file_id === file.value.id
      ? created.value.id
      : null;
  container.added.push({ fileId: file.value.id, requests: fresh.length, batchId });
  return created;
};

const cancel = async (provider: FakeProvider, container: Container): Promise<Reply<JsonObject>> => {
  const shown = await showContainer(provider, container);
  if (shown.type !== 'done') return shown;
  for (const batch of shown.value.batches) {
    const reply = await provider.cancelBatch(batch.id);
    if (reply.type === 'reply_lost' || (reply.type === 'refused' && reply.statusCode !== 409))
      return reply;
    if (reply.type === 'done') container.cancelledMs ??= provider.nowMs();
  }
  if (shown.value.batches.length === 0) {
    container.cancelledMs ??= provider.nowMs();
    // What is still under way finds nothing to run.
    for (const { fileId } of container.added) await provider.deleteFile(fileId);
  }
  return shownOf(await showContainer(provider, container));
};

interface Paging {
  readonly limit: number;
  readonly from: number;
}

const pagingIn = (search: URLSearchParams): Paging => ({
  limit: Math.min(1_000, Math.max(1, Number(search.get('limit') ?? pageDefault) || pageDefault)),
  from: Number(Buffer.from(search.get('pagination_token') ?? '', 'base64url').toString()) || 0,
});

const tokenOf = ({ limit, from }: Paging, total: number): string | null =>
  from + limit < total ? Buffer.from(String(from + limit)).toString('base64url') : null;

const list = async (
  provider: FakeProvider,
  containers: Containers,
  search: URLSearchParams,
): Promise<Reply<JsonObject>> => {
  // The fake's faults of lists are the service's own.
  const listed = await provider.listBatches({ limit: 1 });
  if (listed.type !== 'done') return listed;
  const paging = pagingIn(search);
  const all = [...containers.values()].reverse();
  const batches: JsonObject[] = [];
  for (const container of all.slice(paging.from, paging.from + paging.limit)) {
    const shown = shownOf(await showContainer(provider, container));
    if (shown.type !== 'done') return shown;
    batches.push(shown.value);
  }
  return { type: 'done', value: { batches, pagination_token: tokenOf(paging, all.length) } };
};

const results = async (
  provider: FakeProvider,
  container: Container,
  search: URLSearchParams,
): Promise<Reply<JsonObject>> => {
  const shown = await showContainer(provider, container);
  if (shown.type !== 'done') return shown;
  const all: JsonObject[] = [];
  for (const { output_file_id: output, error_file_id: error } of shown.value.batches)
    for (const fileId of [output, error]) {
      if (fileId === null || fileId === '') continue;
      const reply = await provider.fileContent(fileId);
      if (reply.type !== 'done') return reply;
      const chunks: Uint8Array[] = [];
      for await (const chunk of reply.value.chunks) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      // A transfer that breaks off breaks the page off.
      if (bytes.length !== reply.value.range.end - reply.value.range.start)
        return { type: 'reply_lost' };
      for (const line of bytes.toString('utf8').split('\n')) {
        const result = line === '' ? null : resultOf(line);
        if (result !== null) all.push(result);
      }
    }
  const paging = pagingIn(search);
  const page = all.slice(paging.from, paging.from + paging.limit);
  return {
    type: 'done',
    value: { results: page, pagination_token: tokenOf(paging, all.length) },
  };
};
