import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import type { LineContent, LineVerdict } from '../../../lib/ports/provider.ts';
import { classOfError, type LineError, readLineError, clearerError } from './answer-error.ts';
import {
  type AnswerReader,
  type BodyContent,
  type BodyFault,
  isFilledObject,
  tellsError,
  usageOf,
} from './answer-reader.ts';

/** Is shown every line that was accepted, and what was read of it. */
export type Learn = (line: string, customId: string, body: JsonObject) => void;

/** Whose line, and what became of it; one `JSON.parse` and no copy of the answer. */
export const readVerdict = (
  line: string,
  reader: AnswerReader,
  learn: Learn,
  wants?: 'text',
  envelope: ReadEnvelope = readEnvelope,
): LineVerdict => {
  const answer = parseAnswer(line, envelope);
  if (answer === null) return malformed;
  const { customId, body } = answer;
  const failure = failureOf(answer, reader);
  const usage = body === null ? null : usageOf(body);
  if (failure !== null) {
    const { failureClass } = failure;
    const texts =
      failureClass === 'refusal' && wants === 'text' && body !== null
        ? textsOfRefusal(reader.contentOf(body))
        : {};
    const stops = failure.stopsBeforeLimit === true ? { stopsBeforeLimit: true as const } : {};
    return { type: 'failed', customId, failureClass, usage, ...texts, ...stops };
  }
  if (body !== null) learn(line, answer.customId, body);
  return {
    type: 'succeeded',
    customId,
    usage,
    ...(wants === 'text' && body !== null ? textsOf(reader.contentOf(body)) : {}),
  };
};

const textsOf = ({
  outputText,
  texts,
  toolCalls,
}: BodyContent): Pick<
  LineVerdict & { readonly type: 'succeeded' },
  'outputText' | 'texts' | 'isCall'
> => {
  const call = toolCalls === null ? {} : ({ isCall: true } as const);
  return texts === undefined ? { outputText, ...call } : { outputText, texts, ...call };
};

/** What was said beside a refusal; nothing, where the text is the refusal. */
const textsOfRefusal = ({
  outputText,
  texts = outputText === null ? [] : [outputText],
}: BodyContent): { readonly texts?: readonly string[] } => (texts.length === 0 ? {} : { texts });

/** What the line holds for its reader; of a failed one also the text so far. */
export const readContent = (
  line: string,
  reader: AnswerReader,
  learn: Learn,
  include?: 'response',
  envelope: ReadEnvelope = readEnvelope,
): LineContent => {
  const answer = parseAnswer(line, envelope);
  if (answer === null)
    return include === undefined ? unreadable : { ...unreadable, response: null };
  const { body, wholeBody } = answer;
  const failure = failureOf(answer, reader);
  const content = body === null ? noContent : reader.contentOf(body);
  const usage = body === null ? null : usageOf(body);
  const response = include === undefined ? {} : { response: shownRaw(wholeBody ?? null) };
  if (failure === null && body !== null) {
    learn(line, answer.customId, body);
    return { ...content, usage, error: null, ...response };
  }
  const toolCalls = isTooDeep(content.toolCalls) ? null : content.toolCalls;
  const error = { message: failure?.message ?? 'no body', raw: shownRaw(failure?.raw ?? null) };
  return { ...content, output: null, toolCalls, usage, error, ...response };
};

const noContent: BodyContent = {
  outputText: null,
  output: null,
  finishReason: null,
  toolCalls: null,
};

/** What a reader of results can write again. */
const shownRaw = (raw: JsonValue): JsonValue =>
  isTooDeep(raw) ? 'nested too deeply to be shown' : raw;

const malformed: LineVerdict = { type: 'malformed' };
const unreadable: LineContent = {
  outputText: null,
  output: null,
  usage: null,
  error: { message: 'the line is not an answer', raw: null },
};

/** One line of a provider file, in the shape of OpenAI's batch guide (2026-09). */
export interface Answer {
  readonly customId: string;
  /** Null where no HTTP answer was given. */
  readonly statusCode: number | null;
  /** The body of a 2xx. */
  readonly body: JsonObject | null;
  readonly error: JsonValue | undefined;
  readonly wholeBody: JsonValue | undefined;
}

/** Reads a line as a service writes it; null: it is no answer. */
export type ReadEnvelope = (line: JsonObject) => Answer | null;

const parseAnswer = (line: string, read: ReadEnvelope): Answer | null => {
  const parsed = parse(line);
  return isJsonObject(parsed) ? read(parsed) : null;
};

