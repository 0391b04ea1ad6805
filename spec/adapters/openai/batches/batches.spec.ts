import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatch } from '../../../../adapters/openai/batches/batch-object.ts';
import type { JsonObject, JsonValue } from '../../../../lib/core/json/json.ts';
import {
  apiError,
  at,
  batchId,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  startStub,
  sweepInput,
  type Answer,
  type Stub,
} from '../stub.ts';

const batch = (more: JsonObject): JsonObject => ({
  id: 'batch_1',
  object: 'batch',
  endpoint: '/v1/responses',
  input_file_id: 'file-1',
  completion_window: '24h',
  status: 'in_progress',
  created_at: 1_760_000_000,
  ...more,
});

describe('a Batch object', () => {
  it.each<[string, JsonObject, JsonObject | null]>([
    [
      'completed',
      { output_file_id: 'file-o', error_file_id: '' },
      { type: 'completed', outputFileId: 'file-o', errorFileId: null, rejection: null },
    ],
    [
      'completed',
      { output_file_id: null, error_file_id: 'file-e' },
      { type: 'completed', outputFileId: null, errorFileId: 'file-e', rejection: null },
    ],
    [
      'COMPLETED',
      {},
      { type: 'completed', outputFileId: null, errorFileId: null, rejection: null },
    ],
    [
      'expired',
      { output_file_id: 'file-o' },
      { type: 'expired', outputFileId: 'file-o', errorFileId: null, rejection: null },
    ],
    [
      'cancelled',
      {},
      { type: 'cancelled', outputFileId: null, errorFileId: null, rejection: null },
    ],
    ['failed', {}, { type: 'rejected', rejection: { type: 'other' } }],
    ['validating', {}, null],
    ['in_progress', {}, null],
    ['finalizing', { output_file_id: 'file-o' }, null],
    ['cancelling', {}, null],
    ['paused_for_maintenance', {}, null],
    ['constructor', {}, null],
  ])('that is %s, with %j, ends as it says', (status, more, ending) => {
    const report = readBatch(batch({ status, ...more }));
    expect(report?.status).toBe(status);
    if (ending === null) expect(report?.ending).toBeNull();
    else expect(report?.ending).toMatchObject(ending);
  });

  it.each<[JsonObject, unknown]>([
    [
      { request_counts: { total: 3, completed: 1, failed: 0 } },
      { total: 3, completed: 1, failed: 0 },
    ],
    [{ request_counts: null }, null],
    [{ request_counts: { total: null, completed: null, failed: null } }, null],
    [{}, null],
  ])('with %j tells its progress', (more, progress) => {
    expect(readBatch(batch(more))?.progress).toEqual(progress);
  });

  const entry = (code: string | null, line: number | null, message = 'Wrong.'): JsonObject => ({
    code,
    line,
    message,
    param: null,
  });
  it.each<[string, readonly JsonObject[] | null, JsonObject]>([
    [
      'bad lines',
      [
        entry('invalid_json_line', 7),
        entry('invalid_json_line', 3),
        entry('missing_required_parameter', 3),
      ],
      {
        type: 'invalid_lines',
        lines: [3, 7],
        message: 'line 7: invalid_json_line: Wrong. (and 2 more)',
      },
    ],
    [
      'a bad line and a remark on the whole',
      [entry('batch_invalid', null, 'The batch has errors.'), entry('invalid_json_line', 3)],
      {
        type: 'invalid_lines',
        lines: [3],
        message: 'line 3: invalid_json_line: Wrong. (and 1 more)',
      },
    ],
    [
      'a bad line and a model',
      [entry('invalid_json_line', 3), entry('model_not_found', null)],
      { type: 'other', lines: [] },
    ],
    [
      'a line as a text of digits',
      [{ ...entry('c', null), line: '2' }],
      { type: 'invalid_lines', lines: [2] },
    ],
    [
      'a line under another name',
      [{ code: 'c', line_number: 2, message: 'm' }],
      { type: 'invalid_lines', lines: [2] },
    ],
    [
      'a line in words',
      [entry('c', null, 'Invalid request on line 2: bad temperature')],
      { type: 'invalid_lines', lines: [2] },
    ],
    [
      'lines in words',
      [entry('c', null, 'Invalid requests on lines 2, 5 and 7.')],
      { type: 'invalid_lines', lines: [2, 5, 7] },
    ],
    [
      'a line in words, and a count',
      [entry('c', null, 'Invalid requests: line 2 and 3 others')],
      { type: 'invalid_lines', lines: [2] },
    ],
    [
      'a line in words, and a parser’s place',
      [entry('c', null, 'line 2: bad JSON (line 1 column 5)')],
      { type: 'invalid_lines', lines: [2] },
    ],
    [
      'a parser’s place',
      [entry('c', null, 'bad JSON: line 1 column 5')],
      { type: 'other', lines: [] },
    ],
    [
      'a line of its own, and another in words',
      [entry('c', 2, 'as on line 5')],
      { type: 'invalid_lines', lines: [2] },
    ],
    ['a line that is none', [entry('c', 0)], { type: 'other', lines: [] }],
    [
      'a message that wraps another',
      [{ code: null, line: 2, message: { error: { message: 'inner', code: 'content_filter' } } }],
      {
        type: 'invalid_lines',
        said: [
          {
            line: 2,
            code: 'content_filter',
            message: 'inner',
            param: null,
            failureClass: 'content_filtered',
          },
        ],
      },
    ],
    [
      'a full queue',
      [
        entry(
          'token_limit_exceeded',
          null,
          'Enqueued token limit reached for m in organization o. Limit: 90,000 enqueued tokens.',
        ),
      ],
      { type: 'over_capacity', statedTokensMax: 90_000 },
    ],
    [
      'a full queue without a number',
      [entry('token_limit_exceeded', null)],
      { type: 'over_capacity', statedTokensMax: null },
    ],
    [
      'an empty account',
      [entry('billing_hard_limit_reached', null)],
      { type: 'insufficient_quota' },
    ],
    [
      'an empty account, its code in one word',
      [entry('InsufficientQuota', 2)],
      { type: 'insufficient_quota' },
    ],
    [
      'an empty account in words',
      [entry('x', null, 'You exceeded your current quota.')],
      { type: 'insufficient_quota' },
    ],
    [
      'a full queue, its code with capitals',
      [entry('Token_Limit_Exceeded', null)],
      { type: 'over_capacity' },
    ],
    ['a model, its code in one word', [entry('ModelNotFound', 1)], { type: 'other', lines: [] }],
    [
      'a missing file',
      [entry('invalid_request', null, 'Cannot find file file-1')],
      { type: 'other', message: 'invalid_request: Cannot find file file-1' },
    ],
    [
      'a model that no line could name rightly',
      [entry('model_not_found', 1), entry('model_not_found', 2)],
      { type: 'other', lines: [] },
    ],
    [
      'the size of its file',
      [entry('invalid_input_file', null, 'The file exceeds the maximum file size of 100 MB.')],
      {
        type: 'too_large',
        statedBytesMax: 100_000_000,
        said: [{ line: 1, code: 'invalid_input_file' }],
      },
    ],
    [
      'the size of its file, by the code alone',
      [entry('file_too_large', null)],
      { type: 'too_large', statedBytesMax: null },
    ],
    [
      'a line that is too large',
      [entry('invalid_request', 3, 'The request is too large.')],
      { type: 'invalid_lines', lines: [3] },
    ],
    [
      'a line that is too large, in words',
      [entry('c', null, 'The request on line 3 is too large.')],
      { type: 'invalid_lines', lines: [3] },
    ],
    [
      'nothing',
      null,
      { type: 'other', message: 'the provider failed the batch and did not say why' },
    ],
  ])('that failed for %s says so', (_name, data, rejection) => {
    const report = readBatch(
      batch({ status: 'failed', errors: data === null ? null : { object: 'list', data } }),
    );
    expect(report?.ending?.rejection).toMatchObject(rejection);
  });

  it.each<[string, JsonValue, JsonObject]>([
    ['a text', 'all is bad', { type: 'other', message: 'no code: all is bad' }],
    ['a list of texts', { data: ['bad: line 2'] }, { type: 'invalid_lines', lines: [2] }],
    ['one entry alone', entry('c', 2), { type: 'invalid_lines', lines: [2] }],
    ['an error alone', { error: { code: 'c', message: 'm' } }, { type: 'other', message: 'c: m' }],
    [
      'an empty list',
      { object: 'list', data: [] },
      { type: 'other', message: 'the provider failed the batch and did not say why' },
    ],
    [
      'an object of nothing',
      { object: 'list' },
      { type: 'other', message: 'the provider failed the batch and did not say why' },
    ],
  ])('that failed, with errors as %s, says so', (_name, errors, rejection) => {
    expect(readBatch(batch({ status: 'failed', errors }))?.ending?.rejection).toMatchObject(
      rejection,
    );
  });

  it('names no more than a thousand lines', () => {
    const data = Array.from({ length: 5_000 }, (_, index) =>
      entry('invalid_json_line', 5_000 - index),
    );
    const rejection = readBatch(batch({ status: 'failed', errors: { data } }))?.ending?.rejection;
    expect(rejection?.lines).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  it('of any shape is read or is none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.dictionary(
            fc.constantFrom(
              'id',
              'status',
              'errors',
              'request_counts',
              'metadata',
              'created_at',
              'output_file_id',
            ),
            fc.jsonValue(),
          ),
        ),
        (value) => {
          const report = readBatch(value);
          expect(report === null || typeof report.status === 'string').toBe(true);
        },
      ),
    );
  });
});

