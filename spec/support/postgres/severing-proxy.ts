import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to the server that breaks at a chosen word, of all connections the one that says it. */
export interface SeveringProxy extends AsyncDisposable {
  readonly url: string;
  /** The next question with this word gets through; its answer does not. */
  severAfter(word: string): void;
  /** The next question with this word does not get through. */
  severBefore(word: string): void;
  readonly severed: number;
}

export const severingProxy = async (serverUrl: string): Promise<SeveringProxy> => {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let trap: { readonly word: string; readonly isAfter: boolean } | null = null;
  let severed = 0;
  const proxy = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let isDeaf = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      if (trap !== null && chunk.includes(trap.word)) {
        const { isAfter } = trap;
        trap = null;
        severed += 1;
        if (!isAfter) {
          upstream.destroy();
          client.destroy();
          return;
        }
        isDeaf = true;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!isDeaf) return void client.write(chunk);
      // The server has answered, so it has done what it was asked.
      upstream.destroy();
      client.destroy();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(serverUrl);
  url.port = String((proxy.address() as { readonly port: number }).port);
  return {
    url: url.href,
    severAfter: (word) => {
      trap = { word, isAfter: true };
    },
    severBefore: (word) => {
      trap = { word, isAfter: false };
    },
    get severed() {
      return severed;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
};
