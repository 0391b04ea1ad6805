import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import type { LineContent, LineVerdict } from '../../../lib/ports/provider.ts';
import { type AnswerReader, type BodyContent, type BodyFault, noContent } from './answer-reader.ts';
import { classOfRowError, textOfStatus } from './row-error.ts';
import { readStatus } from './rpc-status.ts';

/** Whose line, and what became of it; one `JSON.parse` and no copy of the answer. */
export const readVerdict = (line: string, reader: AnswerReader, wants?: 'text'): LineVerdict => {
  const answer = parseAnswer(line);
  if (answer === null) return { type: 'malformed' };
  const { customId, response } = answer;
  const failure = failureOf(answer, reader);
  const usage = response === null ? null : reader.usageOf(response);
  if (failure !== null) {
    const stops = failure.stopsBeforeLimit === true ? { stopsBeforeLimit: true as const } : {};
    return { type: 'failed', customId, failureClass: failure.failureClass, usage, ...stops };
  }
  const content = wants === 'text' && response !== null ? textsOf(reader.contentOf(response)) : {};
  return { type: 'succeeded', customId, usage, ...content };
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

/** What the line holds for its reader; of a failed one also the text so far. */
export const readContent = (
  line: string,
  reader: AnswerReader,
  include?: 'response',
): LineContent => {
  const answer = parseAnswer(line);
  if (answer === null)
    return include === undefined ? unreadable : { ...unreadable, response: null };
  const { response, raw } = answer;
  const failure = failureOf(answer, reader);
  const content = response === null ? noContent : reader.contentOf(response);
  const usage = response === null ? null : reader.usageOf(response);
  const whole = include === undefined ? {} : { response: shownRaw(raw) };
  if (failure === null) return { ...content, usage, error: null, ...whole };
  const toolCalls = isTooDeep(content.toolCalls) ? null : content.toolCalls;
  const error = { message: failure.message, raw: shownRaw(failure.raw) };
  return { ...content, output: null, toolCalls, usage, error, ...whole };
};

/** What a reader of results can write again. */
const shownRaw = (raw: JsonValue): JsonValue =>
  isTooDeep(raw) ? 'nested too deeply to be shown' : raw;

const unreadable: LineContent = {
  outputText: null,
  output: null,
  usage: null,
  error: { message: 'the line is not an answer', raw: null },
};

/**
 * One line of a file of responses: `{"key", "response"}`, or `{"key", "error"}` (batch guide,
 * 2026-10).
 */
interface Answer {
  readonly customId: string;
  /** Null where there is none. */
  readonly response: JsonObject | null;
  /** Its `response` as it came. */
  readonly raw: JsonValue;
  /** Where an error may stand. */
  readonly errors: readonly (JsonValue | undefined)[];
}

const parseAnswer = (line: string): Answer | null => {
  const parsed = parse(line);
  if (!isJsonObject(parsed)) return null;
  const { key, response, error, status } = parsed;
  if (typeof key !== 'string') return null;
  const body = isJsonObject(response) ? response : null;
  return {
    customId: key,
    response: body,
    raw: response ?? null,
    errors: [body?.['error'], error, status],
  };
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
 * An answer that is whole counts, whatever stands beside it. Of one that is not, an error beside it
 * says more.
 */
const failureOf = ({ response, errors, raw }: Answer, reader: AnswerReader): Failure | null => {
  const found = response === null ? null : reader.faultOf(response);
  if (response !== null && found === null) return null;
  const isVague =
    found === null ||
    found.failureClass === 'malformed_result' ||
    found.failureClass === 'empty_output';
  const status = isVague ? (errors.map(readStatus).find((each) => each !== null) ?? null) : null;
  if (status !== null)
    return {
      failureClass: classOfRowError(status),
      message: textOfStatus(status),
      raw: status.raw,
    };
  if (found !== null) return { ...found, raw };
  return {
    failureClass: 'malformed_result',
    message: 'the line has neither a response nor an error',
    raw,
  };
};