describe('a create', () => {
  it('carries the key, the attempt and the user’s pairs', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, batch({ id: 'batch_7', status: 'validating' }));
    });
    expect(await rightOf(at(stub.baseURL).create(createInput))).toEqual({
      providerBatchId: 'batch_7',
      providerStatus: 'validating',
    });
    expect(JSON.parse(stub.seen[0]?.body.toString() ?? '')).toEqual({
      input_file_id: 'file-1',
      endpoint: '/v1/responses',
      completion_window: '24h',
      metadata: { team: 'blue', batchor_batch_key: 'key-1', batchor_attempt: '2' },
    });
  });

  it('with more pairs than a batch carries is refused before it is sent', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, batch({}));
    });
    const metadata = Object.fromEntries(
      Array.from({ length: 15 }, (_, index) => [`k${index}`, 'v']),
    );
    expect(await leftOf(at(stub.baseURL).create({ ...createInput, metadata }))).toMatchObject({
      type: 'refused',
      statusCode: null,
    });
    expect(stub.seen).toHaveLength(0);
  });
});

/**
 * A provider that holds these batches, newest first, in pages as asked for; it does not know ids
 * beginning with `unknown`.
 */
const holding =
  (all: readonly JsonObject[]): Answer =>
  ({ path, query }, response) => {
    if (path === '/v1/batches') {
      const start =
        query.get('after') === null ? 0 : all.findIndex(({ id }) => id === query.get('after')) + 1;
      const data = all.slice(start, start + Number(query.get('limit')));
      json(response, 200, { object: 'list', data, has_more: start + data.length < all.length });
      return;
    }
    const found = all.find(({ id }) => path === `/v1/batches/${String(id)}`);
    if (found === undefined) json(response, 404, apiError('No batch found.'));
    else json(response, 200, found);
  };
