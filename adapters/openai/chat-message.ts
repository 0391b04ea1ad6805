import type { JsonObject, JsonValue } from '../../lib/core/json.ts';
import { isFilledList, isFilledObject, isText, isTyped, listOf } from './answer-reader.ts';

/** Parts of a message's content that say nothing to its reader: what a model thinks before it answers (Mistral, 2.7; Anthropic through gateways). */
const thoughts: ReadonlySet<JsonValue> = new Set(['thinking', 'redacted_thinking', 'reasoning']);
const isPartOfText = ({ type }: JsonObject): boolean => type === 'text' || type === 'output_text';

const partsOf = (message: JsonObject): readonly JsonObject[] => (listOf(message['content']) ?? []).filter(isTyped);

/** The text of a chat message, whose content may be a list of parts; null where it has none. */
export const messageText = (message: JsonObject): string | null => {
  const { content } = message;
  if (typeof content === 'string') return content;
  const texts = partsOf(message).flatMap((part) => (isPartOfText(part) && typeof part['text'] === 'string' ? [part['text']] : []));
  return texts.length === 0 ? null : texts.join('');
};

/** Null where the model did not refuse. */
export const refusalOf = (message: JsonObject): string | null => {
  const { refusal } = message;
  if (typeof refusal === 'string' && refusal !== '') return refusal;
  const part = partsOf(message).find(({ type }) => type === 'refusal');
  if (part === undefined) return null;
  return typeof part['refusal'] === 'string' ? part['refusal'] : 'the model refused';
};

/** As the provider wrote them; the call of the older API (`function_call`) in the shape of the newer. */
export const callsOf = (message: JsonObject): readonly JsonObject[] => {
  const calls = (listOf(message['tool_calls']) ?? []).filter(isFilledObject);
  const { function_call: older } = message;
  return calls.length === 0 && isFilledObject(older) ? [{ type: 'function', function: older }] : calls;
};

/** Sound, and the pictures that gateways put beside the content. */
const hasMedia = ({ audio, images }: JsonObject): boolean => isFilledObject(audio) || isFilledList(images);

/** True where the message's text is not all that it says. */
export const hasMoreThanText = (message: JsonObject): boolean =>
  callsOf(message).length > 0 || hasMedia(message) || partsOf(message).some((part) => !isPartOfText(part));

/** True for a message without text, calls and media. A part of a type that is not known is taken for something. */
export const readsNothing = (message: JsonObject): boolean =>
  !isText(messageText(message) ?? undefined) &&
  callsOf(message).length === 0 &&
  !hasMedia(message) &&
  partsOf(message).every((part) => isPartOfText(part) || thoughts.has(part['type'] ?? null));
