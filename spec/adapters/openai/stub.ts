import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createOpenAI,
  type OpenAIEndpoint,
  type OpenAIOptions,
} from '../../../adapters/openai/index.ts';
import type { BatchKey, ProviderBatchId, RunId } from '../../../lib/core/values/ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { PortError, Port } from '../../../lib/ports/port-error.ts';
import type { BatchProvider, ProviderWire } from '../../../lib/ports/provider.ts';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
export type Answer = (seen: Seen, response: ServerResponse) => void;

/** A server that answers as told and remembers what it was asked. */
export interface Stub extends AsyncDisposable {
  readonly baseURL: string;
  readonly seen: readonly Seen[];
}

export const startStub = async (answer: Answer): Promise<Stub> => {
  const seen: Seen[] = [];
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://stub');
      const one = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers })
    .end(JSON.stringify(body));
};

/** OpenAI's error body. */
export const apiError = (
  message: string,
  code: string | null = null,
  type = 'invalid_request_error',
): JsonObject => ({
  error: { message, type, param: null, code },
});

export const secret = 'sk-spec-0123456789abcdef';

export const connect = (
  options: OpenAIOptions,
  more: {
    readonly endpoint?: OpenAIEndpoint;
    readonly requestTimeoutMs?: number;
    readonly model?: string;
    readonly params?: JsonObject;
  } = {},
): BatchProvider & ProviderWire =>
  createOpenAI(options).connect({
    model: more.model ?? 'gpt-4.1-mini',
    endpoint: more.endpoint ?? 'responses',
    completionWindow: '24h',
    params: more.params ?? {},
    requestTimeoutMs: more.requestTimeoutMs ?? 60_000,
  });

/** A provider at an address, its requests made once where retries would only take time. */
export const at = (baseURL: string, requestTimeoutMs?: number): BatchProvider & ProviderWire =>
  connect({ baseURL, apiKey: secret }, requestTimeoutMs === undefined ? {} : { requestTimeoutMs });

export const key = (text: string): BatchKey => text as BatchKey;
export const batchId = (text: string): ProviderBatchId => text as ProviderBatchId;

export const createInput = {
  batchKey: key('key-1'),
  createAttempt: 2,
  inputFileId: 'file-1',
  requests: 1,
  bytes: 0,
  lines: () => {
    throw new Error('this service takes input files');
  },
  metadata: { team: 'blue' },
};

export const uploadInput = (
  text: string,
  more: { readonly bytes?: number; readonly expiresAfterMs?: number } = {},
) => ({
  batchKey: key('key-1'),
  createAttempt: 1,
  bytes: more.bytes ?? Buffer.byteLength(text),
  expiresAfterMs: more.expiresAfterMs ?? null,
  lines: (async function* () {
    await Promise.resolve();
    for (let at = 0; at < text.length; at += 10) yield Buffer.from(text.slice(at, at + 10));
  })(),
});

/** What a port answered, which has to be a success. */
export const rightOf = async <A>(port: Port<A>): Promise<A> => {
  const answer = await port();
  if (answer._tag === 'Left') throw new Error(`refused: ${JSON.stringify(answer.left)}`);
  return answer.right;
};

/** What a port answered, which has to be a failure. */
export const leftOf = async (port: Port<unknown>): Promise<PortError> => {
  const answer = await port();
  if (answer._tag === 'Right') throw new Error(`it succeeded: ${JSON.stringify(answer.right)}`);
  return answer.left;
};

/** Asks for lost creates under these keys, each with an input file of its own. */
export const sweepInput = (
  keys: readonly string[],
  sinceMs: number,
  known: readonly string[] = [],
): Parameters<BatchProvider['sweep']>[0] => ({
  creates: keys.map((name) => ({
    batchKey: name as BatchKey,
    createAttempt: 1,
    inputFileId: `file-of-${name}`,
    stage: 'looking',
  })),
  sinceMs,
  runId: 'run' as RunId,
  known: known.map(batchId),
});
