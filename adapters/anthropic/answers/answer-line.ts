import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import type { LineContent, LineVerdict } from '../../../lib/ports/provider.ts';
import { failureClassOf, readApiError } from './api-error.ts';
import { contentOf, type MessageContent } from './message.ts';
import { type AnswerFault, faultOfStop } from './stop-reasons.ts';
import { isText, likelyTexts } from './texts.ts';
import { usageOf } from './usage.ts';

/** Whose line, and what became of it; one `JSON.parse` and no copy of the answer. */
export const readVerdict = (line: string, wants?: 'text'): LineVerdict => {
  const answer = parseAnswer(line);
  if (answer === null) return malformed;
  const { customId, message, content, fault } = answer;
  const usage = message === null ? null : usageOf(message);
  const texts = wants === 'text' && content !== null ? likelyTexts(content.texts) : [];
  if (fault !== null) {
    const { failureClass, stopsBeforeLimit } = fault;
    return {
      type: 'failed',
      customId,
      failureClass,
      usage,
      ...(failureClass === 'refusal' && texts.length > 0 ? { texts } : {}),
      ...(stopsBeforeLimit === true ? { stopsBeforeLimit } : {}),
    };
  }
  if (wants !== 'text' || content === null) return { type: 'succeeded', customId, usage };
  return {
    type: 'succeeded',
    customId,
    usage,
    ...textsOf(content),
    ...(content.calls.length > 0 ? { isCall: true } : {}),
  };
};

/** What the line holds for its reader; of a failed one also the text so far. */
export const readContent = (line: string, include?: 'response'): LineContent => {
  const answer = parseAnswer(line);
  if (answer === null)
    return include === undefined ? unreadable : { ...unreadable, response: null };
  const { message, content, fault, raw } = answer;
  const said =
    content === null
      ? { outputText: null }
      : { ...textsOf(content), outputText: outputTextOf(content) };
  const reason = message?.['stop_reason'];
  const calls = content?.calls ?? [];
  const shared = {
    ...said,
    finishReason: isText(reason) ? reason : null,
    toolCalls: calls.length === 0 || isTooDeep(calls) ? null : calls,
    usage: message === null ? null : usageOf(message),
    ...(include === undefined ? {} : { response: shownRaw(message ?? raw) }),
  };
  if (fault === null && content !== null)
    return { ...shared, output: content.more ?? shared.outputText, error: null };
  return {
    ...shared,
    output: null,
    error: { message: fault?.message ?? 'no message', raw: shownRaw(raw) },
  };
};

const outputTextOf = ({ texts }: MessageContent): string | null =>
  texts.length === 0 ? null : texts.join('');

/** The text, and those that may each be the structured answer where they are not just it. */
const textsOf = (
  content: MessageContent,
): { readonly outputText: string | null; readonly texts?: readonly string[] } => {
  const outputText = outputTextOf(content);
  const texts = likelyTexts(content.texts);
  const isAll =
    texts.length === 0
      ? !isText(outputText ?? undefined)
      : texts.length === 1 && texts[0] === outputText;
  return isAll ? { outputText } : { outputText, texts };
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

/** One line of results, in the shape of the batch guide (2026-11). */
interface Answer {
  readonly customId: string;
  /** Null where no answer was given. */
  readonly message: JsonObject | null;
  readonly content: MessageContent | null;
  /** Null: it is a whole answer. */
  readonly fault: AnswerFault | null;
  /** What is shown of a failure. */
  readonly raw: JsonValue;
}

const parseAnswer = (line: string): Answer | null => {
  const parsed = parse(line);
  if (!isJsonObject(parsed)) return null;
  const { custom_id: customId, result } = parsed;
  if (typeof customId !== 'string') return null;
  const failed = (fault: AnswerFault, raw: JsonValue): Answer => ({
    customId,
    message: null,
    content: null,
    fault,
    raw,
  });
  if (!isJsonObject(result)) return failed(noResult('the line has no result'), result ?? null);
  switch (result['type']) {
    case 'succeeded':
      return succeeded(customId, result);
    case 'errored':
      return failed(faultOfError(result), result['error'] ?? null);
    case 'canceled':
    case 'cancelled':
      return failed(unfinished.canceled, result);
    case 'expired':
      return failed(unfinished.expired, result);
    default:
      return failed(noResult('the result is of no known type'), result);
  }
};

const noResult = (message: string): AnswerFault => ({ failureClass: 'malformed_result', message });

const unfinished = {
  canceled: {
    failureClass: 'batch_cancelled',
    message: 'the batch was cancelled before this request was answered',
  },
  expired: {
    failureClass: 'batch_expired',
    message: 'the batch expired before this request was answered',
  },
} as const satisfies Readonly<Record<string, AnswerFault>>;

const succeeded = (customId: string, { message }: JsonObject): Answer => {
  if (!isJsonObject(message))
    return {
      customId,
      message: null,
      content: null,
      fault: noResult('the result has no message'),
      raw: message ?? null,
    };
  const content = contentOf(message);
  return { customId, message, content, fault: faultOf(message, content), raw: message };
};

const faultOf = (message: JsonObject, content: MessageContent | null): AnswerFault | null => {
  if (content === null) return noResult('the message has no content');
  const stop = faultOfStop(message);
  if (stop !== null) return stop;
  if (content.isEmpty)
    return { failureClass: 'empty_output', message: 'the answer has no text and no call' };
  return content.more !== null && isTooDeep(content.more)
    ? noResult('the answer is nested too deeply to be given on')
    : null;
};

const faultOfError = (result: JsonObject): AnswerFault => {
  const error = readApiError(result['error']);
  if (error === null)
    return { failureClass: 'server_error', message: 'the request failed, with no message' };
  const { type, message } = error;
  return {
    failureClass: failureClassOf(error),
    message: type === null || type === message ? message : `${type}: ${message}`,
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
