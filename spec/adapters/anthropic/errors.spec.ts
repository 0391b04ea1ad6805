import { describe, expect, it } from 'vitest';
import { createAnthropic } from '../../../adapters/anthropic/index.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { json, leftOf, startStub } from '../openai/stub.ts';
import { apiError, at, connect, createInput, secret } from './service.ts';

type Type = PortError['type'];

/** Status, type, words, code, headers; what a create means by it, and what any other call. */
const answers: readonly (readonly [
  number,
  string,
  string,
  string | undefined,
  Readonly<Record<string, string>>,
  Type,
  Type,
])[] = [
  [400, 'invalid_request_error', 'Bad.', undefined, {}, 'refused', 'refused'],
  [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API.',
    undefined,
    {},
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    400,
    'invalid_request_error',
    'You have reached your specified API usage limits. You will regain access on 2026-12-01.',
    undefined,
    {},
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    401,
    'authentication_error',
    'No.',
    undefined,
    {},
    'authentication_failed',
    'authentication_failed',
  ],
  [402, 'billing_error', 'Pay.', undefined, {}, 'insufficient_quota', 'insufficient_quota'],
  [403, 'permission_error', 'No.', undefined, {}, 'authentication_failed', 'authentication_failed'],
  [
    400,
    'invalid_request_error',
    'Disabled.',
    'organization_on_hold',
    {},
    'authentication_failed',
    'authentication_failed',
  ],
  [404, 'not_found_error', 'None.', undefined, {}, 'refused', 'not_found'],
  [409, 'conflict_error', 'Busy.', undefined, {}, 'unclear', 'transient'],
  [413, 'request_too_large', 'Large.', undefined, {}, 'refused', 'refused'],
  [429, 'rate_limit_error', 'Slow.', undefined, { 'retry-after': '7' }, 'transient', 'transient'],
  [
    429,
    'rate_limit_error',
    'Slow.',
    'ramp_limit_exceeded',
    { 'retry-after': '7' },
    'transient',
    'transient',
  ],
  [429, 'rate_limit_error', 'Slow.', undefined, {}, 'transient', 'transient'],
  [
    429,
    'rate_limit_error',
    'Spent.',
    'enforced_spend_limit_reached',
    {},
    'insufficient_quota',
    'insufficient_quota',
  ],
  [
    429,
    'rate_limit_error',
    'Spent.',
    'contract_spend_limit_reached',
    {},
    'insufficient_quota',
    'insufficient_quota',
  ],
  [500, 'api_error', 'Oops.', undefined, {}, 'unclear', 'transient'],
  [504, 'timeout_error', 'Late.', undefined, {}, 'unclear', 'transient'],
  [529, 'overloaded_error', 'Full.', undefined, { 'retry-after': '7' }, 'unclear', 'transient'],
];

describe('an error of the service', () => {
  it.each(answers)(
    'of %i %s (%s, code %s) means the right thing to a create and to a poll',
    async (status, type, words, code, headers, ofCreate, ofPoll) => {
      await using stub = await startStub((_seen, response) => {
        json(response, status, apiError(type, words, code), { 'request-id': 'req_7', ...headers });
      });
      const provider = at(stub.baseURL);
      const create = await leftOf(provider.create(createInput()));
      expect(create.type).toBe(ofCreate);
      const results = '/v1/messages/batches/msgbatch_1/results';
      const poll = await leftOf(provider.download(`${new URL(stub.baseURL).origin}${results}`));
      expect(poll.type).toBe(ofPoll);
      expect(poll).toHaveProperty('message');
      if (create.type === 'transient')
        expect(create.retryAfterMs).toBe(headers['retry-after'] === undefined ? null : 7_000);
      if (ofCreate !== 'unclear')
        expect(create).toMatchObject({ message: expect.stringContaining(words) as string });
      expect('message' in create ? create.message : '').toContain('req_7');
      expect(stub.seen.map(({ method }) => method)).toEqual(['POST', 'GET']);
    },
  );

  it('names the requests that a create is refused for, counted from 1', async () => {
    await using stub = await startStub((_seen, response) => {
      json(
        response,
        400,
        apiError('invalid_request_error', 'requests.1.params.max_tokens: Input should be lower'),
      );
    });
    expect(await leftOf(at(stub.baseURL).create(createInput()))).toMatchObject({
      type: 'refused',
      input: { isTooLarge: false, said: [{ line: 2, code: 'invalid_request_error' }] },
    });
  });

  it('says how large a create may be', async () => {
    await using stub = await startStub((_seen, response) => {
      json(
        response,
        413,
        apiError('request_too_large', 'Request exceeds the maximum size of 256 MB.'),
      );
    });
    expect(await leftOf(at(stub.baseURL).create(createInput()))).toMatchObject({
      type: 'refused',
      input: { isTooLarge: true, statedBytesMax: 256_000_000 },
    });
  });

  it('shows no key, wherever the service repeats it', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 400, apiError('invalid_request_error', `bad ${secret}, and Bearer ${secret}`));
    });
    const failure = await leftOf(at(stub.baseURL).create(createInput()));
    expect(JSON.stringify(failure)).not.toContain(secret);
    expect(JSON.stringify(failure)).toContain('bad');
  });

  it('of a proxy is its page’s title', async () => {
    await using stub = await startStub((_seen, response) => {
      response.writeHead(502).end('<html><title>Bad gateway</title></html>');
    });
    expect(await leftOf(at(stub.baseURL).check())).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('Bad gateway') as string,
    });
  });
});

