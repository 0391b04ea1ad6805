import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { kindOf, readJsonText } from '../../../lib/core/json/json-text.ts';
import { isReason } from './content-parts.ts';
import { type Conversation, conversationOf } from './messages.ts';
import { refusedParamIn } from './refused-params.ts';

/** What a prompt builder returned. */
export type ReadPrompt =
  | { readonly type: 'text'; readonly prompt: string; readonly systemPrompt: string | undefined }
  | ({ readonly type: 'messages' } & Conversation)
  | { readonly type: 'body'; readonly body: JsonObject }
  /** `text` is the JSON of `body`, on one line. */
  | { readonly type: 'bodyText'; readonly body: JsonObject; readonly text: string }
  | { readonly type: 'unusable'; readonly reason: string };

const forms = ['prompt', 'messages', 'body'] as const;

/**
 * Tells the forms of a prompt apart; types promise them, but a prompt builder may be plain
 * JavaScript or a template.
 */
export const readPrompt = (prompt: unknown): ReadPrompt => {
  if (typeof prompt === 'string') return readText({ prompt });
  if (!isJsonObject(prompt))
    return unusable(
      `the prompt is ${kindOf(prompt)}; it must be a string or an object with ${forms.join(', or ')}`,
    );
  const asText = readTexts(prompt);
  if (asText !== null) return asText;
  const given = forms.filter((key) => prompt[key] !== undefined);
  const [form] = given;
  if (form === undefined || given.length > 1)
    return unusable(
      `the prompt object has ${given.length === 0 ? 'none' : 'more than one'} of ${forms.join(', ')}`,
    );
  const strange = Object.keys(prompt).find(
    (key) =>
      key !== form && !(key === 'systemPrompt' && form === 'prompt') && prompt[key] !== undefined,
  );
  if (strange !== undefined)
    return unusable(`the prompt object has "${strange}", which is not taken beside "${form}"`);
  if (form === 'prompt') return readText(prompt);
  return form === 'body' ? readBody(prompt['body']) : readMessages(prompt['messages']);
};

/** The forms that are JSON text already; null: the prompt is of another form. */
const readTexts = (prompt: JsonObject): ReadPrompt | null => {
  const [form, ...others] = Object.keys(prompt);
  if (others.length > 0 || (form !== 'messagesText' && form !== 'bodyText')) return null;
  const json = readJsonText(form, prompt[form]);
  if ('reason' in json) return unusable(json.reason);
  const { text, value } = json;
  // Messages may be in another spelling, so that they are written anew.
  if (form === 'messagesText') return readMessages(value);
  const { model: _, ...own } = isJsonObject(value) ? value : {};
  const read = readBody(isJsonObject(value) ? own : value);
  return read.type === 'body' && isJsonObject(value)
    ? { type: 'bodyText', body: value, text }
    : read;
};

const readText = ({ prompt, systemPrompt }: JsonObject): ReadPrompt => {
  if (typeof prompt !== 'string') return unusable(`"prompt" is ${kindOf(prompt)}, not a string`);
  if (systemPrompt !== undefined && typeof systemPrompt !== 'string')
    return unusable(`"systemPrompt" is ${kindOf(systemPrompt)}, not a string`);
  // The service refuses a message without text, hours later.
  if (prompt.trim() === '') return unusable('the prompt is empty, which Anthropic refuses');
  return { type: 'text', prompt, systemPrompt };
};

const readMessages = (list: JsonValue | undefined): ReadPrompt => {
  if (!Array.isArray(list)) return unusable(`"messages" is ${kindOf(list)}, not a list`);
  const conversation = conversationOf(list as readonly JsonValue[]);
  return isReason(conversation)
    ? unusable(conversation.reason)
    : { type: 'messages', ...conversation };
};

const readBody = (body: unknown): ReadPrompt => {
  if (!isJsonObject(body)) return unusable(`"body" is ${kindOf(body)}, not an object`);
  if (body['model'] !== undefined) return unusable('"body" holds "model": the model is the job\'s');
  const refused = refusedParamIn(body);
  if (refused !== null) return unusable(`"body" holds "${refused.key}": ${refused.reason}`);
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0)
    return unusable('"body" holds no "messages"');
  return { type: 'body', body };
};

const unusable = (reason: string): ReadPrompt => ({ type: 'unusable', reason });
