import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { TransportFailure } from './transport-failure.ts';

type Fetch = typeof globalThis.fetch;
type Init = NonNullable<Parameters<Fetch>[1]>;

const redirectsMax = 5;

/**
 * A `fetch` over node:http(s) for the SDK. Node's own holds a streamed body in memory whole (a 784 MB upload took 809 MB); this
 * one takes a chunk at a time. It also knows whether any byte of a request can have left. `stallMs`: how long the other side may
 * take no byte of an upload. Redirects are followed for GET alone, without credentials to other hosts.
 */
export const createNodeFetch = (options: { readonly stallMs: number }): Fetch => {
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  return async (input, init = {}) => {
    let url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    for (let hop = 0; ; hop += 1) {
      const response = await send(url, headers, init, agents, options.stallMs);
      const target = (init.method ?? 'GET') === 'GET' && hop < redirectsMax ? redirectTarget(response, url) : null;
      if (target === null) return toResponse(response);
      response.resume();
      if (target.origin !== url.origin) for (const name of ['authorization', 'api-key', 'cookie']) headers.delete(name);
      url = target;
    }
  };
};

interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

const send = (url: URL, headers: Headers, init: Init, agents: Agents, stallMs: number): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:';
    const method = init.method ?? 'GET';
    const signal = init.signal ?? null;
    // What is paid for never rides on an old connection: one that the server is just closing would make the outcome unclear.
    const agent = method === 'GET' ? (isTls ? agents.https : agents.http) : false;
    const request = (isTls ? https : http).request(url, { method, agent, headers: Object.fromEntries(headers) });
    let isConnected = false;
    const failure = (code: string): TransportFailure => new TransportFailure(code, !isConnected);
    const abort = (): void => {
      request.destroy(failure('ABORTED'));
    };
    request.on('socket', (socket) => {
      if (request.reusedSocket) isConnected = true;
      // A certificate is judged before `secureConnect`, and nothing of ours is sent before it.
      else socket.once(isTls ? 'secureConnect' : 'connect', () => (isConnected = true));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      reject(error instanceof TransportFailure ? error : failure(error.code ?? error.name));
    });
    request.on('close', () => {
      signal?.removeEventListener('abort', abort);
      reject(failure('CLOSED'));
    });
    let isAnswered = false;
    request.on('response', (response) => {
      isAnswered = true;
      resolve(response);
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    sendBody(request, init.body, stallMs, () => isAnswered).catch((error: unknown) => {
      request.destroy(error instanceof TransportFailure ? error : failure('BODY_FAILED'));
    });
  });

const sendBody = async (request: http.ClientRequest, body: Init['body'], stallMs: number, isAnswered: () => boolean): Promise<void> => {
  if (body === null || body === undefined) request.end();
  else if (typeof body === 'string' || body instanceof Uint8Array) request.end(body);
  else if (typeof body === 'object' && Symbol.asyncIterator in body)
    await sendStream(request, body as AsyncIterable<Uint8Array>, stallMs, isAnswered);
  // FormData and the like, which only a plain request would hold: small, so that it may be put together first.
  else {
    const whole = new Response(body);
    const type = whole.headers.get('content-type');
    if (type !== null && !request.hasHeader('content-type')) request.setHeader('content-type', type);
    request.end(Buffer.from(await whole.arrayBuffer()));
  }
};

const sendStream = async (
  request: http.ClientRequest,
  body: AsyncIterable<Uint8Array>,
  stallMs: number,
  isAnswered: () => boolean,
): Promise<void> => {
  for await (const chunk of body) {
    // Answered before all was said: a refusal.
    if (request.destroyed || isAnswered()) return;
    if (!request.write(chunk)) await drained(request, stallMs);
  }
  request.end();
};

const drained = (request: http.ClientRequest, stallMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new TransportFailure('STALLED', false));
    }, stallMs);
    const done = (): void => {
      clearTimeout(timer);
      for (const event of ['drain', 'close', 'response']) request.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'response']) request.on(event, done);
  });

const redirectTarget = (response: http.IncomingMessage, url: URL): URL | null => {
  const { statusCode = 0, headers } = response;
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined || !URL.canParse(headers.location, url.href))
    return null;
  const target = new URL(headers.location, url);
  // Never from a secured address to an open one.
  return target.protocol === url.protocol || target.protocol === 'https:' ? target : null;
};

const toResponse = (message: http.IncomingMessage): Response => {
  const status = message.statusCode ?? 0;
  if (status < 200 || status > 599) {
    message.destroy();
    throw new TransportFailure(`STATUS_${status}`, false);
  }
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2)
    appendHeader(headers, message.rawHeaders[i] ?? '', message.rawHeaders[i + 1] ?? '');
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  if (!hasBody) message.resume();
  return new Response(hasBody ? (Readable.toWeb(message) as ReadableStream<Uint8Array>) : null, { status, headers });
};

/** Node takes header values that the Headers class does not: such a one is left out, not the whole answer. */
const appendHeader = (headers: Headers, name: string, value: string): void => {
  try {
    headers.append(name, value);
  } catch {
    headers.delete(name);
  }
};
