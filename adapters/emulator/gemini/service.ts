import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  refused,
  type BatchObject,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { isSameSecret } from '../authorize.ts';
import { leaveOpen } from '../respond.ts';
import type { EmulatedService, ServiceCall } from '../service.ts';
import { createBatch, noFile } from './create.ts';
import { errorOf, sendBody, sendError } from './errors.ts';
import { fileObject } from './file-object.ts';
import { listBatches } from './list.ts';
import { batchOfResponses, fakeBatchId, fakeFileId } from './names.ts';
import { operationOf } from './operation.ts';
import { openResults, sendResults } from './results.ts';
import { createState, type GeminiState, sentBatchOf, sentFileOf } from './state.ts';
import { receiveBytes, startUpload } from './upload.ts';

const hourMs = 3_600_000;

/** The batch mode and the Files API of the Gemini Developer API, as recorded in August 2026. */
export const createGeminiService = (): EmulatedService => {
  const state = createState();
  return {
    basePath: '',
    // A full queue is answered at the create; files live 48 hours, and batches no longer.
    options: {
      queueIsFullAt: 'create',
      keepsPartialAnswers: false,
      limits: {
        requestsMax: 200_000,
        inputBytesMax: 2_000_000_000,
        fileBytesMax: 2_000_000_000,
        windowMs: 48 * hourMs,
        expirySecondsMax: (48 * hourMs) / 1000,
      },
    },
    nameHeaders: (response) => {
      response
        .setHeader('vary', 'Origin')
        .setHeader('server', 'scaffolding on HTTPServer2')
        .setHeader('server-timing', 'gfet4t7; dur=15');
    },
    authorizationFault,
    serve: (call) => serve(call, state),
    sendRefusal: sendError,
  };
};

const authorizationFault = (request: IncomingMessage, apiKey: string | null): Refused | null => {
  const bearer = /^Bearer\s+(\S+)\s*$/iu.exec(request.headers.authorization ?? '')?.[1];
  const key = request.headers['x-goog-api-key'] ?? bearer;
  if (typeof key !== 'string' || key === '')
    return refused(
      403,
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    );
  if (apiKey === null || isSameSecret(key, apiKey)) return null;
  return refused(401, 'API key not valid.', { code: 'invalid_api_key' });
};

type Serve = (call: ServiceCall, state: GeminiState, match: readonly string[]) => Promise<void>;

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly serve: Serve;
}

const creates =
  (isEmbedding: boolean): Serve =>
  async (call, state, [model = '']) =>
    answer(
      call,
      state,
      await createBatch(call.request, call.provider, state, { model, isEmbedding }),
    );

const routes: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/upload\/v1beta\/files$/u,
    serve: (call, state) => upload(call, state),
  },
  {
    method: 'POST',
    path: /^\/v1beta\/models\/([^/:]+):batchGenerateContent$/u,
    serve: creates(false),
  },
  {
    method: 'POST',
    path: /^\/v1beta\/models\/([^/:]+):asyncBatchEmbedContent$/u,
    serve: creates(true),
  },
  {
    method: 'GET',
    path: /^\/v1beta\/batches$/u,
    serve: async (call, state) =>
      send(call, await listBatches(call.provider, state, call.url.searchParams)),
  },
  {
    method: 'GET',
    path: /^\/v1beta\/batches\/([^/:]+)$/u,
    serve: async (call, state, [id = '']) =>
      answer(call, state, await call.provider.retrieveBatch(fakeBatchId(id))),
  },
  {
    method: 'POST',
    path: /^\/v1beta\/batches\/([^/:]+):cancel$/u,
    serve: async (call, _state, [id = '']) => {
      call.request.resume();
      const reply = await call.provider.cancelBatch(fakeBatchId(id));
      send(call, reply.type === 'done' ? { type: 'done', value: {} } : reply);
    },
  },
  {
    method: 'GET',
    path: /^\/v1beta\/files\/([^/:]+)$/u,
    serve: async (call, state, [id = '']) => {
      const reply = await call.provider.retrieveFile(fakeFileId(id));
      if (reply.type !== 'done') return fail(call, ofFile(reply, id));
      sendBody(call.response, 200, fileObject(state, reply.value, originOf(call.request)));
    },
  },
  {
    method: 'DELETE',
    path: /^\/v1beta\/files\/([^/:]+)$/u,
    serve: async (call, _state, [id = '']) => {
      const reply = await call.provider.deleteFile(fakeFileId(id));
      send(call, reply.type === 'done' ? { type: 'done', value: {} } : ofFile(reply, id));
    },
  },
  {
    method: 'GET',
    path: /^(?:\/download)?\/v1beta\/files\/([^/:]+):download$/u,
    serve: (call, state, [id = '']) => download(call, state, id),
  },
];

