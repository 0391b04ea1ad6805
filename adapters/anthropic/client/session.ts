import { type Heard, nothingHeard } from '../../http/retry-after.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { type ProxyChoice, proxyFor, isLoopback } from '../../http/proxies.ts';
import type { Scrub } from '../../http/scrub.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { createNodeFetch } from '../../http/transport.ts';
import type { AnthropicClient, AnthropicOptions } from '../config/options.ts';

/** One HTTP request as it is sent. */
export interface Sent {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array> | string;
  /** Ends the transport. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** The service, ready to be asked, and how to speak of it. */
export interface Session {
  /** Sends once, whatever comes of it. Refusals and redirects are answers as they came. */
  readonly send: (request: Sent) => Promise<Response>;
  /** An address of the API, by its path from `/v1` on. */
  readonly urlOf: (path: string) => URL;
  /** The address for messages: no user info, no query. */
  readonly where: string;
  readonly scrub: Scrub;
  readonly requestTimeoutMs: number;
  /** What the headers of the last answer said. */
  readonly heard: Heard;
}
export type Opened =
  | { readonly type: 'open'; readonly session: Session }
  | { readonly type: 'closed'; readonly error: PortError };
/** Opens on first use: only then is the environment read. */
export type OpenSession = () => Opened;

const defaultBaseURL = 'https://api.anthropic.com';
/** The version of the API that this adapter is written for. */
export const apiVersion = '2023-06-01';

type Speech = Pick<Session, 'scrub' | 'requestTimeoutMs' | 'heard'>;
type OwnOptions = Extract<AnthropicOptions, { client?: never }>;

export const createSession = (
  options: AnthropicOptions,
  scrub: Scrub,
  requestTimeoutMs: number,
): OpenSession => {
  let opened: Opened | null = null;
  return () => {
    const speech: Speech = { scrub, requestTimeoutMs, heard: nothingHeard() };
    // What was missing may have been set meanwhile.
    if (opened === null || opened.type === 'closed')
      opened =
        options.client === undefined ? openOwn(options, speech) : adopt(options.client, speech);
    return opened;
  };
};

const openOwn = (options: OwnOptions, speech: Speech): Opened => {
  const { env } = process;
  const given = options.baseURL ?? env['ANTHROPIC_BASE_URL']?.trim() ?? '';
  const from = options.baseURL === undefined ? 'ANTHROPIC_BASE_URL' : 'baseURL';
  const base = baseIn(given === '' ? defaultBaseURL : given, from);
  if ('closed' in base) return base.closed;
  const { url } = base;
  const key = keyOf(options, url);
  if ('closed' in key) return key.closed;
  const proxyOf = (to: URL): ProxyChoice => proxyFor(to, options.proxy, env);
  const proxy = proxyOf(url);
  if (proxy !== null && 'unusable' in proxy)
    return closed(
      'refused',
      `${proxy.from} asks for a proxy to ${url.host}, but ${proxy.unusable}: add ${url.hostname} to NO_PROXY, or give createAnthropic a client of your own`,
    );
  const fetch = createNodeFetch({
    stallMs: speech.requestTimeoutMs,
    proxyFor: (to) => {
      const choice = proxyOf(to);
      if (choice !== null && 'unusable' in choice)
        throw new TransportFailure('PROXY_UNUSABLE', true, `${choice.from}: ${choice.unusable}`);
      return choice;
    },
  });
  const own = {
    'user-agent': 'batchor',
    'anthropic-version': apiVersion,
    ...(options.betas === undefined ? {} : { 'anthropic-beta': options.betas.join(',') }),
    ...key.headers,
    ...lowerCased(options.headers ?? {}),
  };
  return {
    type: 'open',
    session: {
      ...speech,
      where: addressOf(url),
      urlOf: (path) => new URL(`${addressOf(url)}${path}`),
      send: ({ method, url: to, headers, body, signal }) =>
        fetch(to.href, {
          method,
          headers: { ...own, ...headers },
          signal,
          redirect: 'manual',
          ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']> }),
        }),
    },
  };
};

const baseIn = (
  baseURL: string,
  from: string,
): { readonly url: URL } | { readonly closed: Opened } => {
  if (!URL.canParse(baseURL) || !/^https?:$/u.test(new URL(baseURL).protocol))
    return { closed: closed('refused', `${from} is not an http or https address`) };
  const url = new URL(baseURL);
  if (url.username !== '' || url.password !== '')
    return {
      closed: closed(
        'refused',
        `${from} holds a user name or password: give headers to createAnthropic instead`,
      ),
    };
  if (url.search !== '' || url.hash !== '')
    return { closed: closed('refused', `${from} holds a query or fragment`) };
  // Addresses of OpenAI's kind end in /v1; here it is part of each path.
  url.pathname = url.pathname.replace(/\/(?:v1\/?)?$/u, '');
  return { url };
};

type Key = { readonly headers: Readonly<Record<string, string>> } | { readonly closed: Opened };

const keyOf = (options: OwnOptions, url: URL): Key => {
  const apiKey = options.apiKey ?? process.env['ANTHROPIC_API_KEY']?.trim() ?? '';
  const isInHeaders = Object.keys(options.headers ?? {}).some((name) =>
    /^(?:authorization|x-api-key)$/iu.test(name),
  );
  // An emulator, or a server of one's own, on this machine may ask for no key.
  if (apiKey === '')
    return isInHeaders || isLoopback(url)
      ? { headers: isInHeaders ? {} : { 'x-api-key': 'no-key' } }
      : {
          closed: closed(
            'authentication_failed',
            `no key for ${addressOf(url)}: set ANTHROPIC_API_KEY, or give createAnthropic an apiKey`,
            'ANTHROPIC_API_KEY',
          ),
        };
  // A header would fail later, with words about bytes.
  if (!/^[\x21-\x7e]+$/u.test(apiKey))
    return {
      closed: closed(
        'authentication_failed',
        `${options.apiKey === undefined ? 'ANTHROPIC_API_KEY' : 'apiKey'} holds a blank or a character that no HTTP header may: was it copied whole?`,
      ),
    };
  return { headers: { 'x-api-key': apiKey } };
};

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** A client of the user's own: its transport and credentials are left alone. */
const adopt = (client: AnthropicClient, speech: Speech): Opened => {
  const base = baseIn(client.baseURL, "the client's baseURL");
  if ('closed' in base) return base.closed;
  const where = addressOf(base.url);
  return {
    type: 'open',
    session: {
      ...speech,
      where,
      urlOf: (path) => new URL(`${where}${path}`),
      send: async ({ method, url, headers, body, signal, timeoutMs }) => {
        const call = method === 'GET' ? client.get : client.post;
        const options = {
          headers,
          // It sleeps between its retries, and would send a create twice.
          maxRetries: 0,
          timeout: Math.max(1, Math.ceil(timeoutMs)),
          signal,
          fetchOptions: { redirect: 'manual' },
          ...(body === undefined
            ? {}
            : { body: typeof body === 'string' ? JSON.parse(body) : body }),
        };
        try {
          return await call.call(client, url.href, options).asResponse();
        } catch (thrown) {
          return asResponse(thrown);
        }
      },
    },
  };
};

/** The client throws for refusals, which are answers here. Rethrows what is none. */
const asResponse = (thrown: unknown): Response => {
  const { status, headers, error } = thrown as {
    readonly status?: unknown;
    readonly headers?: unknown;
    readonly error?: unknown;
  };
  if (typeof status !== 'number' || status < 200 || status > 599) throw thrown;
  const text = error === undefined ? (thrown as Error).message : JSON.stringify(error);
  return new Response(status === 304 ? null : text, {
    status,
    ...(headers instanceof Headers ? { headers } : {}),
  });
};

const addressOf = (url: URL): string => `${url.origin}${url.pathname}`.replace(/\/$/u, '');

/** `variable`: would hold the key that is missing. */
const closed = (
  type: 'refused' | 'authentication_failed',
  message: string,
  variable?: string,
): Opened => ({
  type: 'closed',
  error:
    type === 'refused'
      ? { type, message, statusCode: null, requestId: null }
      : { type, message, ...(variable === undefined ? {} : { variable }) },
});
