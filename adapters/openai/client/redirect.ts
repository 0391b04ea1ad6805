import type OpenAI from 'openai';
import type { Deadline } from '../../http/deadline.ts';
import { statusIn } from './api-error.ts';
import { CallFailure } from './classify.ts';
import type { Request } from '../../http/request-form.ts';
import type { Session } from './session.ts';
import { TransportFailure } from '../../http/transport-failure.ts';

const redirectsMax = 5;
const redirects: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Sends the request, and follows redirects of a GET. Within its origin the request stays the same.
 * Another origin gets none of our headers, and is only allowed for files: a list or a batch from
 * elsewhere is not the provider's.
 */
export const followRedirects = async (
  session: Session,
  request: Request,
  deadline: Deadline,
): Promise<Response> => {
  let next = request;
  for (let hop = 0; ; hop += 1) {
    try {
      return await send(session, next, deadline);
    } catch (thrown) {
      const from = addressOf(session, next);
      const target =
        from !== null && request.method === 'get' && hop < redirectsMax
          ? targetOf(thrown, from)
          : null;
      if (from === null || target === null) throw thrown;
      if (target.origin !== from.origin) {
        if (request.mayLeave !== true) throw leaves(session, target);
        return fetchElsewhere(session, target, deadline);
      }
      // Where it leads, its query is part of it.
      next = {
        method: 'get',
        path: target.href,
        ...(request.headers === undefined ? {} : { headers: request.headers }),
      };
    }
  }
};

/** Where the client sends the request. */
const addressOf = ({ client }: Session, { path, query }: Request): URL | null => {
  try {
    return new URL(client.buildURL(path, query));
  } catch {
    return null;
  }
};

const send = (
  session: Session,
  { method, path, query, headers, body, mayLeave }: Request,
  deadline: Deadline,
): Promise<Response> =>
  session.client[method](path, {
    ...(query === undefined ? {} : { query: { ...query } }),
    ...(body === undefined ? {} : { body: body(deadline.touch) }),
    headers: {
      'accept-encoding': 'identity',
      ...(mayLeave === true ? { accept: '*/*' } : {}),
      ...headers,
    },
    // The SDK sleeps between its retries, and would send a create twice.
    maxRetries: 0,
    timeout: Math.max(1, Math.ceil(deadline.leftMs())),
    signal: deadline.lateSignal,
    fetchOptions: fetchOptions(deadline),
  }).asResponse();

type FetchOptions = NonNullable<OpenAI.RequestOptions['fetchOptions']>;

/**
 * By this signal the transport ends, and its own failure comes out; for one that it was given
 * itself the SDK puts another in its place. Its types do not have it here.
 */
const fetchOptions = ({ signal }: Deadline): FetchOptions =>
  ({ signal, redirect: 'manual' }) as unknown as FetchOptions;

/** Where an answer leads; null where it leads nowhere, or from a secured address to an open one. */
const targetOf = (thrown: unknown, from: URL): URL | null => {
  const headers =
    typeof thrown === 'object' && thrown !== null && 'headers' in thrown ? thrown.headers : null;
  const location = headers instanceof Headers ? headers.get('location') : null;
  if (
    location === null ||
    !redirects.includes(statusIn(thrown) ?? 0) ||
    !URL.canParse(location, from.href)
  )
    return null;
  const target = new URL(location, from);
  return target.protocol === from.protocol || target.protocol === 'https:' ? target : null;
};

const leaves = ({ where }: Session, target: URL): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} redirects to ${target.origin}, another origin, which is not asked in its place; check the base URL`,
    statusCode: null,
    requestId: null,
  });

/** A file at another origin. Its errors say nothing about our key or the provider's data. */
const fetchElsewhere = async (
  session: Session,
  first: URL,
  { signal }: Deadline,
): Promise<Response> => {
  let url = first;
  for (let hop = 0; ; hop += 1) {
    const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'batchor' };
    const response = await session.fetch(url.href, {
      method: 'GET',
      headers,
      signal,
      redirect: 'manual',
    });
    if (response.ok) return response;
    response.body?.cancel().catch(() => undefined);
    const target = hop < redirectsMax ? targetOf(response, url) : null;
    if (target === null) {
      const reason = `${url.origin}, to which it redirects, answered ${response.status}`;
      throw new TransportFailure(`ELSEWHERE_${response.status}`, false, reason);
    }
    url = target;
  }
};