const serve = async (call: ServiceCall, state: GeminiState): Promise<void> => {
  const { method = 'GET' } = call.request;
  const { pathname } = call.url;
  const onPath = routes.flatMap((route) => {
    const match = route.path.exec(pathname);
    return match === null ? [] : [{ route, match: match.slice(1).map(decoded) }];
  });
  const found = onPath.find(({ route }) => route.method === method);
  if (found !== undefined) return found.route.serve(call, state, found.match);
  return refuse(
    call,
    refused(onPath.length === 0 ? 404 : 405, `There is no ${method} ${pathname} here.`),
  );
};

/** A path segment without percent-encoding; one that cannot be decoded names nothing. */
const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const upload = async (call: ServiceCall, state: GeminiState): Promise<void> => {
  const { request, response, provider, url } = call;
  const id = url.searchParams.get('upload_id');
  if (id === null) {
    const refusal = await startUpload(request, response, provider, state);
    if (refusal !== null) return refuse(call, refusal);
    response.writeHead(200, { 'content-length': 0 }).end();
    return;
  }
  const reply = await receiveBytes(request, provider, state, id);
  if (reply.type !== 'done') return fail(call, reply);
  response.setHeader('x-goog-upload-status', reply.value === null ? 'active' : 'final');
  if (reply.value === null) response.writeHead(200, { 'content-length': 0 }).end();
  else sendBody(response, 200, { file: fileObject(state, reply.value, originOf(request)) });
};

const download = async (call: ServiceCall, state: GeminiState, id: string): Promise<void> => {
  const batchId = batchOfResponses(id);
  if (batchId === null)
    return refuse(call, refused(400, 'Only generated files can be downloaded.'));
  const batch = await call.provider.retrieveBatch(batchId);
  if (batch.type !== 'done') return fail(call, ofFile(batch, id));
  const contents = await openResults(call, batch.value);
  if (contents.type !== 'done') return fail(call, ofFile(contents, id));
  if (contents.value.length === 0 || batch.value.status === 'expired')
    return refuse(call, noFile(id));
  const { faults } = sentFileOf(state, batch.value);
  return sendResults(call, contents.value, { ...sentBatchOf(batch.value), faults });
};

type NotDone = Exclude<Reply<unknown>, { readonly type: 'done' }>;

/** A file that is not there is one that this key may not see. */
const ofFile = (reply: NotDone, id: string): NotDone =>
  reply.type === 'refused' && reply.statusCode === 404 ? noFile(id) : reply;

const originOf = ({ headers }: IncomingMessage): string => `http://${headers.host ?? ''}`;

const answer = async (
  call: ServiceCall,
  state: GeminiState,
  reply: Reply<BatchObject>,
): Promise<void> => {
  if (reply.type !== 'done') return fail(call, reply);
  sendBody(call.response, 200, await operationOf(call.provider, state, reply.value));
};

const send = (call: ServiceCall, reply: Reply<unknown>): void => {
  if (reply.type === 'done') sendBody(call.response, 200, reply.value);
  else fail(call, reply);
};

const refuse = ({ request, response }: ServiceCall, refusal: Refused): void => {
  request.resume();
  sendError(response, refusal);
};

/** A rejection, or no answer: a broken connection, or a body that does not end. */
const fail = (call: ServiceCall, reply: NotDone): void => {
  if (reply.type === 'refused') return refuse(call, reply);
  const { request, response } = call;
  if (reply.broken === undefined) {
    request.socket.destroy();
    return;
  }
  breakOff(response, reply.broken);
};

const breakOff = (
  response: ServerResponse,
  { manner, reply }: NonNullable<Extract<Reply<unknown>, { type: 'reply_lost' }>['broken']>,
): void => {
  const refusal = reply.type === 'refused' ? errorOf(reply) : null;
  response.writeHead(refusal?.statusCode ?? 200, {
    'content-type': 'application/json; charset=UTF-8',
  });
  response.write(refusal === null ? '{\n  "name": "batches/' : '{\n  "error": {');
  leaveOpen(response, manner);
};
