import { describe, expect, it } from 'vitest';
import { createOpenAIWire } from '../../adapters/openai/wire.ts';
import type { FailureClass } from '../../lib/core/failure.ts';

const wire = createOpenAIWire({ model: 'm', endpoint: 'chat.completions', params: {} });
const line = (response: unknown, error: unknown): string => JSON.stringify({ id: 'r', custom_id: 'row-1', response, error });
const inBody = (statusCode: number, body: unknown): string => line({ status_code: statusCode, request_id: 'r', body }, null);
const atTop = (statusCode: number, error: unknown): string => line({ status_code: statusCode, request_id: 'r', body: null }, error);

const tooLong = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.";
const filter = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.";
const azure = (code: string, message: string, more: object = {}): unknown => ({
  code: null,
  message: { error: { code, message, ...more } },
});

const current = 'You exceeded your current quota, please check your plan and billing details.';
const noMoney = (
  name: string,
  statusCode: number,
  error: { readonly message: string; readonly [key: string]: unknown },
  is: FailureClass = 'insufficient_quota',
) => [name, inBody(statusCode, { error }), is, `${statusCode}: ${error.message}`] as const;
/** Out of money, under whatever code; and limits that pass, in the same words. */
const money = [
  noMoney('money, its code with capitals', 429, { code: 'Insufficient_Quota', message: 'Pay.' }),
  noMoney('money, its code in one word', 429, { code: 'InsufficientQuota', message: 'Pay.' }),
  noMoney('money in words, under the code of a rate', 429, { code: 'rate_limit_exceeded', message: current }),
  noMoney('money in words, under a number', 429, { code: 429, message: current }),
  noMoney('money in words, under another code', 400, { code: 'invalid_request_error', message: current }),
  noMoney('money, Moonshot’s', 429, { type: 'exceeded_current_quota_error', message: 'Your account is not active.' }),
  noMoney('money, Moonshot’s words', 429, { code: 'x', message: 'you exceeded your current token quota, please check your balance' }),
  noMoney('money, Zhipu’s', 429, { code: '1113', message: 'Insufficient balance or no resource package.' }),
  noMoney('money, Zhipu’s in Chinese', 429, { code: '1113', message: '您的账户已欠费，请充值后重试' }),
  noMoney('money, DeepSeek’s', 402, { code: 'invalid_request_error', message: 'Insufficient Balance' }),
  noMoney(
    'words of money that the request holds',
    400,
    { code: 'invalid_value', message: "Invalid value: 'I have insufficient funds'." },
    'invalid_request',
  ),
  noMoney('Gemini’s limit, by the time to wait', 429, { code: 429, message: `${current} Please retry in 22.5s.` }, 'rate_limited'),
  noMoney('Gemini’s limit, by its page', 429, { code: 429, message: `${current} See https://x.test/rate-limits.` }, 'rate_limited'),
  noMoney('a limit per minute', 429, { code: null, message: 'Insufficient quota: 3 requests per minute.' }, 'rate_limited'),
  noMoney(
    'Gemini’s limit, by its details',
    429,
    { code: 429, message: current, status: 'RESOURCE_EXHAUSTED', details: [{ '@type': 'x/google.rpc.RetryInfo', retryDelay: '22s' }] },
    'rate_limited',
  ),
];

