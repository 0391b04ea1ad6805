import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway got. */
export interface Passed {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** A gateway on this machine in front of a service with OpenAI's API. */
export interface Gateway extends AsyncDisposable {
  readonly port: number;
  readonly passed: readonly Passed[];
}

export interface GatewayScript {
  /** The service behind it. */
  readonly baseURL: string;
  /** Where the API stands here: `/v1`, or Azure's `/openai`. */
  readonly path?: string;
  /** The status with which it refuses; null: it lets the request pass. */
  readonly refuses: (passed: Passed) => number | null;
}

/** Passes on what it does not refuse, with the key of the service in place of what it got. */
export const startGateway = async ({
  baseURL,
  path = '/v1',
  refuses,
}: GatewayScript): Promise<Gateway> => {
  const passed: Passed[] = [];
  const behind = new URL(baseURL);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway');
    const one = { path: url.pathname, query: url.searchParams, headers: request.headers };
    passed.push(one);
    const status = url.pathname.startsWith(`${path}/`) ? refuses(one) : 404;
    if (status !== null) {
      request.resume();
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message: 'refused by the gateway' } }));
      return;
    }
    url.searchParams.delete('api-version');
    const onward = send(
      {
        host: behind.hostname,
        port: behind.port,
        method: request.method ?? 'GET',
        path: `${behind.pathname}${url.pathname.slice(path.length)}${url.search}`,
        headers: {
          ...request.headers,
          host: behind.host,
          authorization: 'Bearer behind-the-gateway',
        },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};
