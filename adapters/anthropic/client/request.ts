import { hear, retryAfterMsIn } from '../../http/retry-after.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';
import { createDeadline, type Deadline, transferTimeoutMs } from '../../http/deadline.ts';
import { isStillPacked } from '../../http/encoding.ts';
import { readText } from '../../http/read-body.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { readApiError } from '../answers/api-error.ts';
import { HttpFailure, refusedCall } from './failures.ts';
import type { Session } from './session.ts';

/** One HTTP request, sent once: the engine alone decides what is sent again, and when. */
export interface Request {
  readonly method: 'GET' | 'POST';
  /** From `/v1` on, or an address of the API's own origin. */
  readonly path: string | URL;
  readonly query?: Readonly<Record<string, string | number>>;
  /** A body of so many bytes. */
  readonly stream?: { readonly bytes: number; readonly chunks: AsyncIterable<Uint8Array> };
  readonly json?: JsonValue;
  readonly accept?: string;
}

/** An answer whose body is still to be read, in the time that is left. */
export interface OpenedAnswer {
  readonly response: Response;
  readonly leftMs: number;
}

/** What the service may have to do with the last of a create before it answers. */
const tailBytes = 16_777_216;
/** Bytes of an answer in JSON: many times what a page of a thousand batches takes. */
const jsonBytesMax = 67_108_864;
/** Of an error no more is read: a message is short. */
const errorBytesMax = 65_536;
const redirectsMax = 5;
const redirects: readonly number[] = [301, 302, 303, 307, 308];

/** Sends the request and waits for its answer to begin; throws an `HttpFailure` for an error. */
export const open = async (session: Session, request: Request): Promise<OpenedAnswer> => {
  const { requestTimeoutMs } = session;
  const bytes = request.stream?.bytes ?? 0;
  const deadline = createDeadline({
    idleMs: transferTimeoutMs(session, Math.min(bytes, tailBytes)),
    totalMs: requestTimeoutMs + transferTimeoutMs(session, bytes),
  });
  const response = await deadline.race(() => follow(session, request, deadline));
  hear(session.heard, response.headers);
  if (response.status >= 300) throw await failureOf(session, response);
  const encoding = response.headers.get('content-encoding');
  if (!isStillPacked(encoding)) return { response, leftMs: deadline.leftMs() };
  response.body?.cancel().catch(() => undefined);
  const reason = `the answer is packed as "${encoding}" (content-encoding), which is not known here`;
  throw new TransportFailure('ENCODING_UNKNOWN', false, reason);
};

/**
 * Follows redirects of a GET within the API's own origin: another one gets no header of ours, and
 * what it says is not the service's.
 */
const follow = async (
  session: Session,
  request: Request,
  deadline: Deadline,
): Promise<Response> => {
  let url = urlOf(session, request);
  for (let hop = 0; ; hop += 1) {
    const response = await sendOnce(session, request, url, deadline);
    const location = response.headers.get('location');
    if (
      request.method !== 'GET' ||
      hop === redirectsMax ||
      location === null ||
      !redirects.includes(response.status) ||
      !URL.canParse(location, url.href)
    )
      return response;
    response.body?.cancel().catch(() => undefined);
    const target = new URL(location, url);
    if (target.origin !== url.origin)
      throw refusedCall(
        `${session.where} redirects to ${target.origin}, another origin, which is not asked in its place; check the base URL`,
      );
    url = target;
  }
};

const urlOf = (session: Session, { path, query = {} }: Request): URL => {
  const url = typeof path === 'string' ? session.urlOf(path) : new URL(path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url;
};

const sendOnce = (
  session: Session,
  { method, stream, json, accept = 'application/json' }: Request,
  url: URL,
  deadline: Deadline,
): Promise<Response> =>
  session.send({
    method,
    url,
    headers: {
      accept,
      'accept-encoding': 'identity',
      ...(stream === undefined && json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(stream === undefined ? {} : { 'content-length': String(stream.bytes) }),
    },
    ...(stream === undefined ? {} : { body: touched(stream.chunks, deadline) }),
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    signal: deadline.signal,
    timeoutMs: deadline.leftMs(),
  });

/** The body, with a sign of progress for each chunk that the transport comes for. */
async function* touched(
  body: AsyncIterable<Uint8Array>,
  { touch }: Deadline,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    touch();
  }
}

const failureOf = async (session: Session, response: Response): Promise<HttpFailure> => {
  const { status, headers } = response;
  const text = await readText(response.body, {
    idleMs: session.requestTimeoutMs,
    totalMs: () => session.requestTimeoutMs,
    bytesMax: errorBytesMax,
  }).catch(() => '');
  const stated = readApiError(parsed(text));
  return new HttpFailure({
    status,
    api: stated ?? { type: null, code: null, message: titleIn(text, status) },
    requestId: headers.get('request-id'),
    retryAfterMs: retryAfterMsIn((name) => headers.get(name)),
  });
};

/** A page of a proxy says what it means in its title. */
const titleIn = (text: string, status: number): string => {
  const title = /<title>([^<]{1,200})<\/title>/iu.exec(text)?.[1]?.trim();
  const said = (title ?? text).trim().slice(0, 500);
  return said === '' ? `status ${status} without a body` : said;
};

/** The answer as JSON; undefined where it has no body. */
export const requestJson = async (session: Session, request: Request): Promise<unknown> => {
  const { response, leftMs } = await open(session, request);
  const totalMs = Math.max(leftMs, session.requestTimeoutMs);
  const text = await readText(response.body, {
    idleMs: session.requestTimeoutMs,
    totalMs: () => totalMs,
    bytesMax: jsonBytesMax,
  });
  if (text.trim() === '') return undefined;
  const value = parsed(text);
  if (value !== undefined) return value;
  if (!/\bjson\b/iu.test(response.headers.get('content-type') ?? '')) return text;
  throw new TransportFailure('BODY_NO_JSON', false, 'the answer is not whole JSON');
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
