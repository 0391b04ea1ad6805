import { type Heard, nothingHeard } from '../../http/retry-after.ts';
import type OpenAI from 'openai';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { OpenAIOptions } from '../config/options.ts';
import { keyInEnvironment, openaiProfile, type ServiceProfile } from '../config/profiles.ts';
import { type ProxyChoice, proxyFor, isLoopback } from '../../http/proxies.ts';
import type { Scrub } from '../../http/scrub.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { inSdkForm } from './error-body.ts';
import { createNodeFetch } from '../../http/transport.ts';

/** A client ready to be asked, and how to speak of it. */
export interface Session {
  readonly client: OpenAI;
  /** The address for messages: no user info, no query. */
  readonly where: string;
  readonly scrub: Scrub;
  readonly requestTimeoutMs: number;
  /** The client's transport, without anything of the client's own in a request. */
  readonly fetch: typeof globalThis.fetch;
  /** What the headers of the last answer said. */
  readonly heard: Heard;
  /** What the service has otherwise than OpenAI. */
  readonly service: ServiceProfile;
}
export type Opened =
  | { readonly type: 'open'; readonly session: Session }
  | { readonly type: 'closed'; readonly error: PortError };
/** Opens on first use: only then are the environment and the SDK read. */
export type OpenSession = () => Promise<Opened>;

export const createSession = (
  options: OpenAIOptions,
  scrub: Scrub,
  requestTimeoutMs: number,
  service: ServiceProfile = openaiProfile,
): OpenSession => {
  let opened: Promise<Opened> | null = null;
  return async () => {
    const speech: Speech = { scrub, requestTimeoutMs, heard: nothingHeard(), service };
    opened ??=
      options.client === undefined
        ? open(options, speech)
        : Promise.resolve(adopt(options.client, speech));
    const result = await opened.catch((thrown: unknown) => {
      opened = null;
      throw thrown;
    });
    // What was missing may have been set meanwhile.
    if (result.type === 'closed') opened = null;
    return result;
  };
};

type Speech = Pick<Session, 'scrub' | 'requestTimeoutMs' | 'heard' | 'service'>;

const open = async (options: OwnOptions, speech: Speech): Promise<Opened> => {
  const { env } = process;
  const { title, address, addressVariable } = speech.service;
  const given = options.baseURL ?? env[addressVariable]?.trim() ?? '';
  const from = options.baseURL === undefined ? addressVariable : 'baseURL';
  const named = given === '' ? address : given;
  if (named === null)
    return closed('refused', `no address of ${title}: set ${addressVariable}, or give a baseURL`);
  const baseURL = withBasePath(named, speech.service);
  if (!URL.canParse(baseURL) || !/^https?:$/u.test(new URL(baseURL).protocol))
    return closed('refused', `${from} is not an http or https address`);
  const url = new URL(baseURL);
  if (url.username !== '' || url.password !== '')
    return closed(
      'refused',
      `${from} holds a user name or password: give headers to createOpenAI instead`,
    );
  if (url.search !== '' || url.hash !== '')
    return closed(
      'refused',
      `${from} holds a query or fragment: for Azure give azureApiVersion (--azure-api-version), for others a client of your own with a defaultQuery`,
    );

  const key = keyOf(options, url, speech.service);
  if ('closed' in key) return key.closed;
  const proxyOf = (to: URL): ProxyChoice => proxyFor(to, options.proxy, env);
  const proxy = proxyOf(url);
  if (proxy !== null && 'unusable' in proxy) {
    const remedy = `add ${url.hostname} to NO_PROXY, or give createOpenAI a client of your own that uses the proxy: new OpenAI({ fetchOptions: { dispatcher } })`;
    return closed(
      'refused',
      `${proxy.from} asks for a proxy to ${url.host}, but ${proxy.unusable}: ${remedy}`,
    );
  }
  // The SDK takes a while to load: who only imports this adapter does not pay for it.
  const { default: Client } = await import('openai');
  const fetch = createNodeFetch({
    stallMs: speech.requestTimeoutMs,
    errorBody: inSdkForm,
    proxyFor: (to) => {
      const choice = proxyOf(to);
      if (choice !== null && 'unusable' in choice)
        throw new TransportFailure('PROXY_UNUSABLE', true, `${choice.from}: ${choice.unusable}`);
      return choice;
    },
  });
  const { azureApiVersion } = options;
  const client = new Client({
    apiKey: key.apiKey,
    baseURL: azureApiVersion === undefined ? baseURL : azureAddress(url),
    // Retried only where said: a create that is sent twice is paid twice.
    maxRetries: 0,
    fetch,
    // What OPENAI_LOG asks for goes to standard output, which is the output of commands, and holds
    // headers.
    logLevel: 'off',
    ...(options.organization === undefined ? {} : { organization: options.organization }),
    ...(options.project === undefined ? {} : { project: options.project }),
    ...(azureApiVersion === undefined ? {} : { defaultQuery: { 'api-version': azureApiVersion } }),
    defaultHeaders: { ...key.headers, ...options.headers },
  });
  return { type: 'open', session: { ...speech, client, where: addressOf(url), fetch } };
};

