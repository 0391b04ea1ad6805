import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { OpenAI } from 'openai';
import { describe, expect, it } from 'vitest';
import {
  at,
  connect,
  json,
  leftOf,
  rightOf,
  startStub,
  uploadInput,
  type Answer,
} from '../stub.ts';

const fileAnswer: Answer = (_seen, response) => {
  json(response, 200, { id: 'file-9', object: 'file' });
};

describe('an upload', () => {
  it('is a multipart form whose length is said beforehand, and whose file is what was given', async () => {
    await using stub = await startStub(fileAnswer);
    const text = '{"a":"1"}\r\n--batchor\n{"b":"ü\u2028"}\n';
    expect(
      await rightOf(at(stub.baseURL).upload(uploadInput(text, { expiresAfterMs: 7_200_000 }))),
    ).toEqual({
      inputFileId: 'file-9',
      expiresAtMs: null,
    });
    const [seen] = stub.seen;
    expect(seen?.headers['content-length']).toBe(String(seen?.body.length));
    expect(seen?.headers['transfer-encoding']).toBeUndefined();
    const form = await new Response(seen?.body.toString(), {
      headers: { 'content-type': seen?.headers['content-type'] ?? '' },
    }).formData();
    const file = form.get('file') as File;
    expect([
      form.get('purpose'),
      form.get('expires_after[anchor]'),
      form.get('expires_after[seconds]'),
    ]).toEqual(['batch', 'created_at', '7200']);
    expect([file.name, await file.text()]).toEqual(['batchor-key-1-1.jsonl', text]);
  });

  it.each([
    [1, '3600'],
    [1e13, '2592000'],
  ])('asks for an expiry that there is: %i ms become %s s', async (expiresAfterMs, seconds) => {
    await using stub = await startStub(fileAnswer);
    await rightOf(at(stub.baseURL).upload(uploadInput('x\n', { expiresAfterMs })));
    expect(stub.seen[0]?.body.toString()).toContain(
      `name="expires_after[seconds]"\r\n\r\n${seconds}\r\n`,
    );
  });

  it('says when its file expires, counted on our clock from the provider’s own times', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 200, { id: 'file-9', created_at: 1_000, expires_at: 4_600 }),
    );
    const { expiresAtMs } = await rightOf(at(stub.baseURL).upload(uploadInput('{}\n')));
    expect(Math.abs((expiresAtMs ?? 0) - (Date.now() + 3_600_000))).toBeLessThan(60_000);
  });

  it('goes through a client of the user just the same', async () => {
    await using stub = await startStub(fileAnswer);
    const provider = connect({
      client: new OpenAI({ baseURL: stub.baseURL, apiKey: 'sk-their-own-key' }),
    });
    expect(await rightOf(provider.upload(uploadInput('{"a":1}\n')))).toEqual({
      inputFileId: 'file-9',
      expiresAtMs: null,
    });
    expect(stub.seen[0]?.headers['content-length']).toBe(String(stub.seen[0]?.body.length));
    expect(stub.seen[0]?.body.toString()).toContain('\r\n\r\n{"a":1}\n\r\n--');
  });

  it.each([7, 9])(
    'is not taken for whole where the lines are not as long as was said (%i of 8)',
    async (bytes) => {
      await using stub = await startStub(fileAnswer);
      expect(
        await leftOf(at(stub.baseURL).upload(uploadInput('{"a":1}\n', { bytes }))),
      ).toMatchObject({
        type: 'corrupt',
        where: 'batchor-key-1-1.jsonl',
      });
      expect(stub.seen).toHaveLength(0);
    },
  );

  it('whose lines cannot be read says that, and is given up', async () => {
    await using stub = await startStub(fileAnswer);
    const lines = (async function* () {
      yield Buffer.from('{"a"');
      await Promise.resolve();
      throw new Error('disk on fire');
    })();
    const error = await leftOf(
      at(stub.baseURL).upload({ ...uploadInput('', { bytes: 8 }), lines }),
    );
    expect(error).toMatchObject({
      type: 'unavailable',
      message: expect.stringContaining('disk on fire') as string,
    });
  });

  it('that is refused half-way ends there', async () => {
    let read = 0;
    const server = createServer((_request, response) => {
      json(
        response,
        413,
        { error: { message: 'too large', code: 'file_too_large' } },
        { connection: 'close' },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const chunk = Buffer.alloc(1 << 20);
    const lines = (async function* () {
      for (; read < 500; read += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        yield chunk;
      }
    })();
    const provider = at(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
    const error = await leftOf(
      provider.upload({ ...uploadInput('', { bytes: 500 << 20 }), lines }),
    );
    server.close();
    server.closeAllConnections();
    expect(['refused', 'transient']).toContain(error.type);
    expect(read).toBeLessThan(450);
  });

  it('that the other side stops taking is given up', async () => {
    const server = createServer((request) => request.pause());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const chunk = Buffer.alloc(1 << 20);
    const lines = (async function* () {
      for (let i = 0; i < 200; i += 1) {
        await Promise.resolve();
        yield chunk;
      }
    })();
    const provider = at(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, 300);
    const error = await leftOf(
      provider.upload({ ...uploadInput('', { bytes: 200 << 20 }), lines }),
    );
    server.close();
    server.closeAllConnections();
    expect(error).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('STALLED') as string,
    });
  });

  it('of 64 MB is held in memory by small parts', async () => {
    let bytes = 0;
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
      request.on('end', () => {
        json(response, 200, { id: 'file-9' });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
    // Plain Node without a loader, whose own memory would hide ours.
    const program = local('../../../../node_modules/.cache/batchor/upload-program.mjs');
    await build({
      entryPoints: [local('./upload-program.ts')],
      outfile: program,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const { stdout } = await promisify(execFile)(process.execPath, [program, url, '64']);
    server.close();
    const told = JSON.parse(stdout) as { readonly heldShare: number };
    expect(told).toMatchObject({ answer: { _tag: 'Right', right: { inputFileId: 'file-9' } } });
    expect(bytes).toBeGreaterThan(64 << 20);
    expect(told.heldShare).toBeGreaterThan(0);
    expect(told.heldShare).toBeLessThan(1 / 4);
  });
});

describe('a download', () => {
  const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return Buffer.concat(parts).toString();
  };

  it('gives the bytes and how many were promised', async () => {
    await using stub = await startStub((_seen, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': '9' })
        .end('{"a":"ü"}'.slice(0, 8).padEnd(8, ' '));
    });
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    expect(file.bytes).toBe(9);
    expect(await collect(file.chunks)).toBe('{"a":"ü"');
    expect(stub.seen[0]?.path).toBe('/v1/files/file-1/content');
  });

  it('promises nothing where the server does not', async () => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(200);
      response.write('one\n');
      response.end('two\n');
    });
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    expect(file.bytes).toBeNull();
    expect(await collect(file.chunks)).toBe('one\ntwo\n');
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['with a length', { 'content-length': '1000000' }],
    ['without a length', {}],
  ])('that is cut half-way throws, and says after how many bytes (%s)', async (_name, headers) => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(200, headers);
      response.write('x'.repeat(1000));
      setTimeout(() => response.destroy(), 20);
    });
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    await expect(collect(file.chunks)).rejects.toThrow(
      /^the transfer of file-1 from .* ended after 1000 of (1000000|unknown) bytes/u,
    );
  });

  it('that falls silent throws', async () => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x'.repeat(10));
    });
    const file = await rightOf(at(stub.baseURL, 1_000).download('file-1'));
    await expect(collect(file.chunks)).rejects.toThrow(
      /ended after 10 of 1000 bytes \(nothing came for 1000 ms\)/u,
    );
  });

  it('waits for a reader that takes its time', async () => {
    await using stub = await startStub((_seen, response) => {
      response.end('x'.repeat(1 << 20));
    });
    const file = await rightOf(at(stub.baseURL, 1_000).download('file-1'));
    let seen = 0;
    for await (const chunk of file.chunks) {
      if (seen === 0) await new Promise((resolve) => setTimeout(resolve, 1_500));
      seen += chunk.length;
    }
    expect(seen).toBe(1 << 20);
  });

  it('ends at the source where its reader stops', async () => {
    let isClosed = false;
    await using stub = await startStub((_seen, response) => {
      response.on('close', () => (isClosed = true));
      response.writeHead(200);
      const write = (): void => {
        if (!response.destroyed) response.write('x'.repeat(1000), () => setTimeout(write, 1));
      };
      write();
    });
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    for await (const chunk of file.chunks) if (chunk.length > 0) break;
    await expect.poll(() => isClosed).toBe(true);
  });

  it('follows a redirect, and takes no key to another host', async () => {
    await using blobs = await startStub((_seen, response) => {
      response.end('the bytes');
    });
    await using stub = await startStub((_seen, response) => {
      response.writeHead(302, { location: blobs.baseURL.replace('127.0.0.1', 'localhost') }).end();
    });
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    expect(await collect(file.chunks)).toBe('the bytes');
    expect(stub.seen[0]?.headers.authorization).toBeDefined();
    expect(blobs.seen[0]?.headers.authorization).toBeUndefined();
  });
});
