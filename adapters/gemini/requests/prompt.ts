import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { kindOf, readJsonText } from '../../../lib/core/json/json-text.ts';
import type { GeminiEndpoint } from '../config/endpoints.ts';
import { inRestForm } from './body.ts';
import { readMessages } from './messages.ts';

/** What a prompt builder returned. */
export type ReadPrompt =
  | { readonly type: 'text'; readonly prompt: string; readonly systemPrompt: string | undefined }
  /** A body of its own, in the REST form. */
  | { readonly type: 'body'; readonly body: JsonObject }
  /** `text` is the JSON of `body`, on one line. */
  | { readonly type: 'bodyText'; readonly body: JsonObject; readonly text: string }
  | { readonly type: 'unusable'; readonly reason: string };

/** Which keys a prompt object may have, by the endpoint. */
const shapes: Readonly<Record<GeminiEndpoint, readonly string[]>> = {
  generateContent: ['prompt', 'messages', 'contents', 'body'],
  embedContent: ['prompt', 'content', 'body'],
};

/**
 * Tells the forms of a prompt apart; types promise them, but a prompt builder may be plain
 * JavaScript or a template.
 */
export const readPrompt = (endpoint: GeminiEndpoint, prompt: unknown): ReadPrompt => {
  if (typeof prompt === 'string') return { type: 'text', prompt, systemPrompt: undefined };
  if (!isJsonObject(prompt))
    return unusable(
      `the prompt is ${kindOf(prompt)}; ${endpoint} takes a string or an object with ${shapes[endpoint].join(', or ')}`,
    );
  const asText = readTexts(endpoint, prompt);
  if (asText !== null) return asText;
  const forms = shapes[endpoint].filter((key) => prompt[key] !== undefined);
  const [form] = forms;
  if (form === undefined || forms.length > 1)
    return unusable(
      `the prompt object has ${forms.length === 0 ? 'none' : 'more than one'} of ${shapes[endpoint].join(', ')}`,
    );
  const takesSystem = form === 'prompt' && endpoint === 'generateContent';
  const strange = Object.keys(prompt).find(
    (key) => key !== form && !(key === 'systemPrompt' && takesSystem),
  );
  if (strange !== undefined && prompt[strange] !== undefined)
    return unusable(
      `the prompt object has "${strange}", which ${endpoint} does not take beside "${form}"`,
    );
  return readForm(endpoint, form, prompt);
};

/** The forms that are JSON text already; null: the prompt is of another form. */
const readTexts = (endpoint: GeminiEndpoint, prompt: JsonObject): ReadPrompt | null => {
  const [form, ...others] = Object.keys(prompt);
  const isMessages = form === 'messagesText' && endpoint === 'generateContent';
  if (others.length > 0 || (form !== 'bodyText' && !isMessages)) return null;
  const read = readJsonText(form, prompt[form]);
  if ('reason' in read) return unusable(read.reason);
  const { text, value } = read;
  // Messages may be in another spelling, so that they are written anew.
  if (isMessages) return readConversation(value);
  if (!isJsonObject(value)) return unusable(`"${form}" is ${kindOf(value)}, not an object`);
  return (value[needed[endpoint]] ?? null) === null
    ? unusable(`"${form}" holds no "${needed[endpoint]}"`)
    : { type: 'bodyText', body: value, text };
};

const readForm = (endpoint: GeminiEndpoint, form: string, prompt: JsonObject): ReadPrompt => {
  const given = prompt[form];
  switch (form) {
    case 'prompt':
      return readText(prompt);
    case 'body':
      return readBody(endpoint, given);
    case 'content':
      return isJsonObject(given) && isFilled(given['parts'])
        ? { type: 'body', body: { content: given } }
        : unusable('"content" has no parts');
    case 'contents':
      return isFilled(given) && (given as readonly JsonValue[]).every(isTurn)
        ? { type: 'body', body: { contents: given } }
        : unusable('"contents" is no list of turns with parts');
    default:
      return readConversation(given);
  }
};

const readText = ({ prompt, systemPrompt }: JsonObject): ReadPrompt => {
  if (typeof prompt !== 'string') return unusable(`"prompt" is ${kindOf(prompt)}, not a string`);
  if (systemPrompt !== undefined && typeof systemPrompt !== 'string')
    return unusable(`"systemPrompt" is ${kindOf(systemPrompt)}, not a string`);
  return { type: 'text', prompt, systemPrompt };
};

const readConversation = (messages: JsonValue | undefined): ReadPrompt => {
  if (!Array.isArray(messages)) return unusable(`"messages" is ${kindOf(messages)}, not a list`);
  const read = readMessages(messages as readonly JsonValue[]);
  if ('reason' in read) return unusable(read.reason);
  const { contents, systemInstruction } = read;
  return {
    type: 'body',
    body: systemInstruction === null ? { contents } : { contents, systemInstruction },
  };
};

/** What a body must hold: a line without it fails. */
const needed: Readonly<Record<GeminiEndpoint, string>> = {
  generateContent: 'contents',
  embedContent: 'content',
};

const readBody = (endpoint: GeminiEndpoint, body: unknown): ReadPrompt => {
  if (!isJsonObject(body)) return unusable(`"body" is ${kindOf(body)}, not an object`);
  if (body['model'] !== undefined)
    return unusable('"body" holds "model": the model is the job\'s, since a batch has one');
  const read = inRestForm(endpoint, body);
  if ('reason' in read) return unusable(`"body": ${read.reason}`);
  if ((body[needed[endpoint]] ?? null) === null)
    return unusable(`"body" holds no "${needed[endpoint]}"`);
  return { type: 'body', body: read.body };
};

const isFilled = (value: JsonValue | undefined): boolean =>
  Array.isArray(value) && value.length > 0;
const isTurn = (value: JsonValue): boolean => isJsonObject(value) && isFilled(value['parts']);

const unusable = (reason: string): ReadPrompt => ({ type: 'unusable', reason });
