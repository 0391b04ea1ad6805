import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../lib/core/json/json.ts';
import type { PortError } from '../../../../lib/ports/port-error.ts';
import {
  apiError,
  batchId,
  connect,
  createInput,
  json,
  leftOf,
  retryInfo,
  secret,
  startStub,
} from '../stand.ts';

type Call = 'create' | 'check' | 'cancel' | 'delete';

/** What the adapter makes of an answer of error. */
const errorOf = async (
  call: Call,
  status: number,
  body: JsonObject | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<PortError> => {
  await using stub = await startStub((_seen, response) => {
    if (typeof body === 'string') response.writeHead(status, headers).end(body);
    else json(response, status, body, headers);
  });
  const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
  const port =
    call === 'create'
      ? provider.create(createInput)
      : call === 'check'
        ? provider.check()
        : call === 'delete'
          ? provider.deleteFile('files/a')
          : provider.cancel(batchId('batches/a'));
  return await leftOf(port);
};

const vague = 'You exceeded your current quota, please check your plan and billing details.';
const keyInfo = { reason: 'API_KEY_INVALID', domain: 'googleapis.com' };
const quota = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId }],
});

describe('an answer of error', () => {
  it.each<[string, Call, number, JsonObject, PortError['type']]>([
    [
      'a wrong key',
      'check',
      400,
      apiError(400, 'INVALID_ARGUMENT', 'API key not valid.', [keyInfo]),
      'authentication_failed',
    ],
    [
      'a wrong key, in words alone',
      'create',
      400,
      apiError(400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.'),
      'authentication_failed',
    ],
    [
      'no identity',
      'check',
      401,
      apiError(401, 'UNAUTHENTICATED', 'Request is missing credentials.'),
      'authentication_failed',
    ],
    [
      'no permission',
      'create',
      403,
      apiError(403, 'PERMISSION_DENIED', 'The caller does not have permission'),
      'authentication_failed',
    ],
    [
      'a region',
      'create',
      400,
      apiError(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
      'refused',
    ],
    [
      'a bad argument',
      'create',
      400,
      apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.'),
      'refused',
    ],
    [
      'a model that there is not',
      'create',
      404,
      apiError(404, 'NOT_FOUND', 'models/x is not found for API version v1beta.'),
      'refused',
    ],
    [
      'a batch that there is not',
      'cancel',
      404,
      apiError(404, 'NOT_FOUND', 'Requested entity was not found.'),
      'not_found',
    ],
    [
      'a file that this key may not delete',
      'delete',
      403,
      apiError(403, 'PERMISSION_DENIED', 'The caller does not have permission'),
      'refused',
    ],
    [
      'no credit',
      'create',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.'),
      'insufficient_quota',
    ],
    [
      'a spend cap',
      'create',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', 'The project has exceeded its monthly spending cap.'),
      'insufficient_quota',
    ],
    [
      'no billing',
      'create',
      400,
      apiError(400, 'FAILED_PRECONDITION', 'Please enable billing on project 12.'),
      'insufficient_quota',
    ],
    [
      'a rate, with its time',
      'create',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', vague, [retryInfo('7.5s')]),
      'transient',
    ],
    [
      'a rate, by its quota',
      'create',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', vague, [quota('CreateBatchRequestsPerMinutePerProject')]),
      'transient',
    ],
    [
      'a full queue, which says nothing of time',
      'create',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', vague),
      'over_capacity',
    ],
    [
      'a full queue by its name',
      'create',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', vague, [
        quota('BatchEnqueuedTokensPerModel'),
        retryInfo('60s'),
      ]),
      'over_capacity',
    ],
    [
      'too many of anything else',
      'check',
      429,
      apiError(429, 'RESOURCE_EXHAUSTED', vague),
      'transient',
    ],
    [
      'an error inside',
      'check',
      500,
      apiError(500, 'INTERNAL', 'Internal error encountered.'),
      'transient',
    ],
    [
      'overload',
      'check',
      503,
      apiError(503, 'UNAVAILABLE', 'The service is currently unavailable.'),
      'transient',
    ],
    ['a conflict', 'check', 409, apiError(409, 'ABORTED', 'Aborted.'), 'transient'],
    [
      'an error inside, of a create',
      'create',
      500,
      apiError(500, 'INTERNAL', 'Internal error encountered.'),
      'unclear',
    ],
    [
      'overload, of a create',
      'create',
      503,
      apiError(503, 'UNAVAILABLE', 'Overloaded.'),
      'unclear',
    ],
    [
      'a deadline, of a create',
      'create',
      504,
      apiError(504, 'DEADLINE_EXCEEDED', 'Deadline expired.'),
      'unclear',
    ],
    ['a conflict, of a create', 'create', 409, apiError(409, 'ABORTED', 'Aborted.'), 'unclear'],
  ])('of %s (%s) is reported as what it is', async (_name, call, status, body, type) => {
    expect(await errorOf(call, status, body)).toMatchObject({ type });
  });

  it('names a time to wait: of RetryInfo, or of the header', async () => {
    const body = apiError(429, 'RESOURCE_EXHAUSTED', vague, [retryInfo('7.5s')]);
    expect(await errorOf('check', 429, body)).toMatchObject({ retryAfterMs: 7_500 });
    expect(await errorOf('check', 429, body, { 'retry-after': '3' })).toMatchObject({
      retryAfterMs: 3_000,
    });
    const none = apiError(503, 'UNAVAILABLE', 'Later.', [retryInfo('soon')]);
    expect(await errorOf('check', 503, none)).toMatchObject({ retryAfterMs: null });
    expect(
      await errorOf('create', 429, apiError(429, 'X', 'y'), { 'retry-after': '3' }),
    ).toMatchObject({
      type: 'transient',
      retryAfterMs: 3_000,
    });
  });

  it('may state the limit of the queue', async () => {
    const words = 'Enqueued token limit reached. Limit: 3,000,000 enqueued tokens.';
    expect(await errorOf('create', 429, apiError(429, 'RESOURCE_EXHAUSTED', words))).toMatchObject({
      type: 'over_capacity',
      statedTokensMax: 3_000_000,
    });
  });

  it.each(['', '<html><title>502 Bad Gateway</title></html>', '[{"error":{"code":502}}]', '{'])(
    'may be no JSON of Google’s: %j',
    async (body) => {
      expect(await errorOf('check', 502, body)).toMatchObject({ type: 'transient' });
      expect(await errorOf('create', 502, body)).toMatchObject({ type: 'unclear' });
    },
  );

  it('shows no key, in whatever words it comes back', async () => {
    const words = `Key ${secret} is bad: x-goog-api-key: ${secret}\u001b[31m`;
    for (const [call, status] of [
      ['check', 400],
      ['create', 500],
      ['check', 403],
    ] as const) {
      const error = await errorOf(call, status, apiError(status, 'INVALID_ARGUMENT', words));
      expect(JSON.stringify(error)).not.toContain(secret);
      expect(JSON.stringify(error)).toContain('[secret]');
      expect(JSON.stringify(error)).not.toContain('\\u001b');
    }
  });

  it('of an address where nothing listens is a request that was never sent', async () => {
    const provider = connect({ baseURL: 'http://127.0.0.1:9', apiKey: secret });
    expect(await leftOf(provider.create(createInput))).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('cannot reach http://127.0.0.1:9') as string,
    });
  });

  it('that does not come leaves a create unconfirmed, and anything else for later', async () => {
    await using stub = await startStub((_seen, response) => response.socket?.destroy());
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    expect(await leftOf(provider.create(createInput))).toMatchObject({ type: 'unclear' });
    expect(await leftOf(provider.check())).toMatchObject({ type: 'transient' });
    expect(stub.seen).toHaveLength(2);
  });

  it('that begins and does not end is given up', async () => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"name": "batches/');
    });
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret }, { requestTimeoutMs: 300 });
    expect(await leftOf(provider.create(createInput))).toMatchObject({ type: 'unclear' });
    expect(await leftOf(provider.check())).toMatchObject({ type: 'transient' });
  });
});
