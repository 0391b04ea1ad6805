import { describe, expect, it } from 'vitest';
import { createOpenAIWire } from '../../../../adapters/openai/answers/wire.ts';
import type { FailureClass } from '../../../../lib/core/values/failure.ts';

const wire = createOpenAIWire({ model: 'm', endpoint: 'chat.completions', params: {} });
const line = (response: unknown, error: unknown): string =>
  JSON.stringify({ id: 'r', custom_id: 'row-1', response, error });
const inBody = (statusCode: number, body: unknown): string =>
  line({ status_code: statusCode, request_id: 'r', body }, null);
const atTop = (statusCode: number, error: unknown): string =>
  line({ status_code: statusCode, request_id: 'r', body: null }, error);

const tooLong =
  "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.";
const filter =
  "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.";
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
  noMoney('money in words, under the code of a rate', 429, {
    code: 'rate_limit_exceeded',
    message: current,
  }),
  noMoney('money in words, under a number', 429, { code: 429, message: current }),
  noMoney('money in words, under another code', 400, {
    code: 'invalid_request_error',
    message: current,
  }),
  noMoney('money, Moonshot’s', 429, {
    type: 'exceeded_current_quota_error',
    message: 'Your account is not active.',
  }),
  noMoney('money, Moonshot’s words', 429, {
    code: 'x',
    message: 'you exceeded your current token quota, please check your balance',
  }),
  noMoney('money, Zhipu’s', 429, {
    code: '1113',
    message: 'Insufficient balance or no resource package.',
  }),
  noMoney('money, Zhipu’s in Chinese', 429, {
    code: '1113',
    message: '您的账户已欠费，请充值后重试',
  }),
  noMoney('money, DeepSeek’s', 402, {
    code: 'invalid_request_error',
    message: 'Insufficient Balance',
  }),
  noMoney(
    'words of money that the request holds',
    400,
    { code: 'invalid_value', message: "Invalid value: 'I have insufficient funds'." },
    'invalid_request',
  ),
  noMoney(
    'Gemini’s limit, by the time to wait',
    429,
    { code: 429, message: `${current} Please retry in 22.5s.` },
    'rate_limited',
  ),
  noMoney(
    'Gemini’s limit, by its page',
    429,
    { code: 429, message: `${current} See https://x.test/rate-limits.` },
    'rate_limited',
  ),
  noMoney(
    'a limit per minute',
    429,
    { code: null, message: 'Insufficient quota: 3 requests per minute.' },
    'rate_limited',
  ),
  noMoney(
    'Gemini’s limit, by its details',
    429,
    {
      code: 429,
      message: current,
      status: 'RESOURCE_EXHAUSTED',
      details: [{ '@type': 'x/google.rpc.RetryInfo', retryDelay: '22s' }],
    },
    'rate_limited',
  ),
];

/** An error in the body of a status. */
const err = (name: string, statusCode: number, error: object, is: FailureClass, message: string) =>
  [name, inBody(statusCode, { error }), is, `${statusCode}: ${message}`] as const;