describe('a connection', () => {
  it('that cannot be made sent nothing', async () => {
    expect(await leftOf(at('http://127.0.0.1:9').create(createInput()))).toMatchObject({
      type: 'transient',
      message: expect.stringMatching(/cannot reach http:\/\/127\.0\.0\.1:9/u) as string,
    });
  });

  it('that is silent leaves a create unconfirmed, and fails any other call', async () => {
    await using stub = await startStub(() => undefined);
    const provider = at(stub.baseURL, 50);
    expect((await leftOf(provider.create(createInput()))).type).toBe('unclear');
    expect((await leftOf(provider.check())).type).toBe('transient');
  });

  it('needs a key, and an address without user, query and fragment', async () => {
    const here = { apiKey: 'k' };
    for (const [options, words] of [
      [{ baseURL: 'https://a.example', apiKey: '' }, /ANTHROPIC_API_KEY/u],
      [{ baseURL: 'https://a.example', apiKey: 'a b' }, /blank/u],
      [{ baseURL: 'ftp://a.example', ...here }, /not an http/u],
      [{ baseURL: 'https://u:p@a.example', ...here }, /user name or password/u],
      [{ baseURL: 'https://a.example?x=1', ...here }, /query/u],
    ] as const)
      expect(await leftOf(connect(options).check())).toMatchObject({
        message: expect.stringMatching(words) as string,
      });
  });

  it('takes an address with /v1 and without', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, { data: [], has_more: false });
    });
    const origin = new URL(stub.baseURL).origin;
    for (const baseURL of [origin, `${origin}/`, `${origin}/v1`, `${origin}/v1/`]) {
      const checked = await at(baseURL).check()();
      expect(checked._tag).toBe('Right');
    }
    expect(new Set(stub.seen.map(({ path }) => path))).toEqual(new Set(['/v1/messages/batches']));
  });

  it('without a list is refused, unless that is accepted', async () => {
    await using stub = await startStub((seen, response) => {
      if (seen.path === '/v1/models') json(response, 200, { data: [] });
      else json(response, 405, apiError('invalid_request_error', 'Method Not Allowed'));
    });
    const provider = at(stub.baseURL);
    expect(await leftOf(provider.check())).toMatchObject({
      type: 'refused',
      message: expect.stringContaining('--accept-no-list') as string,
    });
    expect((await provider.check({ acceptsNoList: true })())._tag).toBe('Right');
  });

  it('shows its name, and nothing that it holds', () => {
    const connection = createAnthropic({
      name: 'team',
      apiKey: secret,
      headers: { 'x-key': secret },
    });
    expect(JSON.stringify(connection)).toBe('{"name":"team","kind":"anthropic"}');
    const config = connection({ model: 'claude-haiku-4-5' });
    expect(JSON.stringify(config)).not.toContain(secret);
    expect(config.connection).toBe('team');
    expect(() => createAnthropic({ name: ' ' })).toThrow(/name/u);
  });
});