/** Where services put their words, the words, and what follows. */
const told: readonly (readonly [name: string, line: string, failureClass: FailureClass, message: string])[] = [
  [
    'OpenAI, in the body',
    inBody(400, { error: { message: tooLong, code: 'context_length_exceeded' } }),
    'context_too_long',
    `400: ${tooLong}`,
  ],
  ['a body that is the error itself', inBody(400, { object: 'error', message: tooLong, code: 400 }), 'context_too_long', `400: ${tooLong}`],
  ['a body that is text', inBody(400, tooLong), 'context_too_long', `400: ${tooLong}`],
  ['a body that is JSON as text', inBody(400, JSON.stringify({ error: { message: tooLong } })), 'context_too_long', `400: ${tooLong}`],
  ['an error that is text', inBody(400, { error: tooLong }), 'context_too_long', `400: ${tooLong}`],
  [
    'FastAPI',
    inBody(422, { detail: [{ loc: ['body'], msg: 'field required', type: 'missing' }] }),
    'invalid_request',
    '422: field required',
  ],
  [
    'Anthropic’s form',
    inBody(400, { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' } }),
    'context_too_long',
    '400: prompt is too long: 9 tokens > 8 maximum',
  ],
  [
    'vLLM, at the top',
    atTop(400, { message: tooLong, type: 'BadRequestError', param: null, code: 400 }),
    'context_too_long',
    `400: ${tooLong}`,
  ],
  [
    'vLLM of old',
    atTop(400, { object: 'error', message: 'no', type: 'BadRequestError', param: null, code: 400 }),
    'invalid_request',
    '400: no',
  ],
  [
    'a text at the top',
    atTop(400, 'The model does not support Chat Completions API'),
    'invalid_request',
    '400: The model does not support Chat Completions API',
  ],
  [
    'vLLM, no such model',
    atTop(404, { message: 'The model `m` does not exist.', type: 'NotFoundError', code: 404 }),
    'invalid_request',
    '404: The model `m` does not exist.',
  ],
  ['a status at the top alone', line(null, { message: 'no', type: 'BadRequestError', code: 400 }), 'invalid_request', 'no'],
  ['a wait at the top alone', line(null, { message: 'slow down', code: '429' }), 'rate_limited', 'slow down'],
  ['no such model, at the top alone', line(null, { message: 'no', code: 'model_not_found' }), 'invalid_request', 'no'],
  [
    'Azure, wrapped',
    line({ request_id: '', status_code: 400 }, azure('BadRequest', 'Invalid value.')),
    'invalid_request',
    '400: Invalid value.',
  ],
  ['Azure, its filter', line({ request_id: '', status_code: 400 }, azure('content_filter', filter)), 'content_filtered', `400: ${filter}`],
  [
    'Azure, its filter by the inner error',
    line({ request_id: '', status_code: 400 }, azure('BadRequest', 'No.', { innererror: { code: 'ResponsibleAIPolicyViolation' } })),
    'content_filtered',
    '400: No.',
  ],
  ['Azure, its filter in words alone', inBody(400, { error: { code: null, message: filter } }), 'content_filtered', `400: ${filter}`],
  ['Azure, no such deployment', line({ status_code: 404 }, azure('DeploymentNotFound', 'None.')), 'invalid_request', '404: None.'],
  [
    'a filter behind a gateway’s 500',
    inBody(500, { error: { message: filter, code: 'content_filter' } }),
    'content_filtered',
    `500: ${filter}`,
  ],
  [
    'money at the top of a line with a status',
    atTop(429, { message: 'Pay.', code: 'insufficient_quota' }),
    'insufficient_quota',
    '429: Pay.',
  ],
  ['money by type', inBody(400, { error: { message: 'Pay.', type: 'insufficient_quota' } }), 'insufficient_quota', '400: Pay.'],
  [
    'money in words alone',
    atTop(429, 'You exceeded your current quota, please check your plan.'),
    'insufficient_quota',
    '429: You exceeded your current quota, please check your plan.',
  ],
  ...money,
  ['an image, by its code', inBody(400, { error: { message: 'No.', code: 'failed_to_download_image' } }), 'input_not_fetched', '400: No.'],
  [
    'an image, in words',
    inBody(400, { error: { message: 'Error while downloading https://x.test/a.png.', code: 'invalid_image_url' } }),
    'input_not_fetched',
    '400: Error while downloading https://x.test/a.png.',
  ],
  [
    'an image that took too long',
    inBody(400, { error: { message: 'Timeout while downloading https://x.test/a.png.', code: 'invalid_image_url' } }),
    'input_not_fetched',
    '400: Timeout while downloading https://x.test/a.png.',
  ],
  [
    'an image that is none',
    inBody(400, { error: { message: 'You uploaded an unsupported image.', code: 'invalid_image_format' } }),
    'invalid_request',
    '400: You uploaded an unsupported image.',
  ],
  [
    'an error under a status of success',
    inBody(200, { error: { message: 'Pay.', code: 'insufficient_quota' } }),
    'insufficient_quota',
    'Pay.',
  ],
  ['an error at the top under a status of success', atTop(200, { message: 'x', code: 'batch_expired' }), 'batch_expired', 'x'],
  [
    'a limit of rate that counts tokens',
    inBody(429, {
      error: { message: 'Request too large for m on tokens per min (TPM): Limit 3, Requested 4.', code: 'rate_limit_exceeded' },
    }),
    'rate_limited',
    '429: Request too large for m on tokens per min (TPM): Limit 3, Requested 4.',
  ],
  [
    'a limit of tokens that is none of length',
    inBody(400, { error: { message: 'max_tokens is too large: 9. This model supports at most 8 completion tokens.' } }),
    'invalid_request',
    '400: max_tokens is too large: 9. This model supports at most 8 completion tokens.',
  ],
  ['no words at all', atTop(400, null), 'invalid_request', '400: no message'],
];

describe('a response that says it failed', () => {
  const responses = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
  const failed = (code: string, message: string): string =>
    inBody(200, { object: 'response', status: 'failed', error: { code, message }, output: [] });
  it.each([
    ['failed_to_download_image', 'No.', 'input_not_fetched'],
    ['invalid_image_url', 'Timeout while downloading https://x.test/a.png.', 'input_not_fetched'],
    ['invalid_image_format', 'No.', 'invalid_request'],
    ['context_length_exceeded', 'No.', 'context_too_long'],
    ['server_error', 'Oops.', 'server_error'],
    ['rate_limit_exceeded', 'Slow.', 'rate_limited'],
    ['rate_limit_exceeded', current, 'insufficient_quota'],
    ['InsufficientQuota', 'Pay.', 'insufficient_quota'],
  ])('for %s (%s) is %s', (code, message, failureClass) => {
    expect(responses.readVerdict(failed(code, message))).toMatchObject({ type: 'failed', failureClass });
  });
});

describe('the words of an error line', () => {
  it.each(told)('are found and decide the class: %s', (_name, text, failureClass, message) => {
    expect(wire.readVerdict(text)).toMatchObject({ type: 'failed', customId: 'row-1', failureClass });
    expect(wire.readContent(text).error?.message).toBe(message);
  });

  it('stand in raw_error as the service wrote them, wrapping and all', () => {
    const wrapped = azure('BadRequest', 'Invalid value.');
    expect(wire.readContent(line({ status_code: 400 }, wrapped)).error?.raw).toEqual(wrapped);
    const vllm = { message: 'no', type: 'BadRequestError', param: null, code: 400 };
    expect(wire.readContent(atTop(400, vllm)).error?.raw).toEqual(vllm);
    expect(wire.readContent(atTop(400, 'No.')).error?.raw).toBe('No.');
  });

  it('that never end are not followed for ever', () => {
    const deep = (depth: number): unknown => (depth === 0 ? { message: 'x' } : { error: deep(depth - 1) });
    expect(wire.readVerdict(inBody(400, deep(1_000)))).toMatchObject({ failureClass: 'invalid_request' });
  });
});
