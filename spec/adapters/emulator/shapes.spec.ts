import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../../adapters/emulator/index.ts';
import { jsonOf, line, post, send, upload } from './http.ts';
import {
  batch,
  batchPage,
  deletedFile,
  errorBody,
  file,
  filePage,
  outputLine,
  type Check,
} from './shapes.ts';

const dayMs = 86_400_000;
let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({
    speed: 0,
    faults: [
      { type: 'rows_fail', ratio: 0.2, statusCode: 500 },
      { type: 'expires', batch: 2, completedRatio: 0.5 },
      { type: 'slow_finalizing', batch: 1, forMs: 2 * 3_600_000 },
    ],
  });
});
afterAll(() => emulator.close());

let checkCount = 0;
const expectShape = (check: Check, value: unknown): void => {
  checkCount += 1;
  expect(check(value, 'body')).toEqual([]);
};

const idOf = (value: unknown): string => (value as { readonly id: string }).id;

const order = async (text: string): Promise<string> => {
  const uploaded = jsonOf(await upload(emulator, text));
  expectShape(file, uploaded);
  const created = jsonOf(
    await post(emulator, '/v1/batches', {
      input_file_id: idOf(uploaded),
      endpoint: '/v1/responses',
      completion_window: '24h',
      metadata: { a: 'b' },
    }),
  );
  expectShape(batch, created);
  return idOf(created);
};

describe('every response body', () => {
  it('has the published shape, in every state of a batch', async () => {
    const text = Array.from({ length: 50 }, (_, index) => line(`row-${index}`)).join('');
    const ids = [await order(text), await order(text), await order('{"bad\n'), await order(text)];
    const statuses = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      for (const id of ids) {
        const seen = jsonOf(await send(emulator, 'GET', `/v1/batches/${id}`));
        expectShape(batch, seen);
        statuses.add((seen as { readonly status: string }).status);
      }
      if (step === 3)
        expectShape(
          batch,
          jsonOf(await send(emulator, 'POST', `/v1/batches/${ids[3] ?? ''}/cancel`)),
        );
      await emulator.advance(step < 30 ? 60_000 : dayMs / 24);
    }
    expect([...statuses].sort()).toEqual([
      'cancelled',
      'cancelling',
      'completed',
      'expired',
      'failed',
      'finalizing',
      'in_progress',
      'validating',
    ]);
    expectShape(batchPage, jsonOf(await send(emulator, 'GET', '/v1/batches?limit=2')));
    expectShape(
      batchPage,
      jsonOf(await send(emulator, 'GET', `/v1/batches?after=${ids[0] ?? ''}`)),
    );
    expect(checkCount).toBeGreaterThan(100);
  });

  it('of a file, a page of files and a deletion has it too', async () => {
    const page = jsonOf(await send(emulator, 'GET', '/v1/files'));
    expectShape(filePage, page);
    const { data } = page as {
      readonly data: readonly { readonly id: string; readonly purpose: string }[];
    };
    const outputs = data.filter(({ purpose }) => purpose === 'batch_output');
    expect(outputs.length).toBeGreaterThan(3);
    for (const { id } of outputs) {
      expectShape(file, jsonOf(await send(emulator, 'GET', `/v1/files/${id}`)));
      const content = await send(emulator, 'GET', `/v1/files/${id}/content`);
      expect(content.headers['content-length']).toBe(String(content.body.length));
      for (const row of content.body.toString('utf8').trimEnd().split('\n'))
        expectShape(outputLine, JSON.parse(row));
    }
    expectShape(
      deletedFile,
      jsonOf(await send(emulator, 'DELETE', `/v1/files/${outputs[0]?.id ?? ''}`)),
    );
    expectShape(filePage, jsonOf(await send(emulator, 'GET', '/v1/files?purpose=vision')));
    expectShape(filePage, jsonOf(await send(emulator, 'GET', '/v1/files?order=asc&limit=1')));
  });

  it.each([
    ['POST', '/v1/batches', 400],
    ['GET', '/v1/batches/batch_none', 404],
    ['POST', '/v1/batches/batch_none/cancel', 404],
    ['GET', '/v1/batches?limit=0', 400],
    ['GET', '/v1/batches?limit=101', 400],
    ['GET', '/v1/batches?limit=many', 400],
    ['GET', '/v1/batches?after=batch_none', 404],
    ['GET', '/v1/files/file-none', 404],
    ['GET', '/v1/files/file-none/content', 404],
    ['DELETE', '/v1/files/file-none', 404],
    ['GET', '/v1/files?limit=10001', 400],
    ['GET', '/v1/files?order=upwards', 400],
    ['POST', '/v1/files', 400],
    ['GET', '/v1/nothing', 404],
    ['GET', '/', 404],
    ['PUT', '/v1/files', 405],
    ['GET', '/v1/files/%E0%A4%A/content', 404],
  ])(
    'of a refused %s %s has the shape of an error, with status %i',
    async (method, path, statusCode) => {
      const reply = await send(emulator, method, path);
      expect(reply.statusCode).toBe(statusCode);
      expect(reply.headers['x-request-id']).toMatch(/^req_/u);
      expectShape(errorBody, jsonOf(reply));
    },
  );

  it('of a call without a key, or with a wrong one, is a 401 that does not repeat the key', async () => {
    const locked = await startEmulator({ apiKey: 'sk-right' });
    const call = (authorization: string) =>
      send(locked, 'GET', '/v1/batches', { headers: { authorization } });
    expect((await call('Bearer sk-right')).statusCode).toBe(200);
    for (const authorization of ['', 'Basic abc', 'Bearer sk-wrong']) {
      const reply = await call(authorization);
      expect(reply.statusCode).toBe(401);
      expectShape(errorBody, jsonOf(reply));
      expect(reply.body.toString()).not.toContain('sk-');
    }
    await locked.close();
  });
});

describe('a check of shapes', () => {
  it('bites: a key more, a key less and a wrong type are each found', () => {
    const good = { id: 'f', object: 'file', deleted: true };
    expect(deletedFile(good, 'it')).toEqual([]);
    expect(deletedFile({ ...good, more: 1 }, 'it')).toHaveLength(1);
    expect(deletedFile({ id: 'f', object: 'file' }, 'it')).toHaveLength(1);
    expect(deletedFile({ ...good, deleted: 'yes' }, 'it')).toHaveLength(1);
  });
});