const many = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) =>
    batch({
      id: `batch_${index}`,
      created_at: 1_760_000_000 - index * 60,
      metadata: { batchor_batch_key: `key-${index % 10}`, batchor_attempt: String(index) },
    }),
  );
const asked = (...numbers: readonly number[]) =>
  numbers.map((number) => ({
    batchKey: key(`key-${number % 10}`),
    providerBatchId: batchId(`batch_${number}`),
  }));

describe('observing', () => {
  it.each<[string, readonly number[], number]>([
    ['a few batches asks for each', [0, 250, 299], 3],
    [
      'many recent batches reads one page of the list',
      Array.from({ length: 60 }, (_, index) => index),
      1,
    ],
    [
      'many batches far back reads the list while it helps',
      Array.from({ length: 250 }, (_, index) => index),
      3,
    ],
    ['some batches far back gives the list up after a page without news', [200, 201, 202, 203], 5],
    ['batches here and there mixes both', [0, 1, 2, 299], 3],
  ])('%s', async (_name, numbers, calls) => {
    await using stub = await startStub(holding(many(300)));
    const observations = await rightOf(at(stub.baseURL).observe(asked(...numbers)));
    expect(observations.map(({ providerBatchId }) => providerBatchId)).toEqual(
      numbers.map((number) => `batch_${number}`),
    );
    expect(stub.seen).toHaveLength(calls);
  });

  it('leaves out what the provider does not know, and what is no batch any more', async () => {
    const vanished: Answer = (seen, response) => {
      if (seen.path.endsWith('/batch_1')) json(response, 200, { error: { message: 'gone' } });
      else holding(many(3))(seen, response);
    };
    await using stub = await startStub(vanished);
    const observations = await rightOf(at(stub.baseURL).observe(asked(0, 1, 77)));
    // Node's server says its time in every answer, to the second.
    expect(Math.abs((observations[0]?.providerNowMs ?? 0) - Date.now())).toBeLessThan(3_600_000);
    expect(observations.map(({ providerBatchId }) => providerBatchId)).toEqual(['batch_0']);
  });

  it('fails as a whole where one answer fails: half a list proves nothing', async () => {
    await using stub = await startStub((seen, response) => {
      if (seen.path.endsWith('/batch_1')) json(response, 401, apiError('Key revoked.'));
      else holding(many(3))(seen, response);
    });
    expect((await leftOf(at(stub.baseURL).observe(asked(0, 1)))).type).toBe(
      'authentication_failed',
    );
  });

  it('asks for an id as one segment of the path', async () => {
    await using stub = await startStub(holding([]));
    await rightOf(
      at(stub.baseURL).observe([
        { batchKey: key('k'), providerBatchId: batchId('../../files?x=1#') },
      ]),
    );
    expect(stub.seen[0]?.path.startsWith('/v1/batches/')).toBe(true);
  });

  it('of nothing asks nothing', async () => {
    await using stub = await startStub(holding([]));
    expect(await rightOf(at(stub.baseURL).observe([]))).toEqual([]);
    expect(stub.seen).toHaveLength(0);
  });
});

