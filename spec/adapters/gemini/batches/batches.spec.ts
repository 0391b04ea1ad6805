import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatch } from '../../../../adapters/gemini/batches/batch-object.ts';
import { displayNameOf, markIn } from '../../../../adapters/gemini/batches/display-name.ts';
import type { JsonObject } from '../../../../lib/core/json/json.ts';
import {
  apiError,
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
} from '../stand.ts';

const createTime = '2026-08-19T14:34:12.267870162Z';
const operation = (
  state: string | null,
  more: JsonObject = {},
  own: JsonObject = {},
): JsonObject => ({
  name: 'batches/abc',
  metadata: {
    '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
    model: 'models/gemini-2.5-flash',
    displayName: 'batchor/run-1/bk_1/2',
    createTime,
    updateTime: createTime,
    batchStats: { requestCount: '5', pendingRequestCount: '5' },
    ...(state === null ? {} : { state: `BATCH_STATE_${state}` }),
    ...own,
  },
  ...more,
});
const output = { responsesFile: 'files/batch-abc' };

describe('an operation', () => {
  it.each<[string, string, boolean, string]>([
    ['PENDING', 'validating', false, 'PENDING'],
    ['QUEUED', 'validating', false, 'QUEUED'],
    ['RUNNING', 'in_progress', true, 'RUNNING'],
    ['UPDATING', 'in_progress', true, 'UPDATING'],
    ['PAUSED', 'in_progress', true, 'PAUSED'],
    ['CANCELLING', 'cancelling', true, 'CANCELLING'],
    ['UNSPECIFIED', 'unknown', false, 'UNSPECIFIED'],
    ['NEW_WORD', 'unknown', true, 'NEW_WORD'],
  ])('that is %s runs', (state, stage, isAccepted, shown) => {
    expect(readBatch(operation(state))).toMatchObject({
      state: shown,
      stage,
      isAccepted,
      ending: null,
      mark: { runId: 'run-1', batchKey: 'bk_1', createAttempt: 2 },
      createdAtMs: Date.parse('2026-08-19T14:34:12.267Z'),
      progress: { total: 5, completed: 0, failed: 0 },
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    [
      'SUCCEEDED',
      { done: true, response: output },
      { type: 'completed', outputFileId: 'files/batch-abc' },
    ],
    ['PARTIALLY_SUCCEEDED', { done: true, response: output }, { type: 'completed' }],
    ['CANCELLED', { done: true, error: { code: 1 } }, { type: 'cancelled', outputFileId: null }],
    ['EXPIRED', { done: true, response: output }, { type: 'expired', outputFileId: null }],
    [
      'FAILED',
      { done: true, error: { code: 3, message: 'Line 3: bad request' } },
      { type: 'rejected', rejection: { type: 'invalid_lines', lines: [3] } },
    ],
    [
      'FAILED',
      { done: true, error: { code: 8, message: 'Quota of enqueued tokens exceeded.' } },
      { type: 'rejected', rejection: { type: 'over_capacity' } },
    ],
    ['FAILED', { done: true }, { type: 'rejected', rejection: { type: 'other' } }],
    ['FAILED', { done: true, response: output }, { type: 'completed', rejection: null }],
    ['NEW_WORD', { done: true, response: output }, { type: 'completed' }],
    ['RUNNING', { done: true, error: { code: 13, message: 'Broken.' } }, { type: 'rejected' }],
  ])('that is %s with %j is over', (state, more, ending) => {
    expect(readBatch(operation(state, more))?.ending).toMatchObject({
      errorFileId: null,
      ...ending,
    });
  });

  it('names its answers twice, or once, and counts in texts of which zeros are left out', () => {
    const stats = { requestCount: '5', successfulRequestCount: '3', failedRequestCount: '2' };
    const read = (more: JsonObject, own: JsonObject) =>
      readBatch(operation('SUCCEEDED', more, { batchStats: stats, ...own }));
    for (const [more, own] of [
      [{ done: true, response: output }, { output }],
      [{ done: true, response: output }, {}],
      [{ done: true }, { output }],
    ] as const)
      expect(read(more, own)).toMatchObject({
        outputFileId: 'files/batch-abc',
        progress: { total: 5, completed: 3, failed: 2 },
      });
    expect(read({}, { batchStats: { requestCount: 'many' } })?.progress).toBeNull();
    expect(read({}, { batchStats: {} })?.progress).toBeNull();
  });

  it.each([
    null,
    [],
    {},
    { name: 'models/x' },
    { name: 'batches/../files' },
    { name: 7 },
    apiError(404, 'NOT_FOUND', 'x'),
  ])('is none as %j', (value) => {
    expect(readBatch(value)).toBeNull();
  });

  it('of any form is read without a throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (metadata, response, error) => {
        readBatch({ name: 'batches/a', metadata, response, error, done: true });
      }),
    );
  });
});

