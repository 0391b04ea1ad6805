import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { refused, type BatchObject, type Reply } from '../../../lib/sim/provider/index.ts';
import { authorizationFault } from '../authorize.ts';
import { readJsonBody } from '../body.ts';
import { receiveLines } from '../converted-upload.ts';
import { type AnswerForm, sendRefusal, sendReply } from '../respond.ts';
import { serveRoute } from '../routes.ts';
import { openaiService, type EmulatedService, type ServiceCall } from '../service.ts';
import type { Dialect } from './dialects.ts';
import { type AnnouncedFiles, noAnnouncedFiles, serveUpload } from './redirected-upload.ts';
import { faultsOf, formOf, shownValue } from './shown.ts';

/** A service that speaks OpenAI's API in its dialect. */
export const createCompatibleService = (dialect: Dialect): EmulatedService => {
  const files = noAnnouncedFiles();
  const nameOf = (fakeId: string): string =>
    [...files.fakeIds].find(([, fake]) => fake === fakeId)?.[0] ?? fakeId;
  const form = formOf(dialect, shownValue(dialect, nameOf));
  return {
    basePath: dialect.basePath,
    options: { limits: dialect.limits },
    faults: faultsOf(dialect),
    nameHeaders: openaiService.nameHeaders.bind(openaiService),
    // The address of a redirect is a secret of its own, and gets no key.
    authorizationFault: (request, apiKey) =>
      request.method === 'PUT' ? null : authorizationFault(request, apiKey),
    serve: (call) => serve({ ...call, url: plainUrl(call.url, dialect) }, dialect, files, form),
    sendRefusal: (response, refusal) => sendRefusal(response, refusal, form),
  };
};

/** The address as OpenAI has it. What is not below the service's own path is not there. */
const plainUrl = (url: URL, { basePath }: Dialect): URL => {
  const plain = new URL(url);
  if (url.pathname.startsWith('/v1/storage/')) return plain;
  plain.pathname = url.pathname.startsWith(`${basePath}/`)
    ? `/v1${url.pathname.slice(basePath.length)}`
    : `/nothing${url.pathname}`;
  return plain;
};

const serve = async (
  call: ServiceCall,
  dialect: Dialect,
  files: AnnouncedFiles,
  form: AnswerForm,
): Promise<void> => {
  const { request, response, provider, url } = call;
  const { method = 'GET' } = request;
  const convert = dialect.lines === 'bare' ? fullLine : (line: string): string => line;
  if (dialect.upload === 'redirect' && (await serveUpload(call, files, convert))) return;
  if (method === 'POST' && url.pathname === '/v1/files' && dialect.lines === 'bare')
    return sendReply(request, response, await receiveLines(request, provider, convert), form);
  if (method === 'POST' && url.pathname === '/v1/batches')
    return create(call, dialect, files, form);
  if (method === 'GET' && url.pathname === '/v1/batches' && dialect.list !== undefined) {
    const reply = await wholeList(call);
    const value = (list: unknown): unknown => {
      const shown = form.value(list);
      return dialect.list === 'array' && isJsonObject(shown) ? shown['data'] : shown;
    };
    return sendReply(request, response, reply, { ...form, value });
  }
  const [, fileId, rest = ''] = /^\/v1\/files\/([^/]+)(\/content)?$/u.exec(url.pathname) ?? [];
  const fakeId = files.fakeIds.get(fileId ?? '');
  if (fakeId !== undefined) url.pathname = `/v1/files/${fakeId}${rest}`;
  return serveRoute({ ...call, form });
};

const create = async (
  { request, response, provider }: ServiceCall,
  { endpoints, create: answer }: Dialect,
  files: AnnouncedFiles,
  form: AnswerForm,
): Promise<void> => {
  const read = await readJsonBody(request);
  if (read.type === 'refused') return sendRefusal(response, read, form);
  const body: JsonObject = isJsonObject(read.value) ? read.value : {};
  const { endpoint, input_file_id: fileId } = body;
  const isTaken = endpoints === undefined || endpoints.includes(String(endpoint));
  const reply: Reply<BatchObject> = isTaken
    ? await provider.createBatch({
        ...body,
        ...(typeof fileId === 'string'
          ? { input_file_id: files.fakeIds.get(fileId) ?? fileId }
          : {}),
      })
    : refused(400, `batches of ${String(endpoint)} are not supported`, { param: 'endpoint' });
  const value = (batch: unknown): unknown =>
    answer === 'job' ? { job: form.value(batch), warning: null } : form.value(batch);
  sendReply(request, response, reply, { ...form, value });
};

const pageMax = 100;

/** Every batch at once: the list takes no parameters. */
const wholeList = async ({ provider, request }: ServiceCall): Promise<Reply<JsonObject>> => {
  request.resume();
  const data: BatchObject[] = [];
  for (let after: string | null = null; ;) {
    const reply = await provider.listBatches({
      limit: pageMax,
      ...(after === null ? {} : { after }),
    });
    if (reply.type !== 'done') return reply;
    data.push(...reply.value.data);
    after = reply.value.data.at(-1)?.id ?? null;
    if (reply.value.has_more !== true || after === null) break;
  }
  const value = { object: 'list', data: data as unknown as JsonObject[] };
  return { type: 'done', value };
};

/** A line `{custom_id, body}` with what OpenAI's have beside. */
const fullLine = (text: string): string => {
  try {
    const row: unknown = JSON.parse(text);
    if (!isJsonObject(row) || !isJsonObject(row['body'])) return text;
    const { custom_id: customId = null, body } = row;
    return JSON.stringify({
      custom_id: customId,
      method: 'POST',
      url: '/v1/chat/completions',
      body,
    });
  } catch {
    return text;
  }
};