describe('reconciling', () => {
  const pagesOf = (stub: Stub): number =>
    stub.seen.filter(({ path }) => path === '/v1/batches').length;
  const createdMs = (index: number): number => (1_760_000_000 - index * 60) * 1000;

  it('finds every batch under its keys, back to the moment and a margin, and reads no further', async () => {
    await using stub = await startStub(holding(many(1_000)));
    const { found, readBackToMs } = await rightOf(
      at(stub.baseURL).sweep(sweepInput(['key-3', 'key-4'], createdMs(150))),
    );
    expect(readBackToMs).toBe(createdMs(150) - 600_000);
    expect(found.map(({ createAttempt }) => createAttempt)).toEqual(
      Array.from({ length: 300 }, (_, index) => index).filter(
        (index) => index % 10 === 3 || index % 10 === 4,
      ),
    );
    expect(found[0]).toEqual({
      batchKey: 'key-3',
      createAttempt: 3,
      providerBatchId: 'batch_3',
      inputFileId: 'file-1',
      providerStatus: 'in_progress',
      createdAtMs: createdMs(3),
      ending: null,
    });
    expect(pagesOf(stub)).toBe(3);
  });

  it('says which of the known batches the list showed, and reads on for those that are older', async () => {
    await using stub = await startStub(holding(many(500)));
    const input = sweepInput(['nobody'], createdMs(10), ['batch_7', 'batch_420', 'batch_gone']);
    const report = await rightOf(at(stub.baseURL).sweep(input));
    expect(report.shown).toEqual(['batch_7', 'batch_420']);
    // One of them is nowhere: only the end of the list says so.
    expect(report.readBackToMs).toBeNull();
    const soon = await rightOf(
      at(stub.baseURL).sweep({ ...input, known: input.known.slice(0, 2) }),
    );
    expect(soon.readBackToMs).not.toBeNull();
  });

  it('reads to the end where nothing is old enough', async () => {
    await using stub = await startStub(holding(many(250)));
    expect(await rightOf(at(stub.baseURL).sweep(sweepInput(['nobody'], 0)))).toEqual({
      found: [],
      files: [],
      readBackToMs: null,
      isRunSeen: false,
      shown: [],
    });
    expect(pagesOf(stub)).toBe(3);
  });

  it('reads to the end of a list that runs the other way', async () => {
    await using stub = await startStub(holding([...many(250)].reverse()));
    const { found } = await rightOf(at(stub.baseURL).sweep(sweepInput(['key-0'], createdMs(5))));
    expect(found.some(({ createAttempt }) => createAttempt === 0)).toBe(true);
  });

  it('knows the dead from the living, and bears batches of strangers', async () => {
    const all = [
      batch({
        id: 'a',
        status: 'failed',
        metadata: { batchor_batch_key: 'key-1', batchor_attempt: '1' },
      }),
      batch({
        id: 'b',
        status: 'cancelling',
        metadata: { batchor_batch_key: 'key-1', batchor_attempt: '2' },
      }),
      batch({ id: 'c', metadata: null }),
      batch({ id: 'd', metadata: { batchor_batch_key: 'key-1' } }),
    ];
    await using stub = await startStub(holding(all));
    const { found } = await rightOf(at(stub.baseURL).sweep(sweepInput(['key-1'], 0)));
    expect(
      found.map(({ providerBatchId, createAttempt, ending }) => [
        providerBatchId,
        createAttempt,
        ending,
      ]),
    ).toEqual([
      ['a', 1, 'rejected'],
      ['b', 2, null],
      ['d', 0, null],
    ]);
  });

  it.each<[string, unknown]>([
    ['never ends', { object: 'list', data: [batch({})], has_more: true }],
    ['goes on behind nothing', { object: 'list', data: [], has_more: true }],
    ['goes on behind something without an id', { object: 'list', data: [{}], has_more: true }],
  ])('takes no list for whole that %s: absence would be proof', async (_name, page) => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, page);
    });
    expect((await leftOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)))).type).toBe('refused');
    expect(pagesOf(stub)).toBeLessThan(4);
  });

  it('continues behind an entry that is no batch', async () => {
    await using stub = await startStub(({ query }, response) => {
      if (query.get('after') === null)
        json(response, 200, { data: [batch({ id: 'a' }), { id: 'odd' }], has_more: true });
      else
        json(response, 200, {
          data: [
            batch({ id: 'b', metadata: { batchor_batch_key: 'key-1', batchor_attempt: '1' } }),
          ],
          has_more: false,
        });
    });
    expect((await rightOf(at(stub.baseURL).sweep(sweepInput(['key-1'], 0)))).found).toHaveLength(1);
    expect(stub.seen[2]?.query.get('after')).toBe('odd');
  });
});

