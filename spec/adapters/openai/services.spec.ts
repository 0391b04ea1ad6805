import { describe, expect, it } from 'vitest';
import {
  type Answer,
  apiError,
  at,
  batchId,
  createInput,
  json,
  leftOf,
  rightOf,
  startStub,
  sweepInput,
  uploadInput,
} from './stub.ts';

/** A service that answers its list like this, and has files. */
const service =
  (
    list: Answer,
    files: Answer = (_seen, response) =>
      json(response, 200, { object: 'list', data: [], has_more: false }),
  ): Answer =>
  (seen, response) => {
    if (seen.path === '/v1/batches' && seen.method === 'GET') return list(seen, response);
    return seen.path === '/v1/files'
      ? files(seen, response)
      : json(response, 404, apiError('Not Found'));
  };
const answering =
  (status: number, message = 'Method Not Allowed'): Answer =>
  (_seen, response) =>
    json(response, status, { detail: message });

describe('a service that cannot list its batches', () => {
  it.each([405, 501, 404])(
    'says so before anything is sent (%i), with what is lost and the flag that accepts it',
    async (status) => {
      await using stub = await startStub(service(answering(status)));
      const error = await leftOf(at(stub.baseURL).check());
      expect(error).toMatchObject({ type: 'refused' });
      const { message } = error as { readonly message: string };
      expect(message).toContain('does not list its batches');
      expect(message).toContain('answer is lost');
      expect(message).toContain('--accept-no-list');
    },
  );

  it.each([405, 501, 404])('is taken where that is accepted (%i)', async (status) => {
    await using stub = await startStub(service(answering(status)));
    await rightOf(at(stub.baseURL).check({ acceptsNoList: true }));
  });

  it('has its key checked all the same', async () => {
    await using stub = await startStub(
      service(answering(405), (_seen, response) => json(response, 401, apiError('Wrong key.'))),
    );
    expect((await leftOf(at(stub.baseURL).check({ acceptsNoList: true }))).type).toBe(
      'authentication_failed',
    );
  });

  it('is not what answers 404 everywhere: there the address is wrong', async () => {
    await using stub = await startStub(answering(404, 'Not Found'));
    for (const acceptsNoList of [false, true])
      expect(await leftOf(at(stub.baseURL).check({ acceptsNoList }))).toMatchObject({
        message: expect.stringContaining('check the base URL') as string,
      });
  });

  it.each([405, 404, 501])('is asked for each batch by itself (%i)', async (status) => {
    const asked = ['a', 'b', 'c', 'd', 'e'];
    await using stub = await startStub((seen, response) => {
      const id = /^\/v1\/batches\/(.+)$/u.exec(seen.path)?.[1];
      return id === undefined
        ? json(response, status, apiError('No.'))
        : json(response, 200, { id, object: 'batch', status: 'in_progress' });
    });
    const seen = await rightOf(
      at(stub.baseURL).observe(
        asked.map((id) => ({ batchKey: id as never, providerBatchId: batchId(id) })),
      ),
    );
    expect(seen.map(({ providerBatchId }) => providerBatchId)).toEqual(asked);
  });
});

describe('501 from a service', () => {
  it('is a definite refusal of its list and of its cancel, and no outage that passes', async () => {
    await using stub = await startStub(answering(501, 'Not Implemented'));
    expect(await leftOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)))).toMatchObject({
      type: 'refused',
      statusCode: 501,
    });
    expect(await leftOf(at(stub.baseURL).cancel(batchId('b')))).toMatchObject({
      type: 'refused',
      statusCode: 501,
    });
  });

  it('leaves a create unconfirmed, as every 5xx does', async () => {
    await using stub = await startStub(answering(501, 'Not Implemented'));
    expect((await leftOf(at(stub.baseURL).create(createInput))).type).toBe('unclear');
  });

  it('is a definite refusal alone: 500, 502 and 503 of the list pass', async () => {
    for (const status of [500, 502, 503]) {
      await using stub = await startStub(answering(status));
      expect((await leftOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)))).type).toBe('transient');
    }
  });
});