const down = 'The content filtering system is temporarily unavailable. Please retry.';
const setting = 'Your content_filters setting is not supported with this model.';
/** Statuses that pass by themselves: their codes count, their words do not. */
const passing = [
  err(
    'a filter that is down',
    503,
    { code: 'ServiceUnavailable', message: down },
    'server_error',
    down,
  ),
  err(
    'a filter that is busy',
    429,
    { code: '429', message: `Too many calls: ${filter}` },
    'rate_limited',
    `Too many calls: ${filter}`,
  ),
  err(
    'an engine that died',
    500,
    { message: 'KV cache: context window size exceeded' },
    'server_error',
    'KV cache: context window size exceeded',
  ),
  err('words of money behind a 502', 502, { message: current }, 'server_error', current),
  err(
    'a status of a body of its own',
    500,
    { code: 'context_length_exceeded', message: 'No.' },
    'context_too_long',
    'No.',
  ),
  [
    'a status that passes, at the top alone',
    line(null, { message: down, code: 503 }),
    'server_error',
    down,
  ],
] as const;
/** Words that were missed, or misread. */
const phrases = [
  err(
    'a setting named like the filter',
    400,
    { code: 'invalid_value', message: setting },
    'invalid_request',
    setting,
  ),
  err(
    'a filter that blocked',
    400,
    { message: 'Blocked by content filters.' },
    'content_filtered',
    'Blocked by content filters.',
  ),
  err(
    'a filter that was triggered',
    400,
    { message: 'The content filter was triggered.' },
    'content_filtered',
    'The content filter was triggered.',
  ),
  err(
    'Together’s length',
    422,
    { message: '`inputs` tokens + `max_new_tokens` must be <= 8193.' },
    'context_too_long',
    '`inputs` tokens + `max_new_tokens` must be <= 8193.',
  ),
  ...[
    'Upstream status code: 403. https://x.test/a.png',
    'Error while downloading file. Upstream status code: 404.',
    'Download timed out: https://x.test/a.png',
    'The image at https://x.test/a.png could not be accessed',
    'Unable to retrieve the image at the given URL',
    "403, message='Forbidden', url='https://x.test/a.png'",
  ].map((message) =>
    err(message, 400, { code: 'invalid_image_url', message }, 'input_not_fetched', message),
  ),
];
/** Words under other names, or behind others. */
const places = [
  err('a type alone', 400, { type: 'content_filter' }, 'content_filtered', 'content_filter'),
  err(
    'a message that is an object',
    400,
    { message: { text: 'Words.', lang: 'en' } },
    'invalid_request',
    'Words.',
  ),
  err('a list in the message', 400, { message: [null, 'Words.'] }, 'invalid_request', 'Words.'),
  [
    'a status that is text',
    line({ status_code: '400', body: { error: { message: 'Words.' } } }, null),
    'invalid_request',
    '400: Words.',
  ],
  [
    'problem details',
    inBody(400, { title: 'Bad Request', errors: { model: ['Needed.'] } }),
    'invalid_request',
    '400: Needed.',
  ],
  [
    'capitals',
    inBody(400, { Message: 'Words.', Code: 'ContentFilter' }),
    'content_filtered',
    '400: Words.',
  ],
  [
    'Baidu',
    inBody(400, { error_msg: 'Words.', error_code: 336_003 }),
    'invalid_request',
    '400: Words.',
  ],
  [
    'MiniMax',
    inBody(400, { base_resp: { status_code: 1026, status_msg: 'Words.' } }),
    'invalid_request',
    '400: Words.',
  ],
  [
    'OAuth',
    inBody(400, { error: 'invalid_request', error_description: 'Words.' }),
    'invalid_request',
    '400: Words.',
  ],
  [
    'a list that begins with nothing',
    line(null, [null, { code: 'content_filter', message: 'Words.' }]),
    'content_filtered',
    'Words.',
  ],
  [
    'a reason phrase that hides better words',
    line(
      { status_code: 400, body: { message: 'Bad Request' } },
      { message: 'Words.', code: 'content_filter' },
    ),
    'content_filtered',
    '400: Words.',
  ],
  [
    'words in the body before those at the top',
    line(
      { status_code: 400, body: { error: { message: 'In.', code: 'content_filter' } } },
      { message: 'Top.', code: 'x' },
    ),
    'content_filtered',
    '400: In.',
  ],
] as const;
/** Errors under a status of success. */
const succeeded = [
  [
    'an empty body and an error',
    line({ status_code: 200, body: {} }, { message: tooLong, code: 'context_length_exceeded' }),
    'context_too_long',
    tooLong,
  ],
  [
    'a body that is an error of vLLM',
    inBody(200, { object: 'error', message: 'No.', code: 400 }),
    'invalid_request',
    'No.',
  ],
  [
    'a body with an error that is text',
    inBody(200, { error: tooLong }),
    'context_too_long',
    tooLong,
  ],
  [
    'an error in the choice',
    inBody(200, {
      choices: [
        {
          index: 0,
          finish_reason: 'error',
          message: { content: '' },
          error: { code: 'content_filter', message: 'No.' },
        },
      ],
    }),
    'content_filtered',
    'No.',
  ],
  [
    'an error beside a choice of nothing',
    line(
      {
        status_code: 200,
        body: { choices: [{ finish_reason: 'stop', message: { content: '' } }] },
      },
      { code: 'content_filter', message: 'No.' },
    ),
    'content_filtered',
    'No.',
  ],
] as const;

