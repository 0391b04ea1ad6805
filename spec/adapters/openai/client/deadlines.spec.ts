import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { AzureOpenAI, OpenAI } from 'openai';
import { describe, expect, it } from 'vitest';
import type { Port, PortError } from '../../../../lib/ports/port-error.ts';
import type { BatchProvider } from '../../../../lib/ports/provider.ts';
import {
  apiError,
  at,
  batchId,
  connect,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  secret,
  startStub,
  sweepInput,
  uploadInput,
  type Answer,
} from '../stub.ts';

/** Small enough that each case ends soon, and far above what a local answer takes. */
const requestTimeoutMs = 700;
/** Where bytes go on coming: far above the pause that a busy machine makes between two of them. */
const patientMs = 2_000;

type Ask = (provider: BatchProvider) => Port<unknown>;
const calls: readonly (readonly [name: string, ask: Ask])[] = [
  ['check', (provider) => provider.check()],
  ['upload', (provider) => provider.upload(uploadInput('{}\n'))],
  ['create', (provider) => provider.create(createInput)],
  ['list', (provider) => provider.sweep({ ...sweepInput([], 0), creates: [] })],
  [
    'retrieve',
    (provider) => provider.observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
  ],
  ['retrieve a file', (provider) => provider.sweep(sweepInput(['k'], 0))],
  ['delete', (provider) => provider.deleteFile('file-1')],
  ['cancel', (provider) => provider.cancel(batchId('batch_1'))],
];

/** Writes bytes for ever, a few at a time. */
const forEver = (
  response: { readonly destroyed: boolean; write(text: string): unknown },
  text: string,
  everyMs: number,
): void => {
  const timer = setInterval(() => {
    if (response.destroyed) clearInterval(timer);
    else response.write(text);
  }, everyMs);
};
const head = { 'content-type': 'application/json' };

const silences: readonly (readonly [name: string, answer: Answer])[] = [
  [
    'is headers and then silence',
    (_seen, response) => void response.writeHead(200, head).flushHeaders(),
  ],
  [
    'is half a JSON body and then silence',
    (_seen, response) => void response.writeHead(200, head).write('{"object":"list","da'),
  ],
  [
    'drips byte by byte for ever',
    (_seen, response) => {
      response.writeHead(200, head).write('{"a":"');
      forEver(response, 'x', 5);
    },
  ],
  [
    'is an error whose body never ends',
    (_seen, response) => void response.writeHead(500, head).write('{"error":{"mess'),
  ],
  ['does not come', () => undefined],
];

describe.concurrent.each(calls)('%s', (name, ask) => {
  it.each(silences)('ends where the answer %s', async (_how, answer) => {
    await using stub = await startStub(answer);
    const error = await leftOf(ask(at(stub.baseURL, requestTimeoutMs)));
    expect(error.type).toBe(name === 'create' ? 'unclear' : 'transient');
    expect(stub.seen.length).toBeLessThanOrEqual(1);
  });

  it('ends over a client of the user, too, and is sent once whatever retries it was made with', async () => {
    await using stub = await startStub(
      (_seen, response) => void response.writeHead(200, head).write('{"object":"list","da'),
    );
    const client = new OpenAI({ baseURL: stub.baseURL, apiKey: secret, maxRetries: 5 });
    const error = await leftOf(ask(connect({ client }, { requestTimeoutMs })));
    expect(error.type).toBe(name === 'create' ? 'unclear' : 'transient');
    expect(stub.seen).toHaveLength(1);
  });

  it('does not sleep over a Retry-After: it is sent once, and hands the wait up', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 429, apiError('Slow down.'), { 'retry-after': '3600' });
    });
    expect(await leftOf(ask(at(stub.baseURL, 60_000)))).toMatchObject({
      type: 'transient',
      retryAfterMs: 3_600_000,
    });
    expect(stub.seen).toHaveLength(1);
  });
});

describe.each(calls.slice(2, 4))('%s', (name, ask) => {
  it('keeps no answer without end in memory', async () => {
    let sentBytes = 0;
    await using stub = await startStub((_seen, response) => {
      const chunk = `${'x'.repeat(1 << 20)}`;
      response.writeHead(200, head).write('{"a":"');
      const more = (): void => {
        sentBytes += chunk.length;
        if (!response.destroyed) response.write(chunk, more);
      };
      more();
    });
    const error = await leftOf(ask(at(stub.baseURL, 60_000)));
    expect(error.type).toBe(name === 'create' ? 'unclear' : 'transient');
    expect(JSON.stringify(error)).toContain('more than 67108864 bytes');
    expect(sentBytes).toBeLessThan(200 << 20);
  });

  it('keeps no error without end in memory: its status says what it means', async () => {
    await using stub = await startStub((_seen, response) => {
      const chunk = 'x'.repeat(1 << 20);
      const more = (): void => {
        if (!response.destroyed) response.write(chunk, more);
      };
      response.writeHead(422, head);
      more();
    });
    expect((await leftOf(ask(at(stub.baseURL, 60_000)))).type).toBe('refused');
  });
});

describe('a create', () => {
  it('that waits for a token for ever is unconfirmed, and is not sent when the token comes late', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, {});
    });
    let give: (token: string) => void = () => undefined;
    const azureADTokenProvider = () => new Promise<string>((resolve) => (give = resolve));
    const client = new AzureOpenAI({
      endpoint: stub.baseURL.replace('/v1', ''),
      apiVersion: '1',
      azureADTokenProvider,
    });
    expect((await leftOf(connect({ client }, { requestTimeoutMs }).create(createInput))).type).toBe(
      'unclear',
    );
    give('eyJ-token');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stub.seen).toHaveLength(0);
  });
});

