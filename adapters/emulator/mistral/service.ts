import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import {
  refused,
  type BatchObject,
  type ListPage,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { authorizationFault } from '../authorize.ts';
import { readJsonBody } from '../body.ts';
import { receiveLines } from '../converted-upload.ts';
import { sendConverted } from '../converted.ts';
import { sendContent } from '../download.ts';
import { sendJson, sendRefusal, sendReply } from '../respond.ts';
import type { EmulatedService, ServiceCall } from '../service.ts';
import { mistralForm } from './errors.ts';
import { jobOf, modelKey, modelOf } from './job.ts';
import { fakeLine } from './request-line.ts';
import { resultLine } from './result-line.ts';

/** Models of jobs by their files of answers: a file's lines do not name them. */
type Models = Map<string, string>;

/** Mistral's batch jobs and files, as recorded in August 2026. */
export const createMistralService = (): EmulatedService => {
  const models: Models = new Map();
  return {
    basePath: '/v1',
    options: {
      queueIsFullAt: 'create',
      limits: {
        requestsMax: 100_000,
        inputBytesMax: 512_000_000,
        fileBytesMax: 512_000_000,
        windowHours: { min: 1, max: 168 },
      },
    },
    nameHeaders: (response, callCount) => {
      response.setHeader('mistral-correlation-id', `emulated-${callCount}`);
    },
    authorizationFault,
    serve: (call) => serve(call, models),
    sendRefusal: (response, refusal) => sendRefusal(response, refusal, form),
  };
};

const form = mistralForm();

const serve = async (call: ServiceCall, models: Models): Promise<void> => {
  const { request, response, provider, url } = call;
  const { method = 'GET' } = request;
  const [, jobs, id = '', action] =
    /^\/v1\/(batch\/jobs)(?:\/([^/]+))?(\/cancel)?$/u.exec(url.pathname) ?? [];
  if (jobs !== undefined) {
    if (method === 'POST' && id === '') return create(call, models);
    request.resume();
    if (method === 'GET' && id === '') return list(call, models);
    const reply =
      action === undefined ? await provider.retrieveBatch(id) : await provider.cancelBatch(id);
    return answer(call, models, reply);
  }
  const [, files, fileId, content] =
    /^\/v1\/(files)(?:\/([^/]+))?(\/content)?$/u.exec(url.pathname) ?? [];
  if (files !== undefined && fileId === undefined && method === 'POST')
    return sendReply(request, response, await receiveLines(request, provider, fakeLine), form);
  request.resume();
  if (files !== undefined && fileId !== undefined) {
    if (method === 'GET' && content !== undefined) return download(call, models, fileId);
    if (method === 'GET')
      return sendReply(request, response, await provider.retrieveFile(fileId), form);
    if (method === 'DELETE')
      return sendReply(request, response, await provider.deleteFile(fileId), form);
  }
  // The gateway's words.
  const message = 'no Route matched with those values';
  sendJson(response, 404, { message, request_id: 'emulated' });
};

const create = async (call: ServiceCall, models: Models): Promise<void> => {
  const body = await readJsonBody(call.request);
  if (body.type === 'refused') return answer(call, models, body);
  const {
    input_files: files,
    endpoint,
    model,
    metadata,
    timeout_hours: hours = 24,
  } = isJsonObject(body.value) ? body.value : {};
  if (!Array.isArray(files) || files.length !== 1)
    return answer(call, models, missing('input_files', 'one file is needed here'));
  if (typeof model !== 'string') return answer(call, models, missing('model', 'Field required'));
  const pairs = isJsonObject(metadata) ? metadata : {};
  const reply = await call.provider.createBatch({
    input_file_id: files[0],
    endpoint,
    completion_window: `${String(hours)}h`,
    metadata: { ...pairs, [modelKey]: model },
  });
  answer(call, models, reply);
};

const missing = (param: string, message: string): Refused => refused(400, message, { param });

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
    if (reply.type !== 'done') return sendReply(call.request, call.response, reply, form);
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
  if (model === undefined) return sendContent(request, response, provider, id, form);
  const reply = await provider.fileContent(id);
  if (reply.type !== 'done') return sendReply(request, response, reply, form);
  const convert = (line: string): string => resultLine(line, model);
  await sendConverted(call, [reply.value], convert, {
    'content-type': 'application/octet-stream',
  });
};

const note = (models: Models, batch: BatchObject): void => {
  for (const file of [batch.output_file_id, batch.error_file_id])
    if (file !== null && file !== '') models.set(file, modelOf(batch));
};

const answer = (call: ServiceCall, models: Models, reply: Reply<BatchObject>): void => {
  if (reply.type === 'done') note(models, reply.value);
  const value = (batch: unknown): unknown => jobOf(batch as BatchObject);
  sendReply(call.request, call.response, reply, mistralForm(value));
};