type OwnOptions = Extract<OpenAIOptions, { client?: never }>;
type Key =
  | { readonly apiKey: string; readonly headers: Readonly<Record<string, string | null>> }
  | { readonly closed: Opened };

/** The key, and the headers that carry it where it is no bearer token. */
const keyOf = (options: OwnOptions, url: URL, service: ServiceProfile): Key => {
  const { keyVariable } = service;
  const saidKey = options.apiKey ?? keyInEnvironment(service);
  const isInHeaders = Object.keys(options.headers ?? {}).some((name) =>
    /^(?:authorization|api-key)$/iu.test(name),
  );
  const apiKey = saidKey === '' && (isInHeaders || isLoopback(url)) ? noKey : saidKey;
  const keyFrom = options.apiKey === undefined ? keyVariable : 'apiKey';
  if (apiKey === '')
    return {
      closed: closed(
        'authentication_failed',
        `no key for ${addressOf(url)}: set ${keyVariable}, or give ${makerOf(keyVariable)} an apiKey`,
        keyVariable,
      ),
    };
  // A header would fail later, with words about bytes.
  if (!/^[\x21-\x7e]+$/u.test(apiKey))
    return {
      closed: closed(
        'authentication_failed',
        `${keyFrom} holds a blank or a character that no HTTP header may: was it copied whole?`,
      ),
    };
  // Null takes the client's own bearer token away.
  if (options.azureApiVersion !== undefined)
    return {
      apiKey,
      headers:
        apiKey === noKey ? { authorization: null } : { authorization: null, 'api-key': apiKey },
    };
  return { apiKey, headers: saidKey === '' && isInHeaders ? { authorization: null } : {} };
};

/** What makes a connection of one's own. */
const makerOf = (keyVariable: string): string =>
  keyVariable === openaiProfile.keyVariable ? 'createOpenAI' : 'the connection';

/** The address of a resource, as portals show it, with what its API stands below. */
const withBasePath = (named: string, { basePath }: ServiceProfile): string => {
  if (basePath === '' || !URL.canParse(named)) return named;
  const url = new URL(named);
  if (url.pathname === '/') url.pathname = basePath;
  return url.href;
};

/** Azure's API stands below /openai of the resource. */
const azureAddress = (url: URL): string =>
  /\/openai(?:\/|$)/u.test(url.pathname) ? url.href : `${addressOf(url)}/openai`;

/** A client of the user's own: its transport, proxies and credentials are left alone. */
const adopt = (client: OpenAI, speech: Speech): Opened => {
  const baseURL: unknown = client.baseURL;
  const where =
    typeof baseURL === 'string' && URL.canParse(baseURL)
      ? addressOf(new URL(baseURL))
      : 'the given client';
  // Not in the SDK's types, and there in all its versions.
  const { fetch: own, fetchOptions } = client as unknown as {
    readonly fetch?: unknown;
    readonly fetchOptions?: RequestInit;
  };
  const plain = typeof own === 'function' ? (own as typeof globalThis.fetch) : globalThis.fetch;
  return {
    type: 'open',
    session: {
      ...speech,
      client,
      where,
      fetch: (input, init) => plain(input, { ...fetchOptions, ...init }),
    },
  };
};

/**
 * An emulator, or a server of one's own, on this machine may ask for no key, and the client asks
 * for some text. One that does says so.
 */
const noKey = 'no-key';

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