describe('a display name', () => {
  it('says whose a batch is, and is batchor’s alone', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/u);
    fc.assert(
      fc.property(id, id, fc.integer({ min: 1, max: 1_000_000 }), (runId, batchKey, attempt) => {
        expect(markIn(displayNameOf(runId, key(batchKey), attempt))).toEqual({
          runId,
          batchKey,
          createAttempt: attempt,
        });
      }),
    );
    for (const name of [
      null,
      '',
      'my batch',
      'batchor/a/b',
      'batchor/a/b/0',
      'x/batchor/a/b/1',
      'batchor/a/b/1/c',
    ])
      expect(markIn(name)).toBeNull();
  });
});

describe('a create', () => {
  const answered = async (status: number, body: unknown) => {
    await using stub = await startStub(({ method }, response) =>
      json(response, method === 'POST' ? status : 200, method === 'POST' ? body : {}),
    );
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    const created = await provider.create(createInput)();
    return { created, seen: stub.seen };
  };

  it('is one POST to the model’s own method, with its display name and nothing of the lines', async () => {
    const { created, seen } = await answered(200, operation('PENDING'));
    expect(created).toMatchObject({
      right: { providerBatchId: 'batches/abc', providerStatus: 'PENDING' },
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.path).toBe('/v1beta/models/gemini-2.5-flash:batchGenerateContent');
    expect(JSON.parse(String(seen[0]?.body))).toEqual({
      batch: { displayName: 'batchor/run-1/bk_1/2', inputConfig: { fileName: 'files/input' } },
    });
  });

  it.each<[string, unknown]>([
    ['another batch', operation('PENDING', {}, { displayName: 'batchor/run-1/bk_2/1' })],
    ['a batch of another program', operation('PENDING', {}, { displayName: 'nightly' })],
    ['no batch', { done: true }],
    ['nothing', ''],
  ])('that is answered with %s is unconfirmed', async (_name, body) => {
    expect((await answered(200, body)).created).toMatchObject({ left: { type: 'unclear' } });
  });

  it('over embeddings goes to their method', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 200, operation('PENDING')),
    );
    const options = { baseURL: stub.baseURL, apiKey: secret };
    const more = { endpoint: 'embedContent', model: 'tunedModels/a b' } as const;
    await rightOf(connect(options, more).create(createInput));
    expect(stub.seen[0]?.path).toBe('/v1beta/models/tunedModels/a%20b:asyncBatchEmbedContent');
  });

  it.each<[string, number, JsonObject, JsonObject | null, string]>([
    [
      'is gone',
      403,
      apiError(
        403,
        'PERMISSION_DENIED',
        'You do not have permission to access the File input or it may not exist.',
      ),
      null,
      'not_found',
    ],
    [
      'is not done',
      400,
      apiError(
        400,
        'FAILED_PRECONDITION',
        'The File input is not in an ACTIVE state and usage is not allowed.',
      ),
      { name: 'files/input', state: 'PROCESSING' },
      'not_ready',
    ],
    [
      'could not be processed',
      400,
      apiError(400, 'INVALID_ARGUMENT', 'The File input failed.'),
      { name: 'files/input', state: 'FAILED', error: { message: 'no JSONL' } },
      'refused',
    ],
    [
      'is fine',
      400,
      apiError(400, 'INVALID_ARGUMENT', 'The file is too good.'),
      { name: 'files/input', state: 'ACTIVE' },
      'refused',
    ],
  ])('whose file %s is refused for that', async (_name, status, body, file, type) => {
    await using stub = await startStub(({ method }, response) => {
      if (method === 'POST') json(response, status, body);
      else if (file === null)
        json(
          response,
          403,
          apiError(403, 'PERMISSION_DENIED', 'No permission, or it may not exist.'),
        );
      else json(response, 200, file);
    });
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    expect(await leftOf(provider.create(createInput))).toMatchObject({ type });
  });
});

