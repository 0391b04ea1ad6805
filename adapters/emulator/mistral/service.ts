import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import {
  refused,
  type BatchObject,
  type ListPage,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { authorizationFault } from '../authorize.ts';
import { readJsonBody } from '../body.ts';
import { sendConverted } from '../converted.ts';
import { sendContent } from '../download.ts';
import { sendJson, sendRefusal, sendReply } from '../respond.ts';
import { serveRoute } from '../routes.ts';
import type { EmulatedService, ServiceCall } from '../service.ts';
import { jobOf, modelKey, modelOf } from './job.ts';
import { resultLine } from './result-line.ts';
import { receiveLines } from './upload.ts';

/** Models of jobs by their files of answers: a file's lines do not name them. */
type Models = Map<string, string>;

/** Mistral's batch jobs and files, as recorded in August 2026. */
export const createMistralService = (): EmulatedService => {
  const models: Models = new Map();
  return {
    basePath: '/v1',
    options: {
      queueIsFullAt: 'create',
      limits: { requestsMax: 100_000, inputBytesMax: 512_000_000, fileBytesMax: 512_000_000 },
    },
    nameHeaders: (response, callCount) => {
      response.setHeader('mistral-correlation-id', `emulated-${callCount}`);
    },
    authorizationFault,
    serve: (call) => serve(call, models),
    sendRefusal,
  };
};

const serve = async (call: ServiceCall, models: Models): Promise<void> => {
  const { request, response, provider, url } = call;
  const { method = 'GET' } = request;
  const [, id = '', action] =
    /^\/v1\/batch\/jobs(?:\/([^/]+))?(\/cancel)?$/u.exec(url.pathname) ?? [];
  if (url.pathname.startsWith('/v1/batch/jobs')) {
    if (method === 'POST' && id === '') return create(call, models);
    if (method === 'GET' && id === '') return list(call, models);
    request.resume();
    const reply =
      action === undefined ? await provider.retrieveBatch(id) : await provider.cancelBatch(id);
    return answer(call, models, reply);
  }
  if (method === 'POST' && url.pathname === '/v1/files')
    return sendReply(request, response, await receiveLines(request, provider));
  const file = /^\/v1\/files\/([^/]+)\/content$/u.exec(url.pathname)?.[1];
  if (method === 'GET' && file !== undefined) return download(call, models, file);
  if (url.pathname.startsWith('/v1/files')) return serveRoute(call);
  request.resume();
  sendReply(
    request,
    response,
    refused(404, `no Route matched with those values (${url.pathname})`),
  );
};

const create = async (call: ServiceCall, models: Models): Promise<void> => {
  const body = await readJsonBody(call.request);
  if (body.type === 'refused') return answer(call, models, body);
  const {
    input_files: files,
    endpoint,
    model,
    metadata,
  } = isJsonObject(body.value) ? body.value : {};
  if (!Array.isArray(files) || files.length !== 1 || typeof model !== 'string')
    return answer(call, models, refused(422, 'input_files: one file and a model are needed here'));
  const pairs = isJsonObject(metadata) ? metadata : {};
  const reply = await call.provider.createBatch({
    input_file_id: files[0],
    endpoint,
    completion_window: '24h',
    metadata: { ...pairs, [modelKey]: model },
  });
  answer(call, models, reply);
};

const pageMax = 100;

/** Pages by number, filtered by the pairs of metadata that the address holds. */
const list = async (call: ServiceCall, models: Models): Promise<void> => {
  const { searchParams: search } = call.url;
  const known = ['page', 'page_size', 'model', 'status', 'created_after', 'order_by'];
  const pairs = [...search].filter(([name]) => !known.includes(name));
  const jobs: JsonObject[] = [];
  for (let after: string | null = null; ;) {
    const reply: Reply<ListPage<BatchObject>> = await call.provider.listBatches({
      limit: pageMax,
      ...(after === null ? {} : { after }),
    });
    if (reply.type !== 'done') return sendReply(call.request, call.response, reply);
    const { data, has_more: hasMore = false } = reply.value;
    for (const batch of data) {
      note(models, batch);
      if (pairs.every(([name, value]) => batch.metadata?.[name] === value)) jobs.push(jobOf(batch));
    }
    const last = data.at(-1);
    if (!hasMore || last === undefined) break;
    after = last.id;
  }
  const size = Math.max(1, Number(search.get('page_size') ?? pageMax));
  const from = Number(search.get('page') ?? 0) * size;
  const value = { data: jobs.slice(from, from + size), object: 'list', total: jobs.length };
  sendJson(call.response, 200, value);
};

const download = async (call: ServiceCall, models: Models, id: string): Promise<void> => {
  const model = models.get(id);
  const { request, response, provider } = call;
  if (model === undefined) return sendContent(request, response, provider, id);
  const reply = await provider.fileContent(id);
  if (reply.type !== 'done') return sendReply(request, response, reply);
  const convert = (line: string): string => resultLine(line, model);
  await sendConverted(call, [reply.value], convert, 'application/octet-stream');
};

const note = (models: Models, batch: BatchObject): void => {
  for (const file of [batch.output_file_id, batch.error_file_id])
    if (file !== null && file !== '') models.set(file, modelOf(batch));
};

const answer = (call: ServiceCall, models: Models, reply: Reply<BatchObject>): void => {
  if (reply.type === 'done') note(models, reply.value);
  sendReply(
    call.request,
    call.response,
    reply.type === 'done'
      ? { type: 'done', value: jobOf(reply.value) }
      : reply.type === 'reply_lost' && reply.broken?.reply.type === 'done'
        ? {
            ...reply,
            broken: {
              ...reply.broken,
              reply: { type: 'done', value: jobOf(reply.broken.reply.value as BatchObject) },
            },
          }
        : reply,
  );
};
