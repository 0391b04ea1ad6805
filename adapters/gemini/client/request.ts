import { hear } from '../../http/retry-after.ts';
import { createDeadline, type Deadline, transferTimeoutMs } from '../../http/deadline.ts';
import { isStillPacked } from '../../http/encoding.ts';
import { readText } from '../../http/read-body.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { ApiError } from './api-error.ts';
import { refusal } from './classify.ts';
import type { Session } from './session.ts';

/** One HTTP request, sent once: the engine alone decides what is sent again, and when. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the base address: `/v1beta/batches`; or an address at the service's own origin. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A value is sent as JSON. `touch` is to be called whenever the other side took some of it. */
  readonly json?: unknown;
  readonly stream?: (touch: () => void) => AsyncIterable<Uint8Array>;
  /** How long that stream is. */
  readonly bytes?: number;
}

/** An answer whose body is still to be read, in the time that is left. */
export interface Opened {
  readonly response: Response;
  readonly leftMs: number;
}

/** What the service may have to do with the last of an upload before it answers. */
const uploadTailBytes = 16_777_216;
/** Bytes of an answer in JSON: a page of batches, of which others may hold their answers. */
const jsonBytesMax = 134_217_728;
const errorBytesMax = 65_536;
const redirectsMax = 5;

/**
 * Sends the request and waits for its answer to begin; a status of error is thrown as an
 * `ApiError`. Redirects of a GET are followed within the service's origin.
 */
export const open = async (session: Session, request: Request): Promise<Opened> => {
  const { requestTimeoutMs } = session;
  const bytes = request.bytes ?? 0;
  const deadline = createDeadline({
    idleMs: transferTimeoutMs(session, Math.min(bytes, uploadTailBytes)),
    totalMs: requestTimeoutMs + transferTimeoutMs(session, bytes),
  });
  const response = await deadline.race(() => answerOf(session, request, deadline));
  hear(session.heard, response.headers);
  if (!response.ok) throw await apiErrorOf(session, response);
  const encoding = response.headers.get('content-encoding');
  if (!isStillPacked(encoding)) return { response, leftMs: deadline.leftMs() };
  response.body?.cancel().catch(() => undefined);
  const reason = `the answer is packed as "${encoding}" (content-encoding), which is not known here`;
  throw new TransportFailure('ENCODING_UNKNOWN', false, reason);
};

const answerOf = async (
  session: Session,
  request: Request,
  deadline: Deadline,
): Promise<Response> => {
  let url = addressOf(session, request);
  for (let hop = 0; ; hop += 1) {
    const response = await session.fetch(url.href, {
      method: request.method,
      headers: headersOf(session, request),
      redirect: 'manual',
      signal: deadline.signal,
      ...bodyOf(request, deadline),
    });
    const location = response.headers.get('location');
    const isMoved = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
    if (!isMoved || request.method !== 'GET' || hop === redirectsMax) return response;
    response.body?.cancel().catch(() => undefined);
    url = ownAddress(session, location, url);
  }
};

/** Where the request goes. Its query never holds the key. */
const addressOf = (session: Session, { path, query = {} }: Request): URL => {
  const url = /^https?:/iu.test(path)
    ? ownAddress(session, path, new URL(session.base))
    : new URL(`${session.base}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
};

/** An address that the service named: at its own origin, or refused, since it would get the key. */
const ownAddress = ({ base, where }: Session, address: string, from: URL): URL => {
  const url = URL.canParse(address, from.href) ? new URL(address, from) : null;
  if (url !== null && url.origin === new URL(base).origin) return url;
  const origin = url?.origin ?? 'no address';
  throw refusal(
    `${where} leads to ${origin}, another origin, which is not asked in its place; check the base URL`,
  );
};

const headersOf = (
  session: Session,
  { headers, json, bytes }: Request,
): Readonly<Record<string, string>> => ({
  accept: '*/*',
  'accept-encoding': 'identity',
  'user-agent': 'batchor',
  ...(json === undefined ? {} : { 'content-type': 'application/json' }),
  ...(bytes === undefined ? {} : { 'content-length': String(bytes) }),
  ...headers,
  ...session.headers,
});

const bodyOf = ({ json, stream }: Request, { touch }: Deadline): Pick<RequestInit, 'body'> => {
  if (json !== undefined) return { body: JSON.stringify(json) };
  // The transport takes a chunk at a time; the types of `fetch` do not know such a body.
  return stream === undefined
    ? {}
    : { body: stream(touch) as unknown as NonNullable<RequestInit['body']> };
};

const apiErrorOf = async (session: Session, response: Response): Promise<ApiError> => {
  const { status, headers, body } = response;
  const text = await readText(body, {
    idleMs: session.requestTimeoutMs,
    totalMs: () => session.requestTimeoutMs,
    bytesMax: errorBytesMax * 2,
    // The status says enough.
  }).catch(() => '');
  return new ApiError(status, text, headers);
};

/** The answer as JSON; undefined where there is no body. */
export const requestJson = async (session: Session, request: Request): Promise<unknown> => {
  const { response, leftMs } = await open(session, request);
  return readJson(session, response, leftMs);
};

/** The body of an answer as JSON; undefined where there is none. */
export const readJson = async (
  session: Session,
  response: Response,
  leftMs: number,
): Promise<unknown> => {
  const totalMs = Math.max(leftMs, session.requestTimeoutMs);
  const text = await readText(response.body, {
    idleMs: session.requestTimeoutMs,
    totalMs: () => totalMs,
    bytesMax: jsonBytesMax,
  });
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TransportFailure('BODY_NO_JSON', false, 'the answer is not whole JSON');
  }
};
