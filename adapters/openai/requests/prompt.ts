import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { kindOf, readJsonText } from '../../../lib/core/json/json-text.ts';
import type { OpenAIEndpoint } from '../config/endpoints.ts';

/** What a prompt builder returned. */
export type ReadPrompt =
  | { readonly type: 'text'; readonly prompt: string; readonly systemPrompt: string | undefined }
  | { readonly type: 'list'; readonly list: NonNullable<JsonObject[string]> }
  | { readonly type: 'body'; readonly body: JsonObject }
  /** `text` is the JSON of `body`, on one line. */
  | { readonly type: 'bodyText'; readonly body: JsonObject; readonly text: string }
  | { readonly type: 'unusable'; readonly reason: string };

/** Which keys a prompt object may have, by the endpoint. */
const shapes: Readonly<Record<OpenAIEndpoint, readonly string[]>> = {
  responses: ['prompt', 'messages', 'body'],
  'chat.completions': ['prompt', 'messages', 'body'],
  embeddings: ['prompt', 'input', 'body'],
  completions: ['prompt', 'body'],
  moderations: ['prompt', 'input', 'body'],
};
const takesSystemPrompt = (endpoint: OpenAIEndpoint): boolean =>
  endpoint === 'responses' || endpoint === 'chat.completions';

/**
 * Tells the forms of a prompt apart; types promise them, but a prompt builder may be plain
 * JavaScript or a template.
 */
export const readPrompt = (endpoint: OpenAIEndpoint, prompt: unknown): ReadPrompt => {
  if (typeof prompt === 'string') return { type: 'text', prompt, systemPrompt: undefined };
  if (!isJsonObject(prompt))
    return unusable(
      `the prompt is ${kindOf(prompt)}; ${endpoint} takes a string or an object with ${shapes[endpoint].join(', or ')}`,
    );
  const asText = readTexts(endpoint, prompt);
  if (asText !== null) return asText;
  const forms = shapes[endpoint].filter((key) => prompt[key] !== undefined);
  const [form] = forms;
  if (form === undefined || forms.length > 1) {
    return unusable(
      `the prompt object has ${forms.length === 0 ? 'none' : 'more than one'} of ${shapes[endpoint].join(', ')}`,
    );
  }
  const strange = Object.keys(prompt).find(
    (key) =>
      key !== form && !(key === 'systemPrompt' && form === 'prompt' && takesSystemPrompt(endpoint)),
  );
  if (strange !== undefined && prompt[strange] !== undefined)
    return unusable(
      `the prompt object has "${strange}", which ${endpoint} does not take beside "${form}"`,
    );
  if (form === 'prompt') return readText(prompt);
  if (form === 'body') return readBody(endpoint, prompt['body']);
  const list = prompt[form];
  const isGiven = Array.isArray(list) || (form === 'input' && typeof list === 'string');
  return isGiven && list !== undefined && list !== null
    ? { type: 'list', list }
    : unusable(`"${form}" is ${kindOf(list)}, not a list`);
};

/** The forms that are JSON text already; null: the prompt is of another form. */
const readTexts = (endpoint: OpenAIEndpoint, prompt: JsonObject): ReadPrompt | null => {
  const [form, ...others] = Object.keys(prompt);
  const isMessages = form === 'messagesText' && takesSystemPrompt(endpoint);
  if (others.length > 0 || (form !== 'bodyText' && !isMessages)) return null;
  const read = readJsonText(form, prompt[form], (text) =>
    isMessages ? `{"${messagesField(endpoint)}":${text}}` : text,
  );
  if ('reason' in read) return unusable(read.reason);
  const { text, value: body } = read;
  if (!isJsonObject(body)) return unusable(`"${form}" is ${kindOf(body)}, not an object`);
  if ((body['stream'] ?? false) !== false)
    return unusable(`"${form}" has "stream", but a batch cannot stream`);
  return lacking(endpoint, form, body) ?? { type: 'bodyText', body, text };
};

const messagesField = (endpoint: OpenAIEndpoint): string =>
  endpoint === 'responses' ? 'input' : 'messages';

const readText = ({ prompt, systemPrompt }: JsonObject): ReadPrompt => {
  if (typeof prompt !== 'string') return unusable(`"prompt" is ${kindOf(prompt)}, not a string`);
  if (systemPrompt !== undefined && typeof systemPrompt !== 'string')
    return unusable(`"systemPrompt" is ${kindOf(systemPrompt)}, not a string`);
  return { type: 'text', prompt, systemPrompt };
};

/**
 * What a body must hold, one of each list: a line without it fails its whole batch at validation.
 */
const needed: Readonly<Record<OpenAIEndpoint, readonly string[]>> = {
  responses: ['input', 'prompt'],
  'chat.completions': ['messages'],
  embeddings: ['input'],
  completions: ['prompt'],
  moderations: ['input'],
};

const readBody = (endpoint: OpenAIEndpoint, body: unknown): ReadPrompt => {
  if (!isJsonObject(body)) return unusable(`"body" is ${kindOf(body)}, not an object`);
  const reserved = ['model', 'stream'].find((key) => body[key] !== undefined);
  if (reserved !== undefined)
    return unusable(
      `"body" holds "${reserved}": the model is the job's, and a batch never streams`,
    );
  return lacking(endpoint, 'body', body) ?? { type: 'body', body };
};

const lacking = (endpoint: OpenAIEndpoint, form: string, body: JsonObject): ReadPrompt | null =>
  needed[endpoint].some((key) => (body[key] ?? null) !== null)
    ? null
    : unusable(`"${form}" holds no ${needed[endpoint].map((key) => `"${key}"`).join(' or ')}`);

const unusable = (reason: string): ReadPrompt => ({ type: 'unusable', reason });