describe.concurrent('a download', () => {
  const lengthOf = async (chunks: AsyncIterable<Uint8Array>): Promise<number> => {
    let bytes = 0;
    for await (const chunk of chunks) bytes += chunk.length;
    return bytes;
  };

  it.each<[string, Readonly<Record<string, string>>]>([
    ['of a stated length', { 'content-length': '1000000000' }],
    ['of no stated length', {}],
  ])('that drips for ever is given up (%s)', async (_name, headers) => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(200, headers).flushHeaders();
      forEver(response, 'x', 5);
    });
    const file = await rightOf(at(stub.baseURL, patientMs).download('file-1'));
    await expect(lengthOf(file.chunks)).rejects.toThrow(
      /ended after \d+ of (1000000000|unknown) bytes \((too slow|nothing came)/u,
    );
  });

  it('may take many times as long as a request, while bytes arrive', async () => {
    const chunk = Buffer.alloc(20_000);
    const count = 14;
    await using stub = await startStub((_seen, response) => {
      response.writeHead(200, { 'content-length': String(chunk.length * count) });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(chunk);
        sent += 1;
        if (sent === count) {
          clearInterval(timer);
          response.end();
        }
      }, patientMs / 6);
    });
    const file = await rightOf(at(stub.baseURL, patientMs).download('file-1'));
    expect(await lengthOf(file.chunks)).toBe(chunk.length * count);
  });

  it.each(silences.slice(3))('ends where the answer %s', async (_how, answer) => {
    await using stub = await startStub(answer);
    expect((await leftOf(at(stub.baseURL, requestTimeoutMs).download('file-1'))).type).toBe(
      'transient',
    );
    expect(stub.seen).toHaveLength(1);
  });
});

/** A server of bytes: what it says need not be HTTP as Node writes it. */
const startRaw = async (
  answer: (socket: Socket) => void,
): Promise<{ readonly baseURL: string; readonly server: Server }> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, server };
};

describe('a request that may take for ever', () => {
  it.each([2 ** 31, 1e15])(
    'has as long as a timer can run (%i ms), and is not over at once',
    async (patienceMs) => {
      await using stub = await startStub((_seen, response) => {
        setTimeout(
          () => json(response, 200, { object: 'list', data: [], has_more: false, id: 'file-9' }),
          50,
        );
      });
      const provider = at(stub.baseURL, patienceMs);
      await rightOf(provider.check());
      await rightOf(provider.upload(uploadInput('{}\n')));
      expect((await rightOf(provider.download('file-1'))).bytes).toBeNull();
    },
  );
});

describe('an odd answer', () => {
  const list = '{"object":"list","data":[],"has_more":false}';
  const created = JSON.stringify({
    id: 'batch_1',
    object: 'batch',
    status: 'validating',
    input_file_id: 'file-1',
  });
  const over = async (answer: string, ask: Ask): Promise<PortError['type'] | 'done'> => {
    const { baseURL, server } = await startRaw((socket) => socket.end(answer));
    const told = await ask(at(baseURL, 5_000))();
    server.close();
    return told._tag === 'Right' ? 'done' : told.left.type;
  };
  const http = (body: string, ...headers: readonly string[]): string =>
    ['HTTP/1.1 200 OK', 'content-type: application/json', ...headers, '', body].join('\r\n');

  it.each<[string, string, PortError['type'] | 'done', PortError['type'] | 'done']>([
    [
      'of HTTP/1.0 that ends with its connection',
      http('BODY').replace('1.1', '1.0'),
      'done',
      'done',
    ],
    [
      'of HTTP/1.0 that ends in the midst of it',
      http('HALF').replace('1.1', '1.0'),
      'transient',
      'unclear',
    ],
    [
      'in chunks, with a trailer',
      http('SIZE\r\nBODY\r\n0\r\nx-sum: 1\r\n\r\n', 'transfer-encoding: chunked'),
      'done',
      'done',
    ],
    [
      'in chunks, the last of which is missing',
      http('SIZE\r\nBODY\r\n', 'transfer-encoding: chunked'),
      'transient',
      'unclear',
    ],
    [
      'behind others of 1xx',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${http('BODY')}`,
      'done',
      'done',
    ],
    ['that is only of 1xx', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'transient', 'unclear'],
    [
      'with two lengths',
      http('BODY', 'content-length: 1', 'content-length: 900'),
      'transient',
      'unclear',
    ],
    ['longer than its length', http('BODY', 'content-length: 5'), 'transient', 'unclear'],
    ['shorter than its length', http('BODY', 'content-length: 999'), 'transient', 'unclear'],
    ['of 204, with a body', http('BODY').replace('200 OK', '204 No Content'), 'refused', 'unclear'],
    ['of status 999', http('BODY').replace('200 OK', '999 Odd'), 'transient', 'unclear'],
  ])('%s is read, or is a fault: list, create', async (_name, answer, listed, confirmed) => {
    const filled = (body: string): string =>
      answer
        .replace('SIZE', body.length.toString(16))
        .replace('BODY', body)
        .replace('HALF', body.slice(0, 20));
    expect(await over(filled(list), (provider) => provider.check())).toBe(listed);
    expect(await over(filled(created), (provider) => provider.create(createInput))).toBe(confirmed);
  });
});
