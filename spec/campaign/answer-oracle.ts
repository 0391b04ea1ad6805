/**
 * A reader of answer files of its own: it shares no code with batchor, splits by bytes, decodes strictly, and knows `JSON.parse` and
 * nothing else. What it says of a line is what a person would read in it.
 */
export type Reading =
  | { readonly type: 'malformed' }
  | { readonly type: 'unknown' }
  | { readonly type: 'failed'; readonly row: number }
  | { readonly type: 'answered'; readonly row: number; readonly text: string | null };

export interface OracleLine {
  readonly offset: number;
  readonly length: number;
  readonly reading: Reading;
}

/** Longer lines are not read, by promise. */
const lineBytesMax = 64 * 1024 * 1024;

export type OracleEndpoint = 'responses' | 'chat.completions';

export const readFileAsOracle = (file: Uint8Array, endpoint: OracleEndpoint, rowCount: number): readonly OracleLine[] => {
  const lines: OracleLine[] = [];
  for (let start = 0; start < file.length;) {
    const found = file.indexOf(10, start);
    const end = found < 0 ? file.length : found;
    const bytes = file.subarray(start, end);
    if (bytes.length > 0) lines.push({ offset: start, length: bytes.length, reading: readLineAsOracle(bytes, endpoint, rowCount) });
    start = end + 1;
  }
  return lines;
};

export const readLineAsOracle = (bytes: Uint8Array, endpoint: OracleEndpoint, rowCount: number): Reading => {
  const value = valueOf(bytes);
  const id = get(value, 'custom_id');
  if (value === undefined || Array.isArray(value) || typeof id !== 'string') return { type: 'malformed' };
  const digits = /^row-(\d+)$/.exec(id)?.[1];
  if (digits === undefined || id !== `row-${Number(digits)}` || Number(digits) >= rowCount) return { type: 'unknown' };
  const row = Number(digits);
  const response = get(value, 'response');
  const status = get(response, 'status_code');
  const body = get(response, 'body');
  const isGood = typeof status === 'number' && status >= 200 && status < 300 && isObject(body) && !Array.isArray(response);
  const text = isGood ? (endpoint === 'responses' ? wordsOfResponse(body) : wordsOfChat(body)) : undefined;
  return text === undefined ? { type: 'failed', row } : { type: 'answered', row, text };
};

const valueOf = (bytes: Uint8Array): unknown => {
  if (bytes.length > lineBytesMax) return undefined;
  try {
    // A mark at the head of a text is no part of it.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const get = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

/** The words of a `/v1/responses` body, null where it has none; undefined when it is no answer. */
const wordsOfResponse = (body: object): string | null | undefined => {
  const status = get(body, 'status');
  if ((status !== undefined && status !== 'completed') || isObject(get(body, 'error')) || !Array.isArray(get(body, 'output')))
    return undefined;
  const parts = list(get(body, 'output'))
    .filter((item) => isObject(item) && get(item, 'type') === 'message')
    .flatMap((item) => list(get(item, 'content')))
    .filter(isObject);
  if (parts.some((part) => get(part, 'type') === 'refusal')) return undefined;
  const texts = parts.filter((part) => get(part, 'type') === 'output_text' && typeof get(part, 'text') === 'string');
  return texts.length === 0 ? null : texts.map((part) => get(part, 'text')).join('');
};

/** The same of a `/v1/chat/completions` body. */
const wordsOfChat = (body: object): string | null | undefined => {
  const choice = list(get(body, 'choices'))[0];
  const message = get(choice, 'message');
  if (!isObject(choice) || !isObject(message)) return undefined;
  const refusal = get(message, 'refusal');
  const reason = get(choice, 'finish_reason');
  if ((typeof refusal === 'string' && refusal !== '') || reason === 'length' || reason === 'content_filter') return undefined;
  const content = get(message, 'content');
  return typeof content === 'string' ? content : null;
};