describe('reconciling a lost create', () => {
  const fileMs = 1_759_990_000_000;
  const withFile =
    (file: (response: Parameters<Answer>[1]) => void, all: readonly JsonObject[]): Answer =>
    (seen, response) => {
      if (seen.path.startsWith('/v1/files/')) file(response);
      else holding(all)(seen, response);
    };
  const fileObject = { id: 'file-of-k', object: 'file', created_at: fileMs / 1000 };

  it('reads its input file first, and the list back behind it, whatever our clock says', async () => {
    await using stub = await startStub(
      withFile((response) => json(response, 200, fileObject), many(1_000)),
    );
    const report = await rightOf(at(stub.baseURL).sweep(sweepInput(['k'], Date.now())));
    expect(stub.seen[0]?.path).toBe('/v1/files/file-of-k');
    expect(report.files).toEqual([{ inputFileId: 'file-of-k', createdAtMs: fileMs }]);
    expect(report.readBackToMs).toBeLessThan(fileMs);
    expect(stub.seen.length).toBe(1 + 3);
  });

  it('finds a batch by its input file where it carries no key, and says whether the run is seen at all', async () => {
    const all = [
      batch({ id: 'mine', input_file_id: 'file-of-k', metadata: null }),
      batch({ id: 'sister', metadata: { batchor_run_id: 'run' } }),
    ];
    await using stub = await startStub(
      withFile((response) => json(response, 200, fileObject), all),
    );
    const report = await rightOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)));
    expect(report.found).toMatchObject([
      { providerBatchId: 'mine', batchKey: null, inputFileId: 'file-of-k' },
    ]);
    expect(report.isRunSeen).toBe(true);
  });

  it('takes a file that answers 404 for one that this key cannot read, and no other answer', async () => {
    await using unknown = await startStub(
      withFile((response) => json(response, 404, apiError('No such File object.')), []),
    );
    expect((await rightOf(at(unknown.baseURL).sweep(sweepInput(['k'], 0)))).files).toEqual([]);
    await using forbidden = await startStub(
      withFile((response) => json(response, 403, apiError('Not yours.')), []),
    );
    expect((await leftOf(at(forbidden.baseURL).sweep(sweepInput(['k'], 0)))).type).toBe(
      'authentication_failed',
    );
  });
});

