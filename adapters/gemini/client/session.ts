import { type Heard, nothingHeard } from '../../http/retry-after.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { type ProxyChoice, proxyFor, isLoopback } from '../../http/proxies.ts';
import type { Scrub } from '../../http/scrub.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { createNodeFetch } from '../../http/transport.ts';
import { type GeminiOptions, keyOfEnvironment } from '../config/options.ts';

/** A service ready to be asked, and how to speak of it. */
export interface Session {
  /** Without `/v1beta`, and without a slash at its end. */
  readonly base: string;
  /** The address for messages: no user info, no query. */
  readonly where: string;
  /** The key among them. For the service's own origin, and no other. */
  readonly headers: Readonly<Record<string, string>>;
  readonly scrub: Scrub;
  readonly requestTimeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
  /** What the headers of the last answer said. */
  readonly heard: Heard;
}
export type Opened =
  | { readonly type: 'open'; readonly session: Session }
  | { readonly type: 'closed'; readonly error: PortError };
/** Opens on first use: only then is the environment read. */
export type OpenSession = () => Opened;

/** Google's own address. */
export const geminiUrl = 'https://generativelanguage.googleapis.com';
const keyHeader = 'x-goog-api-key';

export const createSession = (
  options: GeminiOptions,
  scrub: Scrub,
  requestTimeoutMs: number,
): OpenSession => {
  let opened: Opened | null = null;
  return () => {
    // What was missing may have been set meanwhile.
    if (opened === null || opened.type === 'closed')
      opened = open(options, scrub, requestTimeoutMs);
    return opened;
  };
};

const open = (options: GeminiOptions, scrub: Scrub, requestTimeoutMs: number): Opened => {
  const { env } = process;
  const given = options.baseURL ?? env['GOOGLE_GEMINI_BASE_URL']?.trim() ?? '';
  const from = options.baseURL === undefined ? 'GOOGLE_GEMINI_BASE_URL' : 'baseURL';
  const text = given === '' ? geminiUrl : given;
  if (!URL.canParse(text) || !/^https?:$/u.test(new URL(text).protocol))
    return closed('refused', `${from} is not an http or https address`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return closed(
      'refused',
      `${from} holds a user name or password: give headers to createGemini instead`,
    );
  if (url.search !== '' || url.hash !== '')
    return closed(
      'refused',
      `${from} holds a query or fragment: the key goes as a header, never so`,
    );
  const base = `${url.origin}${url.pathname}`.replace(/\/$/u, '').replace(/\/v1(?:beta)?$/u, '');
  const key = keyOf(options, url, base);
  if ('closed' in key) return key.closed;
  const proxyOf = (to: URL): ProxyChoice => proxyFor(to, options.proxy, env);
  const proxy = proxyOf(url);
  if (proxy !== null && 'unusable' in proxy)
    return closed(
      'refused',
      `${proxy.from} asks for a proxy to ${url.host}, but ${proxy.unusable}: add ${url.hostname} to NO_PROXY, or give createGemini a proxy`,
    );
  const fetch = createNodeFetch({
    stallMs: requestTimeoutMs,
    proxyFor: (to) => {
      const choice = proxyOf(to);
      if (choice !== null && 'unusable' in choice)
        throw new TransportFailure('PROXY_UNUSABLE', true, `${choice.from}: ${choice.unusable}`);
      return choice;
    },
  });
  const headers = { ...options.headers, ...key.headers };
  const heard = nothingHeard();
  const session = { base, where: base, headers, scrub, requestTimeoutMs, fetch, heard };
  return { type: 'open', session };
};

type Key = { readonly headers: Readonly<Record<string, string>> } | { readonly closed: Opened };

/** The key as a header: in an address it would stand in logs. */
const keyOf = (options: GeminiOptions, url: URL, where: string): Key => {
  const apiKey = options.apiKey ?? keyOfEnvironment();
  const isInHeaders = Object.keys(options.headers ?? {}).some((name) =>
    /^(?:x-goog-api-key|authorization)$/iu.test(name),
  );
  if (apiKey === '') {
    if (isInHeaders) return { headers: {} };
    // An emulator on this machine may ask for no key; one that does says so.
    if (isLoopback(url)) return { headers: { [keyHeader]: 'no-key' } };
    const remedy = 'set GEMINI_API_KEY or GOOGLE_API_KEY, or give createGemini an apiKey';
    return {
      closed: closed('authentication_failed', `no key for ${where}: ${remedy}`, 'GEMINI_API_KEY'),
    };
  }
  // A header would fail later, with words about bytes.
  if (/^[\x21-\x7e]+$/u.test(apiKey)) return { headers: { [keyHeader]: apiKey } };
  const name = options.apiKey === undefined ? 'the key of the environment' : 'apiKey';
  return {
    closed: closed(
      'authentication_failed',
      `${name} holds a blank or a character that no HTTP header may: was it copied whole?`,
    ),
  };
};

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
