import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { ServiceLimits } from './limits.ts';
import { splitLines } from './lines.ts';
import { embeddingInputs, inputTokens, promptOf } from './prompt.ts';
import type { BatchErrorEntry } from './wire.ts';

/** The result of validating an input file. */
export interface Validation {
  /** Empty when the file is valid. At most `validationErrorsMax` entries, in line order. */
  readonly errors: readonly BatchErrorEntry[];
  readonly requestCount: number;
  /** The model of the first valid line; null: there is none. */
  readonly model: string | null;
  /** Input tokens over all lines, which count against the queue limit. */
  readonly tokens: number;
}

/** The required body field of each endpoint. */
const requiredField: Readonly<Record<string, string>> = {
  '/v1/responses': 'input',
  '/v1/chat/completions': 'messages',
  '/v1/embeddings': 'input',
  '/v1/completions': 'prompt',
  '/v1/moderations': 'input',
  '/v1/images/generations': 'prompt',
  '/v1/images/edits': 'prompt',
  '/v1/videos': 'prompt',
};

/** Endpoints that a batch may name. */
export const batchEndpoints: readonly string[] = Object.keys(requiredField);

/**
 * Validates an input file line by line, as the service does after creation. One bad line fails the
 * whole file; all bad lines are named. Memory: the custom_ids and one line.
 */
export const validateInput = async (
  chunks: AsyncIterable<Uint8Array>,
  endpoint: string,
  limits: ServiceLimits,
): Promise<Validation> => {
  const errors: BatchErrorEntry[] = [];
  const seenIds = new Set<string>();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let model: string | null = null;
  let tokens = 0;
  let inputs = 0;
  let line = 0;

  const report = (code: string, message: string, param: string | null): void => {
    if (errors.length < limits.validationErrorsMax) errors.push({ code, message, param, line });
  };
  const check = (bytes: Uint8Array): void => {
    const request = parseLine(bytes, decoder);
    if (request === null)
      return report('invalid_json_line', 'This line is not parseable as valid JSON.', null);
    const missing = missingField(request, endpoint);
    if (missing !== null)
      return report(
        'missing_required_parameter',
        `Missing required parameter: '${missing}'.`,
        missing,
      );
    const { custom_id: customId, method, url, body } = request;
    if (typeof customId !== 'string' || !isJsonObject(body)) {
      return report(
        'invalid_request',
        'custom_id must be a string and body an object.',
        isJsonObject(body) ? 'custom_id' : 'body',
      );
    }
    if (method !== 'POST')
      return report(
        'invalid_request',
        `Invalid method: '${show(method)}'. Only POST is supported.`,
        'method',
      );
    if (url !== endpoint) {
      return report(
        'mismatched_url',
        `The url '${show(url)}' does not match the batch endpoint '${endpoint}'.`,
        'url',
      );
    }
    if (seenIds.has(customId))
      return report(
        'duplicate_custom_id',
        `The custom_id '${customId}' is used more than once.`,
        'custom_id',
      );
    seenIds.add(customId);
    const lineModel = body['model'];
    if (typeof lineModel === 'string') {
      model ??= lineModel;
      if (lineModel !== model) {
        return report(
          'mismatched_model',
          `Model '${lineModel}' differs from '${model}': a batch has one model.`,
          'body.model',
        );
      }
    }
    if (body['stream'] === true)
      return report('invalid_request', 'Streaming is not supported in a batch.', 'body.stream');
    tokens += inputTokens(promptOf(body));
    if (endpoint === '/v1/embeddings') inputs += embeddingInputs(body);
  };

  for await (const lines of splitLines(chunks, limits.lineBytesMax)) {
    for (const bytes of lines) {
      line += 1;
      // Beyond the limit lines are only counted, since the file fails anyway.
      if (line <= limits.requestsMax) check(bytes);
    }
  }
  if (line === 0) errors.push(whole('empty_file', 'The input file is empty.'));
  if (line > limits.requestsMax) {
    errors.unshift(
      whole(
        'too_many_tasks',
        `The batch has ${line} requests, over the limit of ${limits.requestsMax}.`,
      ),
    );
  }
  if (inputs > limits.embeddingInputsMax) {
    errors.push(
      whole(
        'too_many_tasks',
        `The batch has ${inputs} embedding inputs, over the limit of ${limits.embeddingInputsMax}.`,
      ),
    );
  }
  return { errors, requestCount: line, model, tokens };
};

/** An error of the file as a whole. */
export const whole = (
  code: string,
  message: string,
  param: string | null = null,
): BatchErrorEntry => ({
  code,
  message,
  param,
  line: null,
});

/** The JSON object on a line; null: there is none. */
export const parseLine = (
  bytes: Uint8Array,
  decoder: InstanceType<typeof TextDecoder>,
): JsonObject | null => {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
};

const missingField = (request: JsonObject, endpoint: string): string | null => {
  for (const field of ['custom_id', 'method', 'url', 'body'])
    if (isAbsent(request[field])) return field;
  const body = request['body'];
  if (!isJsonObject(body)) return null;
  if (isAbsent(body['model']) && endpoint !== '/v1/moderations') return 'body.model';
  const field = requiredField[endpoint];
  if (field === undefined || !isAbsent(body[field])) return null;
  // A stored prompt may replace the input.
  return endpoint === '/v1/responses' && !isAbsent(body['prompt']) ? null : `body.${field}`;
};

const isAbsent = (value: JsonValue | undefined): boolean =>
  value === undefined || value === null || value === '';

const show = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
