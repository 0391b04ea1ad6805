import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  refused,
  type FakeProvider,
  type FileQuery,
  type PageQuery,
} from '../../lib/sim/provider/index.ts';
import { readJsonBody } from './body.ts';
import { sendContent } from './download.ts';
import { type AnswerForm, sendRefusal, sendReply } from './respond.ts';
import { receiveUpload } from './upload.ts';

/** A parsed call under `/v1`. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly provider: FakeProvider;
  readonly url: URL;
  /** Absent: OpenAI's. */
  readonly form?: AnswerForm;
  /** The `{id}` of the path; empty when the path has none. */
  readonly id: string;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly serve: (call: Call) => Promise<void>;
}

const routes: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/v1\/files$/u,
    serve: async (call) => answer(call, await receiveUpload(call.request, call.provider)),
  },
  {
    method: 'GET',
    path: /^\/v1\/files$/u,
    serve: async (call) =>
      answer(call, await call.provider.listFiles(fileQueryOf(call.url.searchParams))),
  },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)$/u,
    serve: async (call) => answer(call, await call.provider.retrieveFile(call.id)),
  },
  {
    method: 'DELETE',
    path: /^\/v1\/files\/([^/]+)$/u,
    serve: async (call) => answer(call, await call.provider.deleteFile(call.id)),
  },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)\/content$/u,
    serve: (call) => sendContent(call.request, call.response, call.provider, call.id, call.form),
  },
  { method: 'POST', path: /^\/v1\/batches$/u, serve: (call) => createBatch(call) },
  {
    method: 'GET',
    path: /^\/v1\/batches$/u,
    serve: async (call) =>
      answer(call, await call.provider.listBatches(pageQueryOf(call.url.searchParams))),
  },
  {
    method: 'GET',
    path: /^\/v1\/batches\/([^/]+)$/u,
    serve: async (call) => answer(call, await call.provider.retrieveBatch(call.id)),
  },
  {
    method: 'POST',
    path: /^\/v1\/batches\/([^/]+)\/cancel$/u,
    serve: async (call) => answer(call, await call.provider.cancelBatch(call.id)),
  },
];

/** Serves one call under `/v1`; unknown paths and methods are rejected in OpenAI's shape. */
export const serveRoute = async (call: Omit<Call, 'id'>): Promise<void> => {
  const { method = 'GET' } = call.request;
  const { pathname } = call.url;
  const onPath = routes.flatMap((route) => {
    const match = route.path.exec(pathname);
    return match === null ? [] : [{ route, id: decoded(match[1] ?? '') }];
  });
  const found = onPath.find(({ route }) => route.method === method);
  if (found !== undefined) return found.route.serve({ ...call, id: found.id });
  call.request.resume();
  if (onPath.length === 0)
    return sendRefusal(
      call.response,
      refused(404, `Invalid URL (${method} ${pathname})`),
      call.form,
    );
  sendRefusal(
    call.response,
    refused(405, `Not allowed to ${method} on ${pathname}.`, { code: 'method_not_supported' }),
    call.form,
  );
};

const createBatch = async (call: Call): Promise<void> => {
  const body = await readJsonBody(call.request);
  if (body.type === 'refused') return sendRefusal(call.response, body, call.form);
  answer(call, await call.provider.createBatch(body.value));
};

const answer = (call: Call, reply: Parameters<typeof sendReply>[2]): void => {
  sendReply(call.request, call.response, reply, call.form);
};

const pageQueryOf = (search: URLSearchParams): PageQuery => {
  const limit = search.get('limit');
  const after = search.get('after');
  return {
    ...(limit === null ? {} : { limit: limit === '' ? Number.NaN : Number(limit) }),
    ...(after === null ? {} : { after }),
  };
};

const fileQueryOf = (search: URLSearchParams): FileQuery => {
  const purpose = search.get('purpose');
  const order = search.get('order');
  // The provider rejects any other order.
  return {
    ...pageQueryOf(search),
    ...(purpose === null ? {} : { purpose }),
    ...(order === null ? {} : { order: order as 'asc' | 'desc' }),
  };
};

/** A path segment without percent-encoding; one that cannot be decoded matches no id. */
const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};
