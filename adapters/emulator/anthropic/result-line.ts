import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { stampIn, withStamp } from './custom-ids.ts';
import { errorTypeOf } from './errors.ts';
import { messageOf } from './message.ts';

/** What is known of a batch besides the fake's lines. */
export interface SentBatch {
  readonly requests: number;
  /** The stamp of its ids; null: they have none, or different ones. */
  readonly stamp: string | null;
  /** Requests that come back as errors, by the fake's id of each, with what is said of it. */
  readonly faults: ReadonlyMap<string, string>;
}

export type ResultType = 'succeeded' | 'errored' | 'canceled' | 'expired';

/** A line of results, and what it counts as; null: it is none that could be counted. */
export interface ResultLine {
  readonly text: string;
  readonly counts: ResultType | null;
}

/** A line of the fake's files as a line of results. What is damaged stays so. */
export const resultLine = (line: string, batch: SentBatch): ResultLine => {
  const row = parsed(line);
  if (!isJsonObject(row)) return { text: damaged(line, batch), counts: null };
  const id = String(row['custom_id']);
  const result = resultOf(row, batch.faults.get(id) ?? null);
  return {
    text: JSON.stringify({ custom_id: idOf(id, batch), result }),
    counts: result['type'] as ResultType,
  };
};

/** Ids of other runs are not of this batch, and have their own stamps. */
const idOf = (id: string, { stamp }: SentBatch): string =>
  stampIn(id) === '0000000' ? withStamp(id, stamp) : id;

const resultOf = (row: JsonObject, fault: string | null): JsonObject => {
  if (fault !== null) return errored('invalid_request_error', fault);
  const { response, error } = row;
  if (isJsonObject(response)) {
    const { status_code: status, body } = response;
    if (status === 200 && isJsonObject(body))
      return { type: 'succeeded', message: messageOf(body) };
    const stated = isJsonObject(body) && isJsonObject(body['error']) ? body['error'] : error;
    return typeof status === 'number' && status >= 400
      ? errored(errorTypeOf(status), messageIn(stated))
      : { type: 'errored', error: null };
  }
  const code = isJsonObject(error) ? error['code'] : null;
  if (code === 'batch_expired') return { type: 'expired' };
  if (code === 'batch_cancelled') return { type: 'canceled' };
  return errored(code === 'request_timeout' ? 'timeout_error' : 'api_error', messageIn(error));
};

const messageIn = (error: JsonValue | undefined): string =>
  isJsonObject(error) && typeof error['message'] === 'string'
    ? error['message']
    : 'Internal server error';

const errored = (type: string, message: string): JsonObject => ({
  type: 'errored',
  error: {
    type: 'error',
    error: { type, message, details: null },
    request_id: 'req_011emulated',
  },
});

/** A line that ends too early does so here too; what is no line of the fake's goes as it is. */
const damaged = (line: string, batch: SentBatch): string => {
  const id = /"custom_id": "([^"\\]{1,64})"/u.exec(line)?.[1];
  return id === undefined
    ? line
    : `{"custom_id":${JSON.stringify(idOf(id, batch))},"result":{"type":"succeeded","mess`;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
