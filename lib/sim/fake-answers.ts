import type { FailureClass } from '../core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import type { LineContent } from '../ports/provider.ts';

/** What a 200 body of the fake says, as far as it got. */
export type FakeContent = Pick<LineContent, 'outputText' | 'output' | 'texts'> & Required<Pick<LineContent, 'finishReason' | 'toolCalls'>>;

/** Why a 200 is no answer. */
export interface FakeFault {
  readonly failureClass: FailureClass;
  readonly message: string;
  /** Of a truncated answer: no output limit ended it. */
  readonly stopsBeforeLimit?: true;
}

/** A text, a call or media that a body holds. */
interface Piece {
  readonly text: string | null;
  readonly isCall: boolean;
  readonly raw: JsonObject;
}

const listOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
const isShown = (text: string | null): boolean => text !== null && text.trim() !== '';

/** Null where the body is a whole answer with something in it: it may be a refusal, stop half-way, or be empty. */
export const faultOfAnswer = (body: JsonObject): FakeFault | null => {
  if (!Array.isArray(body['output']) && choicesOf(body).length === 0)
    return { failureClass: 'malformed_result', message: 'the answer has no text' };
  const reason = reasonOf(body);
  if (typeof body['status'] === 'string' && body['status'] !== 'completed')
    return body['status'] === 'incomplete' ? cut(reason) : { failureClass: 'server_error', message: 'the response failed' };
  const refusal = refusalOf(body);
  if (refusal !== null) return { failureClass: 'refusal', message: refusal };
  if (Array.isArray(body['choices']) && !wholeReasons.has(reason)) return cut(reason);
  const isEmpty = piecesOf(body).every(({ text, isCall, raw }) => (text === null ? !isCall && !isMedia(raw) : !isShown(text)));
  return isEmpty ? { failureClass: 'empty_output', message: 'the answer has no text, no call and no media' } : null;
};

const wholeReasons: ReadonlySet<string | null> = new Set(['stop', 'tool_calls', 'function_call']);

const cut = (reason: string | null): FakeFault => {
  if (reason === 'content_filter') return { failureClass: 'content_filtered', message: 'a content filter stopped the answer' };
  if (reason === 'error') return { failureClass: 'server_error', message: 'the answer ended in an error' };
  const truncated = { failureClass: 'truncated', message: `the answer stops (${reason ?? 'for no reason that is told'})` } as const;
  return reason === 'length' || reason === 'max_output_tokens' ? truncated : { ...truncated, stopsBeforeLimit: true };
};

export const contentOfAnswer = (body: JsonObject): FakeContent => {
  const pieces = piecesOf(body);
  const texts = pieces.flatMap(({ text }) => (text === null ? [] : [text]));
  const shown = texts.filter(isShown);
  const isChoices = Array.isArray(body['choices']);
  const outputText = texts.length === 0 ? null : isChoices ? (texts[0] as string) : shown.length > 0 ? shown.join('\n\n') : texts.join('');
  const calls = pieces.flatMap(({ isCall, raw }) => (isCall ? [raw] : []));
  const isTextAlone = pieces.every(({ text }) => text !== null) && (!isChoices || texts.length < 2);
  return {
    outputText,
    output: isTextAlone ? outputText : pieces.map(({ raw }) => raw),
    finishReason: reasonOf(body),
    toolCalls: calls.length === 0 ? null : calls,
    ...(texts.length > 1 ? { texts: isChoices ? texts : texts.toReversed() } : {}),
  };
};

const choicesOf = (body: JsonObject): readonly JsonObject[] => listOf(body['choices']);
const messageOf = ({ message }: JsonObject): JsonObject => (isJsonObject(message) ? message : {});

const reasonOf = (body: JsonObject): string | null => {
  const { incomplete_details: details, status } = body;
  const reason = isJsonObject(details) ? details['reason'] : (choicesOf(body)[0]?.['finish_reason'] ?? status);
  return typeof reason === 'string' ? reason : null;
};

const refusalOf = (body: JsonObject): string | null => {
  const parts = listOf(body['output']).flatMap((item) => listOf(item['content']));
  const told = [...parts, ...choicesOf(body).map(messageOf)].map(({ refusal }) => refusal).find((refusal) => typeof refusal === 'string');
  return told ?? null;
};

const isMedia = ({ type, audio, images, content }: JsonObject): boolean =>
  type === 'image_generation_call' ||
  isJsonObject(audio) ||
  Array.isArray(images) ||
  listOf(content).some((part) => part['type'] === 'image');

/** Of a response its items, without reasoning; of a completion its messages and their calls. */
const piecesOf = (body: JsonObject): readonly Piece[] => {
  const items = listOf(body['output']).filter((item) => item['type'] !== 'reasoning');
  const pieces = items.map((raw): Piece => {
    const isCall = raw['type'] === 'function_call';
    return { text: raw['type'] === 'message' ? textOf(raw['content']) : null, isCall, raw };
  });
  return [...pieces, ...choicesOf(body).map(messageOf).flatMap(piecesOfMessage)];
};

const piecesOfMessage = (message: JsonObject): readonly Piece[] => {
  const { content, tool_calls: calls, function_call: older } = message;
  const text = typeof content === 'string' ? content : textOf(content);
  const asked = [...listOf(calls), ...(isJsonObject(older) ? [{ type: 'function', function: older }] : [])];
  const own = text !== null || asked.length === 0 ? [{ text: isMedia(message) ? null : text, isCall: false, raw: message }] : [];
  return [...own, ...asked.map((raw): Piece => ({ text: null, isCall: true, raw }))];
};

const textOf = (content: JsonValue | undefined): string | null => {
  const texts = listOf(content).flatMap(({ type, text }) =>
    (type === 'output_text' || type === 'text') && typeof text === 'string' ? [text] : [],
  );
  return texts.length === 0 ? null : texts.join('');
};
