import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import {
  isFilledObject,
  isText,
  listOf,
  saysAnything,
  isPartOfText,
  partsOf,
  partTexts,
  refusalIn,
} from './answer-reader.ts';

/**
 * Parts of a message's content that say nothing to its reader: what a model thinks before it
 * answers (Mistral, 2.7; Anthropic through gateways).
 */
const thoughts: ReadonlySet<JsonValue> = new Set(['thinking', 'redacted_thinking', 'reasoning']);

/** The texts of a chat message, one of each part. */
export const messageTexts = ({ content }: JsonObject): readonly string[] =>
  typeof content === 'string' ? [content] : partTexts(partsOf(content));

/** The text of a chat message, whose content may be a list of parts; null where it has none. */
export const messageText = (message: JsonObject): string | null => {
  const texts = messageTexts(message);
  return texts.length === 0 ? null : texts.join('');
};

/** Null where the model did not refuse. */
export const refusalOf = ({ refusal, content }: JsonObject): string | null => {
  if (isText(refusal)) return refusal;
  return typeof content === 'string' ? null : refusalIn(partsOf(content));
};

/**
 * As the provider wrote them; the call of the older API (`function_call`) in the shape of the
 * newer.
 */
export const callsOf = (message: JsonObject): readonly JsonObject[] => {
  const { tool_calls: listed, function_call: older } = message;
  // Some services give one call without its list.
  const calls = (listOf(listed) ?? [listed ?? null]).filter(isFilledObject).filter(asksSomething);
  return calls.length === 0 && isNamed(older) ? [{ type: 'function', function: older }] : calls;
};

const isNamed = (called: JsonValue | undefined): called is JsonObject =>
  isJsonObject(called) && isText(called['name']);

/** A call names what is called; one of a type that is not known says anything at all. */
const asksSomething = (call: JsonObject): boolean => {
  const { function: called, custom } = call;
  return called === undefined && custom === undefined
    ? saysAnything(call)
    : isNamed(called) || isNamed(custom);
};

/** Sound, and the pictures that gateways put beside the content. */
const hasMedia = ({ audio, images }: JsonObject): boolean =>
  saysAnything(audio) || (listOf(images) ?? []).some((image) => saysAnything(image));

const isMorePart = (part: JsonObject): boolean =>
  !isPartOfText(part) && (part['type'] !== 'refusal' || isText(part['refusal']));

/** True where the message's text is not all that it says. */
export const hasMoreThanText = (message: JsonObject): boolean =>
  callsOf(message).length > 0 || hasMedia(message) || partsOf(message['content']).some(isMorePart);

/**
 * True for a message without text, calls and media. A part of a type that is not known is something
 * where it holds anything.
 */
export const readsNothing = (message: JsonObject): boolean =>
  !isText(messageText(message) ?? undefined) &&
  callsOf(message).length === 0 &&
  !hasMedia(message) &&
  partsOf(message['content']).every(
    (part) => !isMorePart(part) || thoughts.has(part['type'] ?? null) || !saysAnything(part),
  );
