import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { type Proxy, createRoutes, type Route } from './proxies.ts';
import { unpacked } from './encoding.ts';
import { TransportFailure } from './transport-failure.ts';

type Fetch = typeof globalThis.fetch;
/** A body in another form. */
type ChangeBody = (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
type Init = NonNullable<Parameters<Fetch>[1]>;

/** Of an error no more is read: a message is short. */
const errorBytesMax = 65_536;

/**
 * A `fetch` over node:http(s). Node's own holds a streamed body in memory whole (a 784
 * MB upload took 809 MB); this one takes a chunk at a time. It also knows whether any byte of a
 * request can have left. `stallMs`: how long the other side may take no byte of an upload.
 * Redirects are not followed. What was packed for the transfer comes unpacked, without its header,
 * where the encoding is known. `proxyFor`: the proxy for an address, if there is one; by default
 * there is none. `errorBody`: the body of a refusal in another form, for a client that reads no
 * other; by default as it came.
 */
export const createNodeFetch = (options: {
  readonly stallMs: number;
  readonly proxyFor?: (url: URL) => Proxy | null;
  readonly errorBody?: ChangeBody;
}): Fetch => {
  const routeOf = createRoutes();
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const route = await routeOf(
      url,
      (init.method ?? 'GET') !== 'GET',
      options.proxyFor?.(url) ?? null,
    );
    const message = await send(url, new Headers(init.headers), init, route, options.stallMs);
    return toResponse(message, options.errorBody ?? ((chunks) => chunks));
  };
};

/** Written without //, behind which a password is taken out of messages. */
const wantsCredentials =
  ': give it a user name and a password, in front of its host: USER:PASSWORD@HOST:PORT';

const send = (
  url: URL,
  headers: Headers,
  init: Init,
  { agent, proxy }: Route,
  stallMs: number,
): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:';
    const method = init.method ?? 'GET';
    const signal = init.signal ?? null;
    const request = (isTls ? https : http).request(url, {
      method,
      agent,
      headers: Object.fromEntries(headers),
    });
    let isConnected = false;
    const failure = (code: string, reason?: string): TransportFailure =>
      new TransportFailure(
        code,
        !isConnected,
        proxy === null || isConnected
          ? reason
          : `${reason ?? code}, through the proxy ${proxy.url.host} (${proxy.from})${code === 'PROXY_407' ? wantsCredentials : ''}`,
      );
    const abort = (): void => {
      request.destroy(failure('ABORTED', 'no answer in time'));
    };
    request.on('socket', (socket) => {
      if (request.reusedSocket) isConnected = true;
      // A certificate is judged before `secureConnect`, and nothing of ours is sent before it.
      else socket.once(isTls ? 'secureConnect' : 'connect', () => (isConnected = true));
    });
    // An agent that tunnels says so, and would play the answer of a proxy that refuses as if the
    // service had given it.
    request.on('proxyConnect', ({ statusCode = 0 }: { readonly statusCode?: number }) => {
      if (statusCode !== 200)
        request.destroy(failure(`PROXY_${statusCode}`, `the proxy answered ${statusCode}`));
      else if (!isTls) isConnected = true;
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

const sendBody = async (
  request: http.ClientRequest,
  body: Init['body'],
  stallMs: number,
  isAnswered: () => boolean,
): Promise<void> => {
  if (body === null || body === undefined) request.end();
  else if (typeof body === 'string' || body instanceof Uint8Array) request.end(body);
  else if (typeof body === 'object' && Symbol.asyncIterator in body)
    await sendStream(request, body as AsyncIterable<Uint8Array>, stallMs, isAnswered);
  // FormData and the like, which only a plain request would hold: small, so that it may be put
  // together first.
  else {
    const whole = new Response(body);
    const type = whole.headers.get('content-type');
    if (type !== null && !request.hasHeader('content-type'))
      request.setHeader('content-type', type);
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

const toResponse = (message: http.IncomingMessage, errorBody: ChangeBody): Response => {
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
  return new Response(hasBody ? bodyOf(message, status, headers, errorBody) : null, {
    status,
    headers,
  });
};

/**
 * The body as it was before it was packed; where that cannot be had, as it comes, and the header
 * stays to say so.
 */
const bodyOf = (
  message: http.IncomingMessage,
  status: number,
  headers: Headers,
  errorBody: ChangeBody,
): ReadableStream<Uint8Array> => {
  const plain = unpacked(message, headers.get('content-encoding'));
  if (plain !== null && plain !== message)
    for (const name of ['content-encoding', 'content-length']) headers.delete(name);
  const body = plain ?? message;
  if (status < 300) return Readable.toWeb(body) as ReadableStream<Uint8Array>;
  headers.delete('content-length');
  return Readable.toWeb(
    Readable.from(errorBody(headOf(body)), { objectMode: false }),
  ) as ReadableStream<Uint8Array>;
};

async function* headOf(body: Readable): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    yield chunk.subarray(0, errorBytesMax - bytes);
    bytes += chunk.length;
    if (bytes >= errorBytesMax) return;
  }
}

/**
 * Node takes header values that the Headers class does not: such a one is left out, not the whole
 * answer.
 */
const appendHeader = (headers: Headers, name: string, value: string): void => {
  try {
    headers.append(name, value);
  } catch {
    headers.delete(name);
  }
};
