import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFakeProvider, refused, type FakeProvider, type FakeProviderOptions, type Ledger } from '../../lib/sim/provider/index.ts';
import { authorizationFault } from './authorize.ts';
import { createClock } from './clock.ts';
import { createDiskBlobs } from './disk-blobs.ts';
import { sendJson, sendRefusal } from './respond.ts';
import { serveRoute } from './routes.ts';

/** How to run the emulator. */
export interface EmulatorOptions extends FakeProviderOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Virtual milliseconds per real one. Default 1; 0 lets time pass by `advance` alone. */
  readonly speed?: number;
  /** The virtual time at the start. Default now. */
  readonly startAt?: Date;
  /** Where file bytes go. Default a temporary folder that is removed at the end. */
  readonly dir?: string;
  /** The only key that is let in. Default any. */
  readonly apiKey?: string;
  /** Real milliseconds before each answer. Default 0. */
  readonly latencyMs?: number;
}

/** A running emulator. */
export interface Emulator extends AsyncDisposable {
  /** For a client's `baseURL`: ends in `/v1`. */
  readonly baseURL: string;
  readonly port: number;
  /** Moves the provider's clock, and lets happen what then is due. */
  advance(ms: number): Promise<void>;
  /** Also served, as JSON, at `/emulator/ledger`. */
  readonly ledger: Ledger;
  readonly provider: FakeProvider;
  /** Stops serving, cuts open connections and removes the temporary folder. Once is enough; again is harmless. */
  close(): Promise<void>;
}

/** Starts the fake provider behind OpenAI's HTTP API. Nothing survives its end. */
export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const folder = options.dir ?? (await mkdtemp(join(tmpdir(), 'batchor-emulator-')));
  await mkdir(folder, { recursive: true });
  const clock = createClock(options.startAt?.getTime() ?? Date.now(), options.speed ?? 1);
  const provider = createFakeProvider({ ...options, nowMs: clock.nowMs, blobs: createDiskBlobs(folder) });
  const serve = createHandler(provider, options.apiKey ?? null, options.latencyMs ?? 0);
  // Uploads may take longer than Node's default of five minutes; and an idle connection must not break by itself just as a client uses it.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 }, serve);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  const host = options.host ?? '127.0.0.1';
  const clean = async (): Promise<void> => {
    if (options.dir === undefined) await rm(folder, { recursive: true, force: true });
  };
  const port = await listen(server, options.port ?? 0, host).catch(async (thrown: unknown) => {
    await clean();
    throw thrown;
  });

  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= stop(server).then(clean);
    return closing;
  };
  return {
    baseURL: `http://${host.includes(':') ? `[${host}]` : host}:${port}/v1`,
    port,
    advance: async (ms) => {
      clock.advance(ms);
      await provider.settle();
    },
    ledger: provider.ledger,
    provider,
    close,
    [Symbol.asyncDispose]: close,
  };
};

const createHandler = (provider: FakeProvider, apiKey: string | null, latencyMs: number) => {
  let callCount = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    callCount += 1;
    response.setHeader('x-request-id', `req_emulated_${callCount}`);
    if (latencyMs > 0) await sleep(latencyMs);
    const url = new URL(request.url ?? '/', 'http://emulator');
    if (url.pathname === '/emulator/ledger') {
      await provider.settle();
      return sendJson(response, 200, provider.ledger);
    }
    const fault = authorizationFault(request, apiKey);
    if (fault === null) return serveRoute({ request, response, provider, url });
    request.resume();
    sendRefusal(response, fault);
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response).catch((thrown: unknown) => {
      failCall(request, response, thrown);
    });
  };
};

/** A call that broke on our side: a client that hung up, a URL that is none, a full disk. The server goes on. */
const failCall = (request: IncomingMessage, response: ServerResponse, thrown: unknown): void => {
  if (response.headersSent || response.destroyed || request.socket.destroyed) {
    request.socket.destroy();
    return;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const isBadUrl = thrown instanceof TypeError && 'code' in thrown && thrown.code === 'ERR_INVALID_URL';
  sendRefusal(response, isBadUrl ? refused(400, 'The URL is malformed.') : refused(500, message, { type: 'server_error' }));
};

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