/** Where services put their words, the words, and what follows. */
const told: readonly (readonly [
  name: string,
  line: string,
  failureClass: FailureClass,
  message: string,
])[] = [
  [
    'OpenAI, in the body',
    inBody(400, { error: { message: tooLong, code: 'context_length_exceeded' } }),
    'context_too_long',
    `400: ${tooLong}`,
  ],
  [
    'a body that is the error itself',
    inBody(400, { object: 'error', message: tooLong, code: 400 }),
    'context_too_long',
    `400: ${tooLong}`,
  ],
  ['a body that is text', inBody(400, tooLong), 'context_too_long', `400: ${tooLong}`],
  [
    'a body that is JSON as text',
    inBody(400, JSON.stringify({ error: { message: tooLong } })),
    'context_too_long',
    `400: ${tooLong}`,
  ],
  ['an error that is text', inBody(400, { error: tooLong }), 'context_too_long', `400: ${tooLong}`],
  [
    'FastAPI',
    inBody(422, { detail: [{ loc: ['body'], msg: 'field required', type: 'missing' }] }),
    'invalid_request',
    '422: field required',
  ],
  [
    'Anthropic’s form',
    inBody(400, {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' },
    }),
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
  [
    'a status at the top alone',
    line(null, { message: 'no', type: 'BadRequestError', code: 400 }),
    'invalid_request',
    'no',
  ],
  [
    'a wait at the top alone',
    line(null, { message: 'slow down', code: '429' }),
    'rate_limited',
    'slow down',
  ],
  [
    'no such model, at the top alone',
    line(null, { message: 'no', code: 'model_not_found' }),
    'invalid_request',
    'no',
  ],
  [
    'Azure, wrapped',
    line({ request_id: '', status_code: 400 }, azure('BadRequest', 'Invalid value.')),
    'invalid_request',
    '400: Invalid value.',
  ],
  [
    'Azure, its filter',
    line({ request_id: '', status_code: 400 }, azure('content_filter', filter)),
    'content_filtered',
    `400: ${filter}`,
  ],
  [
    'Azure, its filter by the inner error',
    line(
      { request_id: '', status_code: 400 },
      azure('BadRequest', 'No.', { innererror: { code: 'ResponsibleAIPolicyViolation' } }),
    ),
    'content_filtered',
    '400: No.',
  ],
  [
    'Azure, its filter in words alone',
    inBody(400, { error: { code: null, message: filter } }),
    'content_filtered',
    `400: ${filter}`,
  ],
  [
    'Azure, no such deployment',
    line({ status_code: 404 }, azure('DeploymentNotFound', 'None.')),
    'invalid_request',
    '404: None.',
  ],
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
  [
    'money by type',
    inBody(400, { error: { message: 'Pay.', type: 'insufficient_quota' } }),
    'insufficient_quota',
    '400: Pay.',
  ],
  [
    'money in words alone',
    atTop(429, 'You exceeded your current quota, please check your plan.'),
    'insufficient_quota',
    '429: You exceeded your current quota, please check your plan.',
  ],
  ...money,
  ...passing,
  ...phrases,
  ...places,
  ...succeeded,
  [
    'an image, by its code',
    inBody(400, { error: { message: 'No.', code: 'failed_to_download_image' } }),
    'input_not_fetched',
    '400: No.',
  ],
  [
    'an image, in words',
    inBody(400, {
      error: {
        message: 'Error while downloading https://x.test/a.png.',
        code: 'invalid_image_url',
      },
    }),
    'input_not_fetched',
    '400: Error while downloading https://x.test/a.png.',
  ],
  [
    'an image that took too long',
    inBody(400, {
      error: {
        message: 'Timeout while downloading https://x.test/a.png.',
        code: 'invalid_image_url',
      },
    }),
    'input_not_fetched',
    '400: Timeout while downloading https://x.test/a.png.',
  ],
  [
    'an image that is none',
    inBody(400, {
      error: { message: 'You uploaded an unsupported image.', code: 'invalid_image_format' },
    }),
    'invalid_request',
    '400: You uploaded an unsupported image.',
  ],
  [
    'an error under a status of success',
    inBody(200, { error: { message: 'Pay.', code: 'insufficient_quota' } }),
    'insufficient_quota',
    'Pay.',
  ],
  [
    'an error at the top under a status of success',
    atTop(200, { message: 'x', code: 'batch_expired' }),
    'batch_expired',
    'x',
  ],
  [
    'a limit of rate that counts tokens',
    inBody(429, {
      error: {
        message: 'Request too large for m on tokens per min (TPM): Limit 3, Requested 4.',
        code: 'rate_limit_exceeded',
      },
    }),
    'rate_limited',
    '429: Request too large for m on tokens per min (TPM): Limit 3, Requested 4.',
  ],
  [
    'a limit of tokens that is none of length',
    inBody(400, {
      error: {
        message: 'max_tokens is too large: 9. This model supports at most 8 completion tokens.',
      },
    }),
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
    expect(responses.readVerdict(failed(code, message))).toMatchObject({
      type: 'failed',
      failureClass,
    });
  });
});

