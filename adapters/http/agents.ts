import * as http from 'node:http';
import * as https from 'node:https';
import type { Proxy } from './proxies.ts';

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
