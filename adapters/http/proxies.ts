import * as http from 'node:http';
import * as https from 'node:https';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * A proxy that applies to an address. Its URL may hold a password: messages show its host alone.
 */
export interface Proxy {
  /** What names it: a variable of the environment, or an option. */
  readonly from: string;
  readonly url: URL;
}

/** What applies to an address: a proxy, none (null), or one that cannot be used, in words. */
export type ProxyChoice = Proxy | null | { readonly from: string; readonly unusable: string };

/**
 * The proxy for requests to the address: what was given, null for none, else by the environment.
 */
export const proxyFor = (url: URL, given: string | null | undefined, env: Env): ProxyChoice => {
  if (given === null) return null;
  if (given !== undefined) return parsed('proxy', given);
  const variable = proxyVariableFor(url, env);
  return variable === null ? null : parsed(variable, (env[variable] ?? '').trim());
};

/** `host:port` stands for an http proxy, as it does to curl. */
const parsed = (from: string, text: string): ProxyChoice => {
  const address = /^[a-z][a-z\d+.-]*:\/\//iu.test(text) ? text : `http://${text}`;
  if (!URL.canParse(address)) return { from, unusable: 'it is not an address' };
  const url = new URL(address);
  if (url.protocol === 'http:' || url.protocol === 'https:') return { from, url };
  return {
    from,
    unusable: `it is a ${url.protocol.slice(0, -1)} proxy, and only http and https proxies are spoken to`,
  };
};

/**
 * The proxy variable of the environment that applies to the address; null when none does. Loopback
 * is never proxied, as in Go's net/http.
 */
export const proxyVariableFor = (url: URL, env: Env): string | null => {
  if (isLoopback(url)) return null;
  const names = [url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY', 'ALL_PROXY'];
  const found = names
    .flatMap((name) => [name.toLowerCase(), name])
    .find((name) => (env[name] ?? '').trim() !== '');
  if (found === undefined) return null;
  const host = url.hostname.replace(/^\[|\]$/gu, '').toLowerCase();
  return isExempt(host, url, env['no_proxy'] ?? env['NO_PROXY'] ?? '') ? null : found;
};

/**
 * NO_PROXY as curl reads it: names that match themselves and all below them, an optional port, `*`
 * for all.
 */
const isExempt = (host: string, url: URL, noProxy: string): boolean => {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return noProxy.split(/[\s,]+/u).some((entry) => {
    if (entry === '*') return true;
    const match = /^(.+?)(?::(\d+))?$/u.exec(entry.toLowerCase());
    if (match === null || (match[2] !== undefined && match[2] !== port)) return false;
    const name = (match[1] ?? '').replace(/^\*?\./u, '');
    return name !== '' && (host === name || host.endsWith(`.${name}`));
  });
};

/** True of an address on this machine: localhost, 127.x.x.x and ::1. */
export const isLoopback = ({ hostname }: URL): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u.test(hostname);

/** How a request reaches its host. `false`: on a connection of its own. */
export interface Route {
  readonly agent: http.Agent | false;
  /** Null: straight. */
  readonly proxy: Proxy | null;
}

/**
 * Agents for requests, made when they are first needed. Connections are kept for requests that cost
 * nothing alone: what is paid for never rides on an old one, since one that the server is just
 * closing would leave the create unconfirmed. Through a proxy every request, encrypted or not, goes
 * by a tunnel (CONNECT): what the proxy answers is never taken for an answer of the service.
 */
export const createRoutes = (): ((
  url: URL,
  isPaid: boolean,
  proxy: Proxy | null,
) => Promise<Route>) => {
  const straight = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };
  const tunnels = new Map<string, http.Agent>();
  return async (url, isPaid, proxy) => {
    if (proxy === null)
      return {
        agent: isPaid ? false : url.protocol === 'https:' ? straight['https:'] : straight['http:'],
        proxy,
      };
    const { HttpsProxyAgent } = await import('https-proxy-agent');
    const name = `${proxy.url.href} ${isPaid}`;
    const agent = tunnels.get(name) ?? new HttpsProxyAgent(proxy.url, { keepAlive: !isPaid });
    tunnels.set(name, agent);
    return { agent, proxy };
  };
};
