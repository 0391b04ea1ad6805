/**
 * Strict, hand-written checks of OpenAI's published shapes: exactly these keys, each of its type.
 * Each check lists what is wrong.
 */
export type Check = (value: unknown, at: string) => readonly string[];

const is =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value, at) =>
    test(value) ? [] : [`${at} is no ${what}: ${JSON.stringify(value)}`];

const text = is('text', (value) => typeof value === 'string');
const flag = is('boolean', (value) => typeof value === 'boolean');
const count = is('count', (value) => Number.isInteger(value) && Number(value) >= 0);
/** Unix seconds: a time in milliseconds would be above the range, a missing one below. */
const seconds = is(
  'unix time in seconds',
  (value) => Number.isInteger(value) && Number(value) > 1e9 && Number(value) < 1e10,
);
const oneOf = (...values: readonly unknown[]): Check =>
  is(`one of ${JSON.stringify(values)}`, (value) => values.includes(value));
const orNull =
  (check: Check): Check =>
  (value, at) =>
    value === null ? [] : check(value, at);
const list =
  (check: Check): Check =>
  (value, at) =>
    Array.isArray(value)
      ? value.flatMap((entry, index) => check(entry, `${at}[${index}]`))
      : [`${at} is no list`];
const mapOf =
  (check: Check): Check =>
  (value, at) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([key, entry]) => check(entry, `${at}.${key}`))
      : [`${at} is no object`];

const record =
  (
    required: Readonly<Record<string, Check>>,
    optional: Readonly<Record<string, Check>> = {},
  ): Check =>
  (value, at) => {
    if (!isRecord(value)) return [`${at} is no object: ${JSON.stringify(value)}`];
    const missing = Object.keys(required).filter((key) => !(key in value));
    const problems = Object.entries(value).flatMap(([key, entry]) => {
      const check = required[key] ?? optional[key];
      return check === undefined
        ? [`${at}.${key} is not a published key`]
        : check(entry, `${at}.${key}`);
    });
    return [...missing.map((key) => `${at}.${key} is missing`), ...problems];
  };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const batch = record({
  id: is('batch id', (value) => /^batch_[0-9a-f]{32}$/u.test(String(value))),
  object: oneOf('batch'),
  endpoint: text,
  model: orNull(text),
  errors: orNull(
    record({
      object: oneOf('list'),
      data: list(record({ code: text, message: text, param: orNull(text), line: orNull(count) })),
    }),
  ),
  input_file_id: text,
  completion_window: oneOf('24h'),
  status: oneOf(
    'validating',
    'failed',
    'in_progress',
    'finalizing',
    'completed',
    'expired',
    'cancelling',
    'cancelled',
  ),
  output_file_id: orNull(text),
  error_file_id: orNull(text),
  created_at: seconds,
  in_progress_at: orNull(seconds),
  expires_at: orNull(seconds),
  finalizing_at: orNull(seconds),
  completed_at: orNull(seconds),
  failed_at: orNull(seconds),
  expired_at: orNull(seconds),
  cancelling_at: orNull(seconds),
  cancelled_at: orNull(seconds),
  request_counts: record({ total: count, completed: count, failed: count }),
  usage: record({
    input_tokens: count,
    output_tokens: count,
    total_tokens: count,
    input_tokens_details: record({ cached_tokens: count }),
    output_tokens_details: record({ reasoning_tokens: count }),
  }),
  metadata: orNull(mapOf(text)),
});

export const file = record({
  id: is('file id', (value) => /^file-[0-9a-z]{22}$/u.test(String(value))),
  object: oneOf('file'),
  bytes: count,
  created_at: seconds,
  filename: text,
  purpose: oneOf(
    'assistants',
    'assistants_output',
    'batch',
    'batch_output',
    'fine-tune',
    'fine-tune-results',
    'vision',
    'user_data',
  ),
  status: oneOf('uploaded', 'processed', 'error'),
  expires_at: orNull(seconds),
  status_details: orNull(text),
});

export const batchPage = record(
  { object: oneOf('list'), data: list(batch), has_more: flag },
  { first_id: text, last_id: text },
);
export const filePage = record({
  object: oneOf('list'),
  data: list(file),
  first_id: text,
  last_id: text,
  has_more: flag,
});
export const deletedFile = record({ id: text, object: oneOf('file'), deleted: oneOf(true) });
export const errorBody = record({
  error: record({ message: text, type: text, param: orNull(text), code: orNull(text) }),
});

const response = record({ status_code: count, request_id: text, body: is('object', isRecord) });
/** A line of an output or error file: either an HTTP answer or an error. */
export const outputLine: Check = (value, at) => [
  ...record({
    id: text,
    custom_id: text,
    response: orNull(response),
    error: orNull(record({ code: text, message: text })),
  })(value, at),
  ...(isRecord(value) && (value['response'] === null) === (value['error'] === null)
    ? [`${at} has both or none of response and error`]
    : []),
];