describe('a list that is a bare array', () => {
  const seconds = 1_760_000_000;
  const entry = (index: number, fileId = `file-${index}`) => ({
    id: `b${index}`,
    status: 'IN_PROGRESS',
    input_file_id: fileId,
    created_at: new Date((seconds + 1_000 - index) * 1000).toISOString(),
  });
  const serving =
    (entries: readonly unknown[]): Answer =>
    ({ path }, response) =>
      json(
        response,
        200,
        path.startsWith('/v1/files/')
          ? { id: path.slice('/v1/files/'.length), object: 'file', created_at: seconds }
          : entries,
      );

  it('is a list', async () => {
    await using stub = await startStub(serving([]));
    await rightOf(at(stub.baseURL).check());
  });

  it('shows a batch over our input file', async () => {
    await using stub = await startStub(serving([entry(0), entry(1, 'file-of-k')]));
    const { found } = await rightOf(at(stub.baseURL).sweep(sweepInput(['k'], seconds * 1000)));
    expect(found.map(({ providerBatchId }) => providerBatchId)).toEqual(['b1']);
  });

  it('proves absence only as far back as it shows: nothing says that it is whole', async () => {
    await using stub = await startStub(serving([entry(0), entry(1)]));
    const { found, readBackToMs } = await rightOf(
      at(stub.baseURL).sweep(sweepInput(['k'], seconds * 1000)),
    );
    expect([found, readBackToMs]).toEqual([[], (seconds + 999) * 1000]);
  });
});

describe('an upload that the service has no capacity for', () => {
  it.each([
    [400, 'quotaExceeded', 'The quota for files without expiry is reached. The maximum is 500.'],
    [403, 'storage_limit_exceeded', 'Project storage is full.'],
    [429, null, 'Too many files: delete some.'],
    [400, null, 'File storage limit exceeded for this organization.'],
  ])('(%i %s) names what frees capacity', async (status, code, message) => {
    await using stub = await startStub((_seen, response) =>
      json(response, status, apiError(message, code)),
    );
    const error = await leftOf(at(stub.baseURL).upload(uploadInput('{"a":1}\n')));
    expect(error).toMatchObject({ type: 'refused', statusCode: status });
    const said = (error as { readonly message: string }).message;
    expect(said).toContain(message.replace(/\.$/u, ''));
    for (const flag of [
      '--delete-input-files',
      '--files-expire-after',
      '--output-files-expire-after',
    ])
      expect(said).toContain(flag);
  });

  it.each([
    [413, 'file_too_large', 'File is too large: the limit is 209715200 bytes.'],
    [
      429,
      'insufficient_quota',
      'You exceeded your current quota, please check your plan and billing details.',
    ],
    [429, 'rate_limit_exceeded', 'Rate limit reached for requests.'],
  ])('is not what %i %s says', async (status, code, message) => {
    await using stub = await startStub((_seen, response) =>
      json(response, status, apiError(message, code)),
    );
    const error = await leftOf(at(stub.baseURL).upload(uploadInput('{"a":1}\n')));
    expect((error as { readonly message: string }).message).not.toContain('--files-expire-after');
  });
});

describe('files that are to go by themselves', () => {
  it('are asked for at the upload and at the create, within what the service takes', async () => {
    await using stub = await startStub(({ path }, response) =>
      json(
        response,
        200,
        path === '/v1/files'
          ? { id: 'f', object: 'file' }
          : { id: 'b', object: 'batch', status: 'validating' },
      ),
    );
    await rightOf(
      at(stub.baseURL).upload({ ...uploadInput('{"a":1}\n'), expiresAfterMs: 7_200_000 }),
    );
    await rightOf(at(stub.baseURL).create({ ...createInput, outputExpiresAfterMs: 86_400_000 }));
    await rightOf(at(stub.baseURL).create(createInput));
    const [uploaded, created, plain] = stub.seen.map(({ body }) => body.toString());
    expect(uploaded).toMatch(/expires_after\[seconds\]"\r\n\r\n7200/u);
    expect(JSON.parse(created ?? '')).toMatchObject({
      output_expires_after: { anchor: 'created_at', seconds: 86_400 },
    });
    expect(plain).not.toContain('output_expires_after');
  });
});
