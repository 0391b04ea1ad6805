import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  isTerminal,
  refused,
  type BatchObject,
  type BatchStatus,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';
import { isSameSecret } from '../authorize.ts';
import { leaveOpen } from '../respond.ts';
import type { EmulatedService, ServiceCall } from '../service.ts';
import { fakeId, messageBatch, shownId } from './batch-object.ts';
import { createBatch } from './create.ts';
import { errorOf, sendBody, sendError } from './errors.ts';
import { listBatches } from './list.ts';
import { openResults, sendResults } from './results.ts';
import { type AnthropicState, createState, sentBatchOf } from './state.ts';

/** Anthropic's Message Batches API, as recorded in August 2026. */
export const createAnthropicService = (): EmulatedService => {
  const state = createState();
  return {
    basePath: '',
    // A batch has no validation that could fail; a full queue is answered at the create.
    options: {
      queueIsFullAt: 'create',
      limits: { requestsMax: 100_000, inputBytesMax: 512_000_000 },
    },
    nameHeaders: (response, callCount) => {
      response
        .setHeader('request-id', `req_011${callCount.toString(36).padStart(21, '0')}`)
        .setHeader('anthropic-organization-id', '00000000-0000-4000-8000-000000000000')
        .setHeader('anthropic-workspace-id', 'wrkspc_emulated');
    },
    authorizationFault,
    serve: (call) => serve(call, state),
    sendRefusal: sendError,
  };
};

const authorizationFault = (request: IncomingMessage, apiKey: string | null): Refused | null => {
  const bearer = /^Bearer\s+(\S+)\s*$/iu.exec(request.headers.authorization ?? '')?.[1];
  const key = request.headers['x-api-key'] ?? bearer;
  if (typeof key !== 'string' || key === '') return refused(401, 'x-api-key header is required');
  return apiKey === null || isSameSecret(key, apiKey) ? null : refused(401, 'invalid x-api-key');
};

/** The poll interval that answers about a live batch ask for, in seconds. */
const retryAfterS = 10;

const serve = async (call: ServiceCall, state: AnthropicState): Promise<void> => {
  const { request, response, url } = call;
  const { method = 'GET' } = request;
  const [, id, action] =
    /^\/v1\/messages\/batches(?:\/([^/]+)(?:\/(cancel|results))?)?$/u.exec(url.pathname) ?? [];
  const isKnown = /^\/v1\/messages\/batches(?:\/|$)/u.test(url.pathname);
  if (request.headers['anthropic-version'] === undefined)
    return refuse(call, refused(400, 'anthropic-version: header is required'));
  const route = isKnown ? `${method} ${id === undefined ? '' : 'id'}${action ?? ''}` : '';
  switch (route) {
    case 'POST ':
      return answer(call, await createBatch(request, call.provider, state), state);
    case 'GET ': {
      const page = await listBatches(call.provider, state, {
        searchParams: url.searchParams,
        origin: originOf(request),
      });
      return page.type === 'done' ? sendBody(response, 200, page.value) : fail(call, page);
    }
    case 'GET id': {
      const reply = await batchOf(call, state, id ?? '');
      const isLive = reply.type === 'done' && !isTerminal(reply.value.status as BatchStatus);
      if (isLive) response.setHeader('retry-after', String(retryAfterS));
      return answer(call, reply, state);
    }
    case 'POST idcancel':
      request.resume();
      return answer(call, await call.provider.cancelBatch(fakeId(id ?? '')), state);
    case 'DELETE id':
      return deleteBatch(call, state, id ?? '');
    case 'GET idresults':
      return results(call, state, id ?? '');
    default:
      return refuse(
        call,
        isKnown ? refused(405, 'Method Not Allowed') : refused(404, `Not found: ${url.pathname}`),
      );
  }
};

const batchOf = async (
  { provider }: ServiceCall,
  { deleted }: AnthropicState,
  id: string,
): Promise<Reply<BatchObject>> =>
  deleted.has(fakeId(id)) ? notFound(id) : provider.retrieveBatch(fakeId(id));

const notFound = (id: string): Refused => refused(404, `No batch found with id ${id}.`);

const results = async (call: ServiceCall, state: AnthropicState, id: string): Promise<void> => {
  const batch = await batchOf(call, state, id);
  if (batch.type !== 'done') return fail(call, batch);
  const shown = await messageBatch(call.provider, state, batch.value, originOf(call.request));
  if (shown.results_url === null)
    return refuse(call, refused(404, `Batch ${id} has no available results.`));
  const contents = await openResults(call, batch.value);
  if (contents.type !== 'done') return fail(call, contents);
  if (contents.value.length === 0)
    return refuse(call, refused(404, `Batch ${id} has no available results.`));
  return sendResults(call, id, contents.value, sentBatchOf(state, batch.value));
};

const deleteBatch = async (call: ServiceCall, state: AnthropicState, id: string): Promise<void> => {
  const batch = await batchOf(call, state, id);
  if (batch.type !== 'done') return fail(call, batch);
  if (!isTerminal(batch.value.status as BatchStatus))
    return refuse(call, refused(400, `Batch ${id} has not ended: cancel it first.`));
  state.deleted.add(batch.value.id);
  return sendBody(call.response, 200, {
    id: shownId(batch.value.id),
    type: 'message_batch_deleted',
  });
};

const originOf = ({ headers }: IncomingMessage): string => `http://${headers.host ?? ''}`;

const answer = async (
  call: ServiceCall,
  reply: Reply<BatchObject>,
  state: AnthropicState,
): Promise<void> => {
  if (reply.type !== 'done') return fail(call, reply);
  const { request, response, provider } = call;
  sendBody(response, 200, await messageBatch(provider, state, reply.value, originOf(request)));
};

const refuse = ({ request, response }: ServiceCall, refusal: Refused): void => {
  request.resume();
  sendError(response, refusal);
};

/** A rejection, or no answer: a broken connection, or a body that does not end. */
const fail = (call: ServiceCall, reply: Exclude<Reply<unknown>, { type: 'done' }>): void => {
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
  const refusal =
    reply.type === 'refused' ? errorOf(reply, String(response.getHeader('request-id'))) : null;
  response.writeHead(refusal?.statusCode ?? 200, { 'content-type': 'application/json' });
  response.write(refusal === null ? '{"id":"msgbatch_' : JSON.stringify(refusal.body).slice(0, 9));
  leaveOpen(response, manner);
};
