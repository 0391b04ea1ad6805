import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A tunnel that was asked for. */
export interface Tunnel {
  /** As in `CONNECT api.test:443`. */
  readonly target: string;
  readonly authorization: string | null;
}

/** A proxy on this machine that tunnels to one place, whatever host is asked for. */
export interface ProxyServer extends AsyncDisposable {
  readonly url: string;
  readonly tunnels: readonly Tunnel[];
  /** Requests that came for no tunnel. */
  readonly plain: readonly string[];
}

export interface ProxyScript {
  /** Where tunnels lead: a port of this machine. */
  readonly port: number;
  /** Not 200: the tunnel is refused with this status. */
  readonly status?: number;
  /** True: the tunnel breaks once the first bytes of a request have passed. */
  readonly breaks?: boolean;
}

export const startProxy = async ({
  port,
  status = 200,
  breaks = false,
}: ProxyScript): Promise<ProxyServer> => {
  const tunnels: Tunnel[] = [];
  const plain: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    plain.push(request.url ?? '');
    response.writeHead(502).end();
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, client: Socket) => {
    tunnels.push({
      target: request.url ?? '',
      authorization: request.headers['proxy-authorization'] ?? null,
    });
    client.on('error', () => undefined);
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\ncontent-type: text/html\r\n\r\n<title>Blocked</title>`);
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (breaks) client.once('data', () => client.destroy());
      else {
        client.pipe(upstream);
        upstream.pipe(client);
      }
    });
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    plain,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
};