describe('the list', () => {
  const entry = (id: string, displayName: string): JsonObject => ({
    ...operation('RUNNING', {}, { displayName }),
    name: `batches/${id}`,
  });
  const file = { name: 'files/f', createTime };
  const stubOf = (pages: Readonly<Record<string, unknown>>) =>
    startStub(({ path, query }, response) => {
      if (path.startsWith('/v1beta/files/')) return json(response, 200, file);
      json(response, 200, pages[query.get('pageToken') ?? '']);
    });
  const sweepOver = async (
    pages: Readonly<Record<string, unknown>>,
    known: readonly string[] = [],
  ) => {
    await using stub = await stubOf(pages);
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    const asked = sweepInput([{ batchKey: 'bk_1', inputFileId: 'files/f' }], known);
    return { report: await provider.sweep(asked)(), seen: stub.seen };
  };

  it('is read to its end, files first, and shows ours wherever they stand', async () => {
    const { report, seen } = await sweepOver(
      {
        '': { operations: [entry('a', 'nightly')], nextPageToken: 'p 2' },
        'p 2': { operations: [entry('b', 'batchor/run-1/bk_0/1')], nextPageToken: 'p3' },
        p3: {
          operations: [entry('c', 'batchor/run-1/bk_1/1'), entry('d', 'batchor/run-1/bk_1/2')],
        },
      },
      ['batches/b', 'batches/z'],
    );
    expect(report).toMatchObject({
      right: {
        found: [
          { providerBatchId: 'batches/c', batchKey: 'bk_1', createAttempt: 1 },
          { providerBatchId: 'batches/d', createAttempt: 2 },
        ],
        files: [{ inputFileId: 'files/f', createdAtMs: Date.parse('2026-08-19T14:34:12.267Z') }],
        readBackToMs: null,
        isRunSeen: true,
        shown: ['batches/b'],
      },
    });
    expect(seen.map(({ path }) => path)).toEqual([
      '/v1beta/files/f',
      '/v1beta/batches',
      '/v1beta/batches',
      '/v1beta/batches',
    ]);
  });

  it('that is empty is an object without members: it shows nothing, and claims no more', async () => {
    expect((await sweepOver({ '': {} })).report).toMatchObject({
      right: { found: [], isRunSeen: false, shown: [], readBackToMs: null },
    });
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['is no list', { '': [] }],
    ['is an error with a status of 200', { '': apiError(500, 'INTERNAL', 'x') }],
    ['has something else in its place', { '': { operations: 'none' } }],
    ['leads back to a page before', { '': { nextPageToken: 'a' }, a: { nextPageToken: 'a' } }],
    ['has an entry that is no batch', { '': { operations: [{ name: 'operations/x' }] } }],
  ])('that %s proves nothing', async (_name, pages) => {
    expect((await sweepOver(pages)).report).toMatchObject({ left: { type: 'refused' } });
  });

  it('with an entry that is no batch still shows ours', async () => {
    const pages = { '': { operations: [{}, entry('c', 'batchor/run-1/bk_1/1')] } };
    expect((await sweepOver(pages)).report).toMatchObject({ right: { found: [{}] } });
  });
});

describe('batches that are asked about', () => {
  it('are read one by one, few at a time, and those that are not there are left out', async () => {
    const answerAfterMs = 5;
    let open = 0;
    let openMax = 0;
    await using stub = await startStub(({ path }, response) => {
      open += 1;
      openMax = Math.max(openMax, open);
      setTimeout(() => {
        open -= 1;
        const id = path.split('/').at(-1) ?? '';
        if (id === 'b3')
          json(response, 404, apiError(404, 'NOT_FOUND', 'Requested entity was not found.'));
        else
          json(response, 200, {
            ...operation('RUNNING', {}, { displayName: 'batchor/run-1/bk/1' }),
            name: `batches/${id}`,
          });
      }, answerAfterMs);
    });
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    const asked = Array.from({ length: 12 }, (_, i) => ({
      batchKey: key('bk'),
      providerBatchId: batchId(`batches/b${i}`),
    }));
    const observed = await rightOf(provider.observe(asked));
    expect(observed.map(({ providerBatchId }) => providerBatchId).toSorted()).toEqual(
      asked
        .map(({ providerBatchId }) => providerBatchId)
        .filter((id) => id !== 'batches/b3')
        .toSorted(),
    );
    expect(openMax).toBeLessThanOrEqual(4);
  });
});

describe('a download', () => {
  it('takes the download address at the service’s own origin, and notices a cut', async () => {
    await using stub = await startStub(({ path }, response) => {
      if (path.includes('cut')) {
        response.writeHead(200, { 'content-length': 100 }).write('{"key"');
        setTimeout(() => response.socket?.destroy(), 20);
      } else response.writeHead(200).end('{"key":"a"}\n');
    });
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    const textOf = async (file: string) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of (await rightOf(provider.download(file))).chunks) parts.push(chunk);
      return Buffer.concat(parts).toString();
    };
    expect(await textOf('files/batch-abc')).toBe('{"key":"a"}\n');
    expect(stub.seen[0]).toMatchObject({
      path: '/download/v1beta/files/batch-abc:download',
      headers: { 'x-goog-api-key': secret },
    });
    expect(stub.seen[0]?.query.toString()).toBe('alt=media');
    await expect(textOf('files/cut')).rejects.toThrow(/ended after 6 of 100 bytes/u);
  });
});
