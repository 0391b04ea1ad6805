import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createFakeProvider,
  refused,
  type FakeProvider,
  type FakeProviderOptions,
  type Ledger,
} from '../../lib/sim/provider/index.ts';
import { hostFault, ledgerFault } from './authorize.ts';
import { createClock } from './clock.ts';
import { createDiskBlobs } from './disk-blobs.ts';
import { sendJson } from './respond.ts';
import type { EmulatedService } from './service.ts';
import { createService, type EmulatedProvider } from './services.ts';

/** Options of the emulator. */
export interface EmulatorOptions extends FakeProviderOptions {
  /** Whose API it speaks (default `openai`). */
  readonly provider?: EmulatedProvider;
  /** Port (default 0: any free port). */
  readonly port?: number;
  /** Host to listen on (default 127.0.0.1). */
  readonly host?: string;
  /** Virtual milliseconds per real one (default 1). At 0 only `advance` moves time. */
  readonly speed?: number;
  /** The virtual time at the start (default now). */
  readonly startAt?: Date;
  /** Folder for file bytes (default a temporary folder that is removed at the end). */
  readonly dir?: string;
  /** The only accepted API key (default any). */
  readonly apiKey?: string;
  /** Real milliseconds before each answer (default 0). */
  readonly latencyMs?: number;
  /** Token for reading the ledger (default a random one). */
  readonly ledgerToken?: string;
}

/** A running emulator. */
export interface Emulator extends AsyncDisposable {
  /** For a client's `baseURL`: of OpenAI it ends in `/v1`. */
  readonly baseURL: string;
  readonly port: number;
  /** Moves the provider's clock by so many milliseconds, and performs what is then due. */
  advance(ms: number): Promise<void>;
  /** Also served, as JSON, at `ledgerURL`. */
  readonly ledger: Ledger;
  /** Address of the ledger with its token. It is a secret, since the ledger holds every prompt. */
  readonly ledgerURL: string;
  readonly provider: FakeProvider;
  /**
   * Stops the server, cuts open connections and removes the temporary folder. Calling it again has
   * no effect.
   */
  close(): Promise<void>;
}

/** Starts the fake provider behind the HTTP API of a service. Its state ends with it. */
export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const folder = options.dir ?? (await mkdtemp(join(tmpdir(), 'batchor-emulator-')));
  // Only this user may read uploads.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ledgerToken = options.ledgerToken ?? randomBytes(16).toString('hex');
  const clock = createClock(options.startAt?.getTime() ?? Date.now(), options.speed ?? 1);
  const service = createService(options.provider ?? 'openai');
  const provider = createFakeProvider({
    ...service.options,
    ...options,
    ...(service.faults === undefined ? {} : { faults: service.faults(options.faults ?? []) }),
    nowMs: clock.nowMs,
    blobs: createDiskBlobs(folder),
  });
  const serve = createHandler(provider, service, {
    apiKey: options.apiKey ?? null,
    latencyMs: options.latencyMs ?? 0,
    ledgerToken,
    host: options.host ?? '127.0.0.1',
  });
  // Uploads may take longer than Node's default of five minutes, and idle connections must not
  // break while a client uses them.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 }, serve);
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
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
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    baseURL: `${origin}${service.basePath}`,
    port,
    advance: async (ms) => {
      clock.advance(ms);
      await provider.settle();
    },
    ledger: provider.ledger,
    ledgerURL: `${origin}${ledgerPath}?token=${ledgerToken}`,
    provider,
    close,
    [Symbol.asyncDispose]: close,
  };
};

const ledgerPath = '/emulator/ledger';

interface Guard {
  readonly apiKey: string | null;
  readonly latencyMs: number;
  readonly ledgerToken: string;
  /** The host that the server listens on. */
  readonly host: string;
}

const createHandler = (
  provider: FakeProvider,
  service: EmulatedService,
  { apiKey, latencyMs, ledgerToken, host }: Guard,
) => {
  let callCount = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    callCount += 1;
    service.nameHeaders(response, callCount);
    if (latencyMs > 0) await sleep(latencyMs);
    const url = new URL(request.url ?? '/', 'http://emulator');
    const isLedger = url.pathname === ledgerPath;
    const fault =
      hostFault(request, host) ??
      (isLedger
        ? ledgerFault(request, url, ledgerToken)
        : service.authorizationFault(request, apiKey));
    if (isLedger && fault === null) {
      await provider.settle();
      return sendJson(response, 200, provider.ledger);
    }
    if (fault === null) return service.serve({ request, response, provider, url });
    request.resume();
    service.sendRefusal(response, fault);
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response).catch((thrown: unknown) => {
      failCall(request, response, service, thrown);
    });
  };
};

/**
 * Answers a call that failed here: the client hung up, the URL is malformed, or the disk is full.
 * The server continues.
 */
const failCall = (
  request: IncomingMessage,
  response: ServerResponse,
  service: EmulatedService,
  thrown: unknown,
): void => {
  if (response.headersSent || response.destroyed || request.socket.destroyed) {
    request.socket.destroy();
    return;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const isBadUrl =
    thrown instanceof TypeError && 'code' in thrown && thrown.code === 'ERR_INVALID_URL';
  service.sendRefusal(
    response,
    isBadUrl
      ? refused(400, 'The URL is malformed.')
      : refused(500, message, { type: 'server_error' }),
  );
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
