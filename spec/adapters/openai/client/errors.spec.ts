import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { PortError } from '../../../../lib/ports/port-error.ts';
import {
  apiError,
  at,
  batchId,
  createInput,
  json,
  leftOf,
  startStub,
  sweepInput,
  uploadInput,
  type Answer,
} from '../stub.ts';

type Type = PortError['type'];

/** One row: what the server says, and what that means for a create and for an upload. */
const answers: readonly [
  name: string,
  status: number,
  body: unknown,
  created: Type,
  uploaded: Type,
][] = [
  [
    'a wrong key',
    401,
    apiError('Incorrect API key provided.', 'invalid_api_key'),
    'authentication_failed',
    'authentication_failed',
  ],
  [
    'a forbidden region',
    403,
    apiError('Country not supported.', 'unsupported_country_region_territory'),
    'refused',
    'refused',
  ],
  [
    'a forbidden plan',
    403,
    apiError('This feature is not available for your plan.', 'not_available_for_plan'),
    'refused',
    'refused',
  ],
  [
    'a plan that is paid for',
    403,
    apiError('Batches are only available on paid plans.', 'access_denied'),
    'refused',
    'refused',
  ],
  [
    'an organization without access',
    403,
    apiError('Your organization does not have access to the Batch API.', null),
    'refused',
    'refused',
  ],
  [
    'an organization that is not verified',
    403,
    apiError('Verify it first.', 'organization_not_verified'),
    'refused',
    'refused',
  ],
  [
    'another region',
    403,
    apiError('You do not have permission to use this model in the EU region.', null),
    'refused',
    'refused',
  ],
  [
    'a key without the right',
    403,
    apiError('You have insufficient permissions for this operation.', 'insufficient_permissions'),
    'authentication_failed',
    'authentication_failed',
  ],
  ['an unknown path', 404, apiError('Invalid URL (POST /v2/batches)'), 'refused', 'refused'],
  [
    'a bad request',
    400,
    apiError('Missing required parameter.', 'missing_required_parameter'),
    'refused',
    'refused',
  ],
  [
    'a file that is too large',
    413,
    apiError('File is too large.', 'file_too_large'),
    'refused',
    'refused',
  ],
  ['an unprocessable entity', 422, apiError('No.'), 'refused', 'refused'],
  ['a request timeout', 408, apiError('Timeout.'), 'unclear', 'transient'],
  ['a conflict', 409, apiError('Conflict.'), 'unclear', 'transient'],
  [
    'too many requests',
    429,
    apiError('Rate limit reached.', 'rate_limit_exceeded', 'requests'),
    'transient',
    'transient',
  ],
  [
    'an empty account',
    429,
    apiError('You exceeded your current quota.', 'insufficient_quota', 'insufficient_quota'),
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    'an empty account by type',
    429,
    apiError('No credit.', null, 'insufficient_quota'),
    'insufficient_quota',
    'insufficient_quota',
  ],
  ...[
    'credit_balance_exhausted',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
    'organization_usage_limit_exceeded',
  ].map((code): [string, number, unknown, Type, Type] => [
    code,
    429,
    apiError('Limit.', code),
    'insufficient_quota',
    'insufficient_quota',
  ]),
  [
    'a billing limit',
    400,
    apiError('Billing hard limit has been reached.', 'billing_hard_limit_reached'),
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    'an empty account, its code in one word',
    429,
    apiError('Pay.', 'InsufficientQuota'),
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    'an empty account in words alone',
    429,
    apiError('You exceeded your current quota.', 'rate_limit_exceeded'),
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    'a limit that passes',
    429,
    apiError('You exceeded your current quota. Please retry in 22s.'),
    'transient',
    'transient',
  ],
  ['payment required', 402, apiError('Pay.'), 'insufficient_quota', 'insufficient_quota'],
  ['a server error', 500, apiError('Oops.', null, 'server_error'), 'unclear', 'transient'],
  ['a bad gateway in HTML', 502, '<html>Bad Gateway</html>', 'unclear', 'transient'],
  [
    'an overloaded server',
    503,
    apiError('Slow down.', 'server_is_overloaded'),
    'unclear',
    'transient',
  ],
  ['a gateway timeout', 504, '', 'unclear', 'transient'],
  ['a redirect', 307, '', 'unclear', 'refused'],
  ['an answer that is no batch and no file', 200, { object: 'list' }, 'unclear', 'refused'],
  ['an answer that is no object', 200, 'hello', 'unclear', 'refused'],
];