describe('a file that is deleted', () => {
  it.each<[number, string | null]>([
    [200, null],
    [404, null],
    [401, 'authentication_failed'],
    [403, 'refused'],
    [400, 'refused'],
  ])('answers %i', async (status, fault) => {
    await using stub = await startStub((_seen, response) =>
      json(response, status, status === 200 ? { deleted: true } : apiError('No.')),
    );
    const deleted = await at(stub.baseURL).deleteFile('file-1')();
    expect(deleted._tag === 'Left' ? deleted.left.type : null).toBe(fault);
    expect(stub.seen[0]).toMatchObject({ method: 'DELETE', path: '/v1/files/file-1' });
  });
});

describe('a cancel', () => {
  it.each<[string, number, string, boolean]>([
    ['is heard', 200, 'cancelling', true],
    ['of a batch that is over is true anyway', 409, 'completed', true],
    ['of a batch that is over is true anyway', 400, 'expired', true],
    ['of a batch that is being cancelled is true anyway', 409, 'cancelling', true],
    ['that is refused while the batch runs is not', 409, 'in_progress', false],
  ])('%s (%i, %s)', async (_name, status, batchStatus, isTrue) => {
    await using stub = await startStub((seen, response) => {
      if (seen.method === 'POST')
        json(
          response,
          status,
          status === 200 ? batch({ status: batchStatus }) : apiError('Cannot cancel.'),
        );
      else json(response, 200, batch({ status: batchStatus }));
    });
    const answer = await at(stub.baseURL).cancel(batchId('batch_1'))();
    expect(answer._tag).toBe(isTrue ? 'Right' : 'Left');
    expect(stub.seen.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      '/v1/batches/batch_1/cancel',
    ]);
  });
});
