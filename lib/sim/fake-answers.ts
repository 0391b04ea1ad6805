import type { FailureClass } from '../core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import type { LineContent } from '../ports/provider.ts';

/** The content of a 200 body of the fake, as far as it was written. */
export type FakeContent = Pick<LineContent, 'outputText' | 'output' | 'texts'> &
  Required<Pick<LineContent, 'finishReason' | 'toolCalls'>>;

/** Why a 200 body is not a usable answer. */
export interface FakeFault {
  readonly failureClass: FailureClass;
  readonly message: string;
  /** True for a truncated answer that no output limit ended. */
  readonly stopsBeforeLimit?: true;
}

/** A text, a call or media in a body. */
interface OutputPart {
  readonly text: string | null;
  readonly isCall: boolean;
  readonly raw: JsonObject;
}

const listOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
const isShown = (text: string | null): boolean => text !== null && text.trim() !== '';

/**
 * Null when the body is a complete answer with content. Otherwise it is a refusal, is truncated, or
 * is empty.
 */
export const faultOfAnswer = (body: JsonObject): FakeFault | null => {
  if (!Array.isArray(body['output']) && choicesOf(body).length === 0)
    return { failureClass: 'malformed_result', message: 'the answer has no text' };
  const reason = reasonOf(body);
  if (typeof body['status'] === 'string' && body['status'] !== 'completed')
    return body['status'] === 'incomplete'
      ? cut(reason)
      : { failureClass: 'server_error', message: 'the response failed' };
  const refusal = refusalOf(body);
  if (refusal !== null) return { failureClass: 'refusal', message: refusal };
  if (Array.isArray(body['choices']) && !wholeReasons.has(reason)) return cut(reason);
  const isEmpty = outputPartsOf(body).every(({ text, isCall, raw }) =>
    text === null ? !isCall && !isMedia(raw) : !isShown(text),
  );
  return isEmpty
    ? { failureClass: 'empty_output', message: 'the answer has no text, no call and no media' }
    : null;
};

const wholeReasons: ReadonlySet<string | null> = new Set(['stop', 'tool_calls', 'function_call']);

const cut = (reason: string | null): FakeFault => {
  if (reason === 'content_filter')
    return { failureClass: 'content_filtered', message: 'a content filter stopped the answer' };
  if (reason === 'error')
    return { failureClass: 'server_error', message: 'the answer ended in an error' };
  const truncated = {
    failureClass: 'truncated',
    message: `the answer stops (${reason ?? 'no reason given'})`,
  } as const;
  return reason === 'length' || reason === 'max_output_tokens'
    ? truncated
    : { ...truncated, stopsBeforeLimit: true };
};

export const contentOfAnswer = (body: JsonObject): FakeContent => {
  const outputParts = outputPartsOf(body);
  const texts = outputParts.flatMap(({ text }) => (text === null ? [] : [text]));
  const shown = texts.filter(isShown);
  const isChoices = Array.isArray(body['choices']);
  const outputText =
    texts.length === 0
      ? null
      : isChoices
        ? (texts[0] as string)
        : shown.length > 0
          ? shown.join('\n\n')
          : texts.join('');
  const calls = outputParts.flatMap(({ isCall, raw }) => (isCall ? [raw] : []));
  const isTextAlone =
    outputParts.every(({ text }) => text !== null) && (!isChoices || texts.length < 2);
  return {
    outputText,
    output: isTextAlone ? outputText : outputParts.map(({ raw }) => raw),
    finishReason: reasonOf(body),
    toolCalls: calls.length === 0 ? null : calls,
    ...(texts.length > 1 ? { texts: isChoices ? texts : texts.toReversed() } : {}),
  };
};

const choicesOf = (body: JsonObject): readonly JsonObject[] => listOf(body['choices']);
const messageOf = ({ message }: JsonObject): JsonObject => (isJsonObject(message) ? message : {});

const reasonOf = (body: JsonObject): string | null => {
  const { incomplete_details: details, status } = body;
  const reason = isJsonObject(details)
    ? details['reason']
    : (choicesOf(body)[0]?.['finish_reason'] ?? status);
  return typeof reason === 'string' ? reason : null;
};

const refusalOf = (body: JsonObject): string | null => {
  const parts = listOf(body['output']).flatMap((item) => listOf(item['content']));
  const found = [...parts, ...choicesOf(body).map(messageOf)]
    .map(({ refusal }) => refusal)
    .find((refusal) => typeof refusal === 'string');
  return found ?? null;
};

const isMedia = ({ type, audio, images, content }: JsonObject): boolean =>
  type === 'image_generation_call' ||
  isJsonObject(audio) ||
  Array.isArray(images) ||
  listOf(content).some((part) => part['type'] === 'image');

/** For a response its items, without reasoning; for a completion its messages and their calls. */
const outputPartsOf = (body: JsonObject): readonly OutputPart[] => {
  const items = listOf(body['output']).filter((item) => item['type'] !== 'reasoning');
  const outputParts = items.map((raw): OutputPart => {
    const isCall = raw['type'] === 'function_call';
    return { text: raw['type'] === 'message' ? textOf(raw['content']) : null, isCall, raw };
  });
  return [...outputParts, ...choicesOf(body).map(messageOf).flatMap(outputPartsOfMessage)];
};

const outputPartsOfMessage = (message: JsonObject): readonly OutputPart[] => {
  const { content, tool_calls: calls, function_call: older } = message;
  const text = typeof content === 'string' ? content : textOf(content);
  const asked = [
    ...listOf(calls),
    ...(isJsonObject(older) ? [{ type: 'function', function: older }] : []),
  ];
  const own =
    text !== null || asked.length === 0
      ? [{ text: isMedia(message) ? null : text, isCall: false, raw: message }]
      : [];
  return [...own, ...asked.map((raw): OutputPart => ({ text: null, isCall: true, raw }))];
};

const textOf = (content: JsonValue | undefined): string | null => {
  const texts = listOf(content).flatMap(({ type, text }) =>
    (type === 'output_text' || type === 'text') && typeof text === 'string' ? [text] : [],
  );
  return texts.length === 0 ? null : texts.join('');
};