describe.each(answers)('%s (%i)', (_name, status, body, created, uploaded) => {
  const answer: Answer = (_seen, response) => {
    json(response, status, body, status === 307 ? { location: 'https://elsewhere.test/' } : {});
  };

  it(`is ${created} for a create, which is sent once`, async () => {
    await using stub = await startStub(answer);
    const error = await leftOf(at(stub.baseURL).create(createInput));
    expect(error.type).toBe(created);
    expect(stub.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it(`is ${uploaded} for an upload, which is sent once`, async () => {
    await using stub = await startStub(answer);
    const error = await leftOf(at(stub.baseURL).upload(uploadInput('{"a":1}\n')));
    expect(error.type).toBe(uploaded);
    expect(stub.seen).toHaveLength(1);
  });
});

describe('a create', () => {
  const createAt = (baseURL: string, timeoutMs?: number): Promise<PortError> =>
    leftOf(at(baseURL, timeoutMs).create(createInput));

  it.each<[string, Answer]>([
    ['the connection is cut before the answer', (_seen, response) => response.destroy()],
    [
      'the answer is cut half-way',
      (_seen, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"id":"batch_1","sta');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      'the answer is not JSON',
      (_seen, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":'),
    ],
    ['no answer comes in time', () => undefined],
    ['the answer is no HTTP', (_seen, response) => response.socket?.end('garbage\r\n\r\n')],
  ])('is unconfirmed, and sent once, where %s', async (_name, answer) => {
    await using stub = await startStub(answer);
    expect((await createAt(stub.baseURL, 2_000)).type).toBe('unclear');
    expect(stub.seen).toHaveLength(1);
  });

  it('is transient where no server listens: nothing was sent', async () => {
    const error = await createAt('http://127.0.0.1:1/v1');
    expect(error).toMatchObject({
      type: 'transient',
      message: expect.stringContaining(
        'cannot reach http://127.0.0.1:1/v1 (ECONNREFUSED): check that the server is running',
      ) as string,
    });
  });

  it('is transient where the host is not known', async () => {
    const error = await createAt('http://no-such-host.invalid/v1');
    expect(error).toMatchObject({
      type: 'transient',
      message: expect.stringMatching(
        /^cannot reach http:\/\/no-such-host\.invalid\/v1 \((ENOTFOUND|EAI_AGAIN)\)/u,
      ) as string,
    });
  });

  it('is transient where the other side speaks no TLS: nothing of ours was sent', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, {});
    });
    const error = await createAt(stub.baseURL.replace('http:', 'https:'));
    expect(error.type).toBe('transient');
    expect(stub.seen).toHaveLength(0);
  });

  it('is transient where the connection was never made in time', async () => {
    // Accepted by the system, never shaken hands with: TLS does not come about.
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    try {
      const error = await createAt(
        `https://127.0.0.1:${(mute.address() as AddressInfo).port}/v1`,
        200,
      );
      expect(error.type).toBe('transient');
    } finally {
      mute.close();
    }
  });
});

describe('an error', () => {
  it.each<[Readonly<Record<string, string>>, number | null]>([
    [{ 'retry-after-ms': '1500' }, 1_500],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0.5', 'retry-after-ms': '20' }, 20],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5', 'retry-after-ms': '-1' }, null],
    [{ 'retry-after': 'NaN' }, null],
    [{ 'retry-after': '1e99', 'retry-after-ms': 'Infinity' }, null],
    [{ 'retry-after': '9'.repeat(400) }, Number.MAX_SAFE_INTEGER],
    [{ 'retry-after': '99999999999999999999' }, Number.MAX_SAFE_INTEGER],
    [{ 'retry-after': '2099' }, 2_099_000],
    [{ 'retry-after': '' }, null],
    [{}, null],
  ])('with %j says when to come again: %s ms', async (headers, retryAfterMs) => {
    await using stub = await startStub((_seen, response) => {
      json(response, 429, apiError('Rate limit.'), headers);
    });
    expect(await leftOf(at(stub.baseURL).create(createInput))).toMatchObject({
      type: 'transient',
      retryAfterMs,
    });
  });

  it.each([400, 429])('about the queue (%i) names the limit that it states', async (status) => {
    await using stub = await startStub((_seen, response) => {
      json(
        response,
        status,
        apiError(
          'Enqueued token limit reached for gpt-4.1 in organization org-1. Limit: 2,000,000 enqueued tokens. Please wait.',
          'token_limit_exceeded',
        ),
      );
    });
    expect(await leftOf(at(stub.baseURL).create(createInput))).toMatchObject({
      type: 'over_capacity',
      statedTokensMax: 2_000_000,
    });
  });

  it('names the address, the code, the words and the request', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 400, apiError('Unknown parameter: x.', 'unknown_parameter'), {
        'x-request-id': 'req_77',
      });
    });
    expect(await leftOf(at(stub.baseURL).create(createInput))).toEqual({
      type: 'refused',
      message: `${stub.baseURL} did not create the batch: 400 unknown_parameter: Unknown parameter: x. (request req_77)`,
      statusCode: 400,
      requestId: 'req_77',
    });
  });

  it('is no longer than a message, whatever page a proxy sends', async () => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(400, { 'content-type': 'text/html' }).end('x'.repeat(1_000_000));
    });
    const error = await leftOf(at(stub.baseURL).create(createInput));
    expect(JSON.stringify(error).length).toBeLessThan(2_000);
  });
});

describe('a question', () => {
  it('is asked once where the server stumbles: the engine alone asks again', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 503, apiError('Slow down.'), { 'retry-after-ms': '1' });
    });
    expect(await leftOf(at(stub.baseURL).check())).toMatchObject({
      type: 'transient',
      retryAfterMs: 1,
    });
    expect(stub.seen).toHaveLength(1);
  });

  it('that finds no list says so: an empty list would be proof of absence', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, { ok: true });
    });
    expect((await leftOf(at(stub.baseURL).check())).type).toBe('refused');
    expect((await leftOf(at(stub.baseURL).sweep(sweepInput(['k'], 0)))).type).toBe('refused');
  });

  it('about a thing that is not there is answered by not_found', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 404, apiError('No such thing.'));
    });
    expect((await leftOf(at(stub.baseURL).download('file-1'))).type).toBe('not_found');
    expect((await leftOf(at(stub.baseURL).cancel(batchId('batch_1')))).type).toBe('not_found');
    expect((await leftOf(at(stub.baseURL).check())).type).toBe('refused');
  });
});
