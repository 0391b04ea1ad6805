import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../../adapters/emulator/index.ts';
import { boundary, form, jsonOf, line, multipartHeaders, post, send, upload } from './http.ts';

let emulator: Emulator;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'emulator-spec-'));
  emulator = await startEmulator({
    speed: 0,
    dir: folder,
    faults: [{ type: 'truncated_download', batch: 2, keepRatio: 0.5 }],
  });
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true });
});

const uploadBody = (
  body: string | Buffer | AsyncIterable<Buffer>,
  headers: Record<string, string> = multipartHeaders,
) => send(emulator, 'POST', '/v1/files', { headers, body });

const contentOf = async (id: string, headers: Record<string, string> = {}) =>
  send(emulator, 'GET', `/v1/files/${id}/content`, { headers });

const idOf = (value: unknown): string => (value as { readonly id: string }).id;

describe('an upload', () => {
  it('keeps its bytes, however the body is split into chunks and whatever resembles a boundary in it', async () => {
    const text = `${line('a', `\r\n--${boundary.slice(0, -1)}x \u2028 ünï`)}\r\n--\r\n--the-`;
    const whole = Buffer.from(form({ purpose: 'batch' }, { name: 'input.jsonl', text }));
    for (const size of [1, 2, 3, 7, 64, 100_000]) {
      const reply = await uploadBody(slices(whole, size));
      expect(reply.statusCode).toBe(200);
      expect(jsonOf(reply)).toMatchObject({
        bytes: Buffer.byteLength(text),
        filename: 'input.jsonl',
        purpose: 'batch',
      });
      expect((await contentOf(idOf(jsonOf(reply)))).body.toString('utf8')).toBe(text);
    }
  });

  it('takes the purpose after the file, and an expiry', async () => {
    const file = form({}, { name: 'x.jsonl', text: line('a') }).replace(`--${boundary}--\r\n`, '');
    const reply = await uploadBody(
      file +
        form({
          purpose: 'batch',
          'expires_after[anchor]': 'created_at',
          'expires_after[seconds]': '7200',
        }),
    );
    const body = jsonOf(reply) as { readonly created_at: number; readonly expires_at: number };
    expect(body.expires_at - body.created_at).toBe(7_200);
  });

  it.each([
    [
      'no boundary in the header',
      form({ purpose: 'batch' }),
      { 'content-type': 'multipart/form-data' },
    ],
    ['another content type', '{}', { 'content-type': 'application/json' }],
    ['no part at all', '', multipartHeaders],
    [
      'a body that ends early',
      form({ purpose: 'batch' }, { name: 'a.jsonl', text: line('a') }).slice(0, -20),
      multipartHeaders,
    ],
    [
      'a part without a name',
      `--${boundary}\r\ncontent-type: text/plain\r\n\r\nx\r\n--${boundary}--\r\n`,
      multipartHeaders,
    ],
    [
      'rubbish after a boundary',
      `--${boundary}rubbish\r\n\r\nx\r\n--${boundary}--\r\n`,
      multipartHeaders,
    ],
    ['headers without end', `--${boundary}\r\n${'x'.repeat(40_000)}`, multipartHeaders],
    ['a field too long', form({ purpose: 'b'.repeat(100_000) }), multipartHeaders],
    [
      'two files',
      form({}, { name: 'a.jsonl', text: 'a' }).replace(`--${boundary}--\r\n`, '') +
        form({ purpose: 'batch' }, { name: 'b.jsonl', text: 'b' }),
      multipartHeaders,
    ],
    ['no file', form({ purpose: 'batch' }), multipartHeaders],
    ['no purpose', form({}, { name: 'a.jsonl', text: line('a') }), multipartHeaders],
    [
      'a name that is not .jsonl',
      form({ purpose: 'batch' }, { name: 'a.txt', text: line('a') }),
      multipartHeaders,
    ],
    [
      'an expiry that is no number',
      form(
        { purpose: 'batch', 'expires_after[seconds]': 'soon' },
        { name: 'a.jsonl', text: line('a') },
      ),
      multipartHeaders,
    ],
  ])('with %s is refused with 400, and leaves nothing behind', async (_name, body, headers) => {
    const before = readdirSync(folder).length;
    const reply = await uploadBody(body, headers);
    expect(reply.statusCode).toBe(400);
    expect(jsonOf(reply)).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(readdirSync(folder)).toHaveLength(before);
  });

  it('that its client aborts leaves nothing behind', async () => {
    const before = readdirSync(folder).length;
    await expect(uploadBody(broken())).rejects.toThrow();
    await expect.poll(() => readdirSync(folder).length).toBe(before);
    expect((await upload(emulator, line('a'))).statusCode).toBe(200);
  });

  it('above the limit of its purpose is refused with 413', async () => {
    const small = await startEmulator({ limits: { inputBytesMax: 1_000 } });
    expect((await upload(small, 'x'.repeat(1_001))).statusCode).toBe(413);
    expect((await upload(small, 'x'.repeat(1_000))).statusCode).toBe(200);
    await small.close();
  });
});

describe('a download', () => {
  const text = Array.from({ length: 300 }, (_, index) => line(`row-${index}`)).join('');
  const outputOf = async (): Promise<string> => {
    const file = idOf(jsonOf(await upload(emulator, text)));
    const batch = idOf(
      jsonOf(
        await post(emulator, '/v1/batches', {
          input_file_id: file,
          endpoint: '/v1/responses',
          completion_window: '24h',
        }),
      ),
    );
    await emulator.advance(5 * 3_600_000);
    const ended = jsonOf(await send(emulator, 'GET', `/v1/batches/${batch}`)) as {
      readonly output_file_id: string;
    };
    return ended.output_file_id;
  };

  it('serves ranges', async () => {
    const id = await outputOf();
    const whole = (await contentOf(id)).body;
    const part = await contentOf(id, { range: 'bytes=100-199' });
    expect(part.statusCode).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 100-199/${whole.length}`);
    expect(part.body.equals(whole.subarray(100, 200))).toBe(true);
    const tail = await contentOf(id, { range: `bytes=${whole.length - 5}-` });
    expect(tail.body.equals(whole.subarray(-5))).toBe(true);
    expect((await contentOf(id, { range: `bytes=${whole.length}-` })).statusCode).toBe(416);
    expect((await contentOf(id, { range: 'lines=1-2' })).body.length).toBe(whole.length);
  });

  it('that is truncated announces its whole length and breaks off', async () => {
    const id = await outputOf();
    const cut = await contentOf(id);
    const promised = Number(cut.headers['content-length']);
    expect(cut).toMatchObject({ statusCode: 200, isCut: true });
    expect(cut.body.length).toBe(Math.floor(promised / 2));
    expect((await contentOf(id)).body.length).toBe(promised);
  });
});

describe('closing', () => {
  it('removes the temporary folder, frees the port, and may be repeated', async () => {
    const short = await startEmulator();
    await upload(short, line('a'));
    await short.close();
    await short[Symbol.asyncDispose]();
    await expect(send(short, 'GET', '/v1/files')).rejects.toThrow();
    // A folder that the caller chose stays.
    expect(existsSync(folder)).toBe(true);
  });
});

async function* slices(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < whole.length; start += size)
    yield whole.subarray(start, start + size);
}

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from(form({ purpose: 'batch' }, { name: 'a.jsonl', text: line('a') }).slice(0, -30));
  throw new Error('the client gives up');
}
