import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { embeddingOf, responseOf } from './candidates.ts';
import { codeOf, type RpcCode } from './errors.ts';
import type { SentBatch } from './state.ts';

/** What is known of a batch besides the fake's lines. */
export interface Answering extends SentBatch {
  /** Requests that come back as errors, by their keys. */
  readonly faults: ReadonlyMap<string, string>;
}

/** What became of a request: `{ response }`, or `{ error }`. */
export interface Result {
  readonly key: string;
  readonly result: JsonObject;
}

/** A line of the fake's files as a line of responses. What is damaged stays so. */
export const resultLine = (line: string, batch: Answering): string => {
  const read = resultIn(line, batch);
  return read === null ? damaged(line) : JSON.stringify({ key: read.key, ...read.result });
};

/** Null: the line is damaged. */
export const resultIn = (line: string, batch: Answering): Result | null => {
  const row = parsed(line);
  if (!isJsonObject(row)) return null;
  const key = String(row['custom_id']);
  return { key, result: resultOf(row, batch, batch.faults.get(key) ?? null) };
};

const resultOf = (row: JsonObject, batch: Answering, fault: string | null): JsonObject => {
  if (fault !== null) return failed(codeOf(400), fault);
  const { response, error } = row;
  if (isJsonObject(response)) {
    const { status_code: status, body } = response;
    if (status === 200 && isJsonObject(body))
      return { response: batch.isEmbedding ? embeddingOf(body) : responseOf(body, batch.model) };
    const stated = isJsonObject(body) && isJsonObject(body['error']) ? body['error'] : error;
    // A status of zero is an answer of nothing.
    return typeof status === 'number' && status >= 400
      ? failed(codeOf(status), messageOf(stated))
      : { response: {} };
  }
  const code = isJsonObject(error) ? error['code'] : null;
  if (code === 'batch_cancelled') return failed(codeOf(499), 'The operation was cancelled.');
  return failed(codeOf(code === 'request_timeout' ? 504 : 500), messageOf(error));
};

/** What the service says where the fake names a code of OpenAI's. Wording of reports of 2026. */
const messages: Readonly<Record<string, string>> = {
  insufficient_quota: 'Your prepayment credits are depleted. Please add credits to your project.',
  context_length_exceeded:
    'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
  content_filter: 'The prompt was blocked due to safety policies.',
  invalid_image_url: 'Cannot fetch content from the provided URL.',
  failed_to_download_image: 'Cannot fetch content from the provided URL.',
};

const messageOf = (error: JsonValue | undefined): string => {
  if (typeof error === 'string') return error;
  if (!isJsonObject(error)) return 'Internal error encountered.';
  const known = typeof error['code'] === 'string' ? messages[error['code']] : undefined;
  const { message } = error;
  return known ?? (typeof message === 'string' ? message : 'Internal error encountered.');
};

const failed = ({ number }: RpcCode, message: string): JsonObject => ({
  error: { code: number, message },
});

/** A line that ends too early does so here too; what is no line of the fake's goes as it is. */
const damaged = (line: string): string => {
  const key = /"custom_id": "([^"\\]{1,200})"/u.exec(line)?.[1];
  return key === undefined ? line : `{"key":${JSON.stringify(key)},"response":{"candidates":[{"con`;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