describe('the words of an error line', () => {
  it.each(told)('are found and decide the class: %s', (_name, text, failureClass, message) => {
    expect(wire.readVerdict(text)).toMatchObject({
      type: 'failed',
      customId: 'row-1',
      failureClass,
    });
    expect(wire.readContent(text).error?.message).toBe(message);
  });

  it('stand in raw_error as the service wrote them, wrapping and all', () => {
    const wrapped = azure('BadRequest', 'Invalid value.');
    expect(wire.readContent(line({ status_code: 400 }, wrapped)).error?.raw).toEqual(wrapped);
    const vllm = { message: 'no', type: 'BadRequestError', param: null, code: 400 };
    expect(wire.readContent(atTop(400, vllm)).error?.raw).toEqual(vllm);
    expect(wire.readContent(atTop(400, 'No.')).error?.raw).toBe('No.');
  });

  it('do not take a whole answer away that stands beside them', () => {
    const whole = {
      choices: [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } },
      ],
    };
    const beside = line(
      { status_code: 200, body: whole },
      { code: 'content_filter', message: 'No.' },
    );
    expect(wire.readVerdict(beside)).toMatchObject({ type: 'succeeded' });
    expect(wire.readContent(beside)).toMatchObject({ outputText: 'Yes.', error: null });
  });

  it('beside a response of nothing are those of the line', () => {
    const responses = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
    const beside = line(
      { status_code: 200, body: { status: 'completed', output: [] } },
      { code: 'content_filter', message: 'No.' },
    );
    expect(responses.readVerdict(beside)).toMatchObject({
      type: 'failed',
      failureClass: 'content_filtered',
    });
  });

  it('that never end are not followed for ever', () => {
    const deep = (depth: number): unknown =>
      depth === 0 ? { message: 'x' } : { error: deep(depth - 1) };
    expect(wire.readVerdict(inBody(400, deep(1_000)))).toMatchObject({
      failureClass: 'invalid_request',
    });
  });
});