/** OpenAI's envelope. */
export const readEnvelope: ReadEnvelope = (parsed) => {
  const { custom_id: customId, response, error } = parsed;
  if (typeof customId !== 'string') return null;
  if (!isJsonObject(response))
    return { customId, statusCode: null, body: null, error, wholeBody: undefined };
  const wholeBody = unquoted(response['body']);
  const statusCode =
    statusOf(response['status_code']) ?? (isAnswerWithoutStatus(wholeBody, error) ? 200 : 0);
  const body = statusCode >= 200 && statusCode < 300 && isJsonObject(wholeBody) ? wholeBody : null;
  return { customId, statusCode, body, error, wholeBody };
};

/** Null where there is none; some services write it as a text. */
const statusOf = (status: JsonValue | undefined): number | null => {
  if (status === undefined || status === null) return null;
  if (typeof status === 'string') return /^[1-5]\d\d$/u.test(status) ? Number(status) : 0;
  return typeof status === 'number' ? status : 0;
};

/**
 * A body that tells of no error, on a line that tells of none: an answer, whose status the service
 * left out.
 */
const isAnswerWithoutStatus = (
  body: JsonValue | undefined,
  error: JsonValue | undefined,
): boolean =>
  isFilledObject(body) &&
  !tellsError(body['error']) &&
  body['object'] !== 'error' &&
  !tellsError(error);

/** Gateways give the body as the JSON text that they received. */
const unquoted = (body: JsonValue | undefined): JsonValue | undefined => {
  if (typeof body !== 'string' || !/^\s*\{/u.test(body)) return body;
  const parsed = parse(body);
  return isJsonObject(parsed) ? parsed : body;
};

const parse = (line: string): unknown => {
  try {
    // A byte order mark is legal at the head of a file and not in JSON.
    return JSON.parse(line.charCodeAt(0) === 0xfeff ? line.slice(1) : line);
  } catch {
    return null;
  }
};

interface Failure extends BodyFault {
  readonly raw: JsonValue;
}

/**
 * Failures of HTTP stand in the response, with a top-level `error` of null; some services say all
 * at the top.
 */
const failureOf = (
  { statusCode, body, error, wholeBody }: Answer,
  reader: AnswerReader,
): Failure | null => {
  if (body !== null) {
    const found = reader.faultOf(body);
    if (found === null) return null;
    const inside = clearerBeside(found, body, error);
    return inside === null
      ? { ...found, raw: body }
      : { failureClass: classOfError(null, inside), message: inside.message, raw: inside.raw };
  }
  const lineError = clearerError(readLineError(errorHolderIn(wholeBody)), readLineError(error));
  const isSuccess = statusCode !== null && statusCode >= 200 && statusCode < 300;
  if (isSuccess && (lineError === null || readLineError(error) === null))
    return {
      failureClass: 'malformed_result',
      message: `status ${statusCode} ${(wholeBody ?? null) === null ? 'without a body' : 'with a body that is not a JSON object'}`,
      raw: wholeBody ?? null,
    };
  const status = isSuccess || statusCode === 0 ? null : statusCode;
  const message = lineError?.message ?? 'no message';
  return {
    failureClass: classOfError(status, lineError),
    message: status === null ? message : `${status}: ${message}`,
    raw: lineError?.raw ?? error ?? wholeBody ?? null,
  };
};

/** What holds the words: the error itself, unless its words stand beside it (OAuth). */
const errorHolderIn = (wholeBody: JsonValue | undefined): JsonValue | undefined =>
  isJsonObject(wholeBody) && wholeBody['error_description'] === undefined
    ? (wholeBody['error'] ?? wholeBody)
    : wholeBody;

/**
 * The error that stands in place of an answer, or beside one that has nothing in it: in the body,
 * in its first choice (OpenRouter), on the line.
 */
const clearerBeside = (
  { failureClass }: BodyFault,
  body: JsonObject,
  error: JsonValue | undefined,
): LineError | null => {
  const [choice] = Array.isArray(body['choices']) ? (body['choices'] as readonly JsonValue[]) : [];
  const ofChoice =
    isJsonObject(choice) && isJsonObject(choice['error']) ? readLineError(choice['error']) : null;
  if (ofChoice !== null) return ofChoice;
  if (failureClass !== 'malformed_result' && failureClass !== 'empty_output') return null;
  const isError = body['object'] === 'error' || body['type'] === 'error';
  const inBody =
    isError || (body['error'] ?? null) !== null ? readLineError(errorHolderIn(body)) : null;
  return clearerError(inBody, readLineError(error));
};
