import fc from 'fast-check';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../../adapters/emulator/index.ts';
import { boundary, jsonOf, multipartHeaders, post, send } from './http.ts';
import { batch, errorBody } from './shapes.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ speed: 1_000_000 });
});
afterAll(() => emulator.close());

const isAlive = async (): Promise<boolean> =>
  (await send(emulator, 'GET', '/v1/batches')).statusCode === 200;

/** Writes raw bytes to the server and waits until it hangs up; returns its answer. */
const spit = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(emulator.port, '127.0.0.1');
    let answer = '';
    const settle = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('close', settle);
    socket.on('error', settle);
    socket.end(bytes, 'latin1');
  });

describe('a bad request', () => {
  it('of any path and method gets an error of the documented shape, and the server keeps running', async () => {
    const path = fc.oneof(
      fc.webPath().map((rest) => `/v1/files${rest}`),
      fc.webPath().map((rest) => `/v1/batches${rest}`),
      fc
        .tuple(fc.constantFrom('files', 'batches'), fc.webQueryParameters())
        .map(([name, query]) => `/v1/${name}/x?${query}`),
      fc.webPath().map((rest) => `//${rest}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
        path,
        fc.string(),
        async (method, where, body) => {
          const reply = await send(emulator, method, where, {
            body,
            headers: { 'content-length': String(Buffer.byteLength(body)) },
          });
          expect(reply.statusCode).toBeLessThan(500);
          if (reply.statusCode >= 400) expect(errorBody(jsonOf(reply), 'body')).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
    expect(await isAlive()).toBe(true);
  });

  it('for a batch gets a batch or an error, whatever its JSON', async () => {
    const almost = fc.record(
      {
        input_file_id: fc.oneof(fc.string(), fc.jsonValue()),
        endpoint: fc.oneof(fc.constant('/v1/responses'), fc.jsonValue()),
        completion_window: fc.oneof(fc.constant('24h'), fc.jsonValue()),
        metadata: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
        output_expires_after: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(almost, fc.jsonValue()), async (body) => {
        const reply = await post(emulator, '/v1/batches', body);
        expect([200, 400]).toContain(reply.statusCode);
        expect((reply.statusCode === 200 ? batch : errorBody)(jsonOf(reply), 'body')).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect(await isAlive()).toBe(true);
  });

  it('with a malformed form is rejected, and never crashes the server', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '\r\n',
        '--',
        `--${boundary}`,
        `\r\n--${boundary}\r\n`,
        'content-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n',
        'name="purpose"',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
        const reply = await send(emulator, 'POST', '/v1/files', {
          headers: multipartHeaders,
          body: parts.join(''),
        });
        expect([200, 400]).toContain(reply.statusCode);
      }),
      { numRuns: 150 },
    );
    expect(await isAlive()).toBe(true);
  });

  it('that is not HTTP is hung up on', async () => {
    for (const bytes of [
      '\0\0\0',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /v1/batches HTTP/1.1\r\ncontent-length: -5\r\n\r\n',
      'x'.repeat(100_000),
    ]) {
      expect(await spit(bytes)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/u);
    }
    expect(await isAlive()).toBe(true);
  });

  it('with invalid lines fails its batch, and nothing else', async () => {
    const ids: string[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string(), fc.json(), fc.constant('{"custom_id":"a"}')), {
          minLength: 1,
          maxLength: 5,
        }),
        async (rows) => {
          const text = rows.join('\n');
          const body =
            `--${boundary}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n` +
            `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${text}\r\n--${boundary}--\r\n`;
          const uploaded = jsonOf(
            await send(emulator, 'POST', '/v1/files', { headers: multipartHeaders, body }),
          ) as {
            readonly id: string;
          };
          const made = await post(emulator, '/v1/batches', {
            input_file_id: uploaded.id,
            endpoint: '/v1/responses',
            completion_window: '24h',
          });
          ids.push((jsonOf(made) as { readonly id: string }).id);
        },
      ),
      { numRuns: 30 },
    );
    await emulator.advance(3_600_000);
    expect(ids).toHaveLength(30);
    for (const id of ids)
      expect(jsonOf(await send(emulator, 'GET', `/v1/batches/${id}`))).toMatchObject({
        status: 'failed',
      });
  });
});
