import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { OpenAI } from 'openai';
import { describe, expect, it } from 'vitest';
import {
  at,
  connect,
  createInput,
  json,
  leftOf,
  rightOf,
  secret,
  startStub,
  type Answer,
} from '../stub.ts';

const text = '{"custom_id":"row-0"}\n'.repeat(2_000);
const packings: readonly (readonly [encoding: string, pack: (bytes: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))],
];

const sending =
  (encoding: string, bytes: Buffer, promised: number = bytes.length): Answer =>
  (_seen, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-encoding': encoding,
      'content-length': String(promised),
    });
    response.write(bytes);
    if (promised === bytes.length) response.end();
    else setTimeout(() => response.destroy(), 20);
  };

const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
};

describe('an answer', () => {
  it('is asked for as it is', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 200, { object: 'list', data: [], has_more: false }),
    );
    await rightOf(at(stub.baseURL).check());
    await rightOf(at(stub.baseURL).download('file-1'));
    expect(stub.seen.map(({ headers }) => headers['accept-encoding'])).toEqual([
      'identity',
      'identity',
    ]);
  });

  it.each(packings)(
    'that comes as %s all the same is unpacked: a file, and a list',
    async (encoding, pack) => {
      await using files = await startStub(sending(encoding, pack(Buffer.from(text))));
      const file = await rightOf(at(files.baseURL).download('file-1'));
      // A packed transfer's length is not the file's.
      expect(file.bytes).toBeNull();
      expect(await textOf(file.chunks)).toBe(text);
      await using lists = await startStub(
        sending(encoding, pack(Buffer.from('{"object":"list","data":[],"has_more":false}'))),
      );
      await rightOf(at(lists.baseURL).check());
    },
  );

  it('says by its encoding nothing where that is identity: its length holds', async () => {
    await using stub = await startStub(sending('identity', Buffer.from(text)));
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    expect(file.bytes).toBe(text.length);
    expect(await textOf(file.chunks)).toBe(text);
  });

  it.each(packings)('as %s that is cut is no file', async (encoding, pack) => {
    const packed = pack(Buffer.from(text));
    await using stub = await startStub(
      sending(encoding, packed.subarray(0, packed.length >> 1), packed.length),
    );
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    await expect(textOf(file.chunks)).rejects.toThrow(
      /^the transfer of file-1 from .* ended after \d+ of unknown bytes/u,
    );
  });

  it.each(packings.slice(0, 4))('that only says that it is %s is no file', async (encoding) => {
    await using stub = await startStub(sending(encoding, Buffer.from(text)));
    const file = await rightOf(at(stub.baseURL).download('file-1'));
    await expect(textOf(file.chunks)).rejects.toThrow(/^the transfer of file-1/u);
  });

  it.each(['lzma', 'aws-chunked', 'gzip, gzip, gzip', 'br, compress'])(
    'in an encoding that is not known is refused by its name: %s',
    async (encoding) => {
      await using stub = await startStub(sending(encoding, Buffer.from(text)));
      const words = {
        message: expect.stringContaining(`packed as "${encoding}" (content-encoding)`) as string,
      };
      expect(await leftOf(at(stub.baseURL).download('file-1'))).toMatchObject({
        type: 'transient',
        ...words,
      });
      expect(await leftOf(at(stub.baseURL).check())).toMatchObject({ type: 'transient', ...words });
      expect(await leftOf(at(stub.baseURL).create(createInput))).toMatchObject({
        type: 'unclear',
        ...words,
      });
    },
  );

  it('that unpacks to more than a list can be is no list', async () => {
    await using stub = await startStub(sending('gzip', gzipSync(Buffer.alloc(80 << 20, ' '))));
    expect(await leftOf(at(stub.baseURL).check())).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('more than') as string,
    });
  });

  it.each(packings.slice(3, 6))(
    'as %s is unpacked once over a client of the user',
    async (encoding, pack) => {
      await using stub = await startStub(sending(encoding, pack(Buffer.from(text))));
      const provider = connect({ client: new OpenAI({ baseURL: stub.baseURL, apiKey: secret }) });
      const file = await rightOf(provider.download('file-1'));
      expect([file.bytes, await textOf(file.chunks)]).toEqual([null, text]);
    },
  );
});
