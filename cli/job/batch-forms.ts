import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';

/** The forms, as `--input-format` names them. */
export const batchFormNames = [
  'openai-batch',
  'anthropic-batch',
  'gemini-batch',
  'mistral-batch',
  'together-batch',
] as const;
export type BatchFormName = (typeof batchFormNames)[number];

/** A line of the files that a service's batches are made of. Data alone. */
export interface BatchForm {
  readonly name: BatchFormName;
  /** Whose form it is, and the flag of that. */
  readonly title: string;
  readonly provider: string;
  /** The field that names a request, and the one that holds it. */
  readonly id: 'custom_id' | 'key';
  readonly body: 'body' | 'params' | 'request';
  /** Whether lines have method and url; without, `endpoints` tells where they go. */
  readonly hasUrl: boolean;
  /** Whether each request names its model; without, `--model` does, or some request. */
  readonly namesModel: boolean;
  /** The endpoint of a request by the field that only its requests have; else by the url. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** What a request must hold beside that. */
  readonly needs: readonly string[];
  /** A line, for messages. */
  readonly example: string;
}

const batchForms: Readonly<Record<BatchFormName, BatchForm>> = {
  'openai-batch': {
    name: 'openai-batch',
    title: 'OpenAI',
    provider: 'openai',
    id: 'custom_id',
    body: 'body',
    hasUrl: true,
    namesModel: true,
    endpoints: {},
    needs: [],
    example:
      '{"custom_id": "…", "method": "POST", "url": "/v1/responses", "body": {"model": "…", …}}',
  },
  'anthropic-batch': {
    name: 'anthropic-batch',
    title: 'Anthropic',
    provider: 'anthropic',
    id: 'custom_id',
    body: 'params',
    hasUrl: false,
    namesModel: true,
    endpoints: { messages: 'messages' },
    needs: ['max_tokens'],
    example: '{"custom_id": "…", "params": {"model": "…", "max_tokens": 1024, "messages": […], …}}',
  },
  'gemini-batch': {
    name: 'gemini-batch',
    title: 'Gemini',
    provider: 'gemini',
    id: 'key',
    body: 'request',
    hasUrl: false,
    namesModel: false,
    endpoints: { contents: 'generateContent', content: 'embedContent' },
    needs: [],
    example: '{"key": "…", "request": {"contents": […], …}}',
  },
  'mistral-batch': {
    name: 'mistral-batch',
    title: 'Mistral',
    provider: 'mistral',
    id: 'custom_id',
    body: 'body',
    hasUrl: false,
    namesModel: false,
    endpoints: { messages: 'chat.completions', input: 'embeddings' },
    needs: [],
    example: '{"custom_id": "…", "body": {"messages": […], …}}',
  },
  'together-batch': {
    name: 'together-batch',
    title: 'Together',
    provider: 'together',
    id: 'custom_id',
    body: 'body',
    hasUrl: false,
    namesModel: true,
    endpoints: { messages: 'chat.completions' },
    needs: [],
    example: '{"custom_id": "…", "body": {"model": "…", "messages": […], …}}',
  },
};

/** The form of a name, as a description has it; OpenAI's where there is none. */
export const batchFormOf = (name: BatchFormName = 'openai-batch'): BatchForm => batchForms[name];

/** The form of files for a provider of the command line, by its name. */
export const formOfProvider = (provider: string): BatchForm =>
  Object.values(batchForms).find((form) => form.provider === provider) ??
  batchForms['openai-batch'];

/**
 * The form that a row is a request of; null: it is a row like any other. Where several are alike,
 * it is `own`.
 */
export const formOfRow = (row: unknown, own: BatchForm): BatchForm | null => {
  if (!isJsonObject(row)) return null;
  const alike = Object.values(batchForms).filter((form) => isOfForm(row, form));
  if (alike.includes(own)) return own;
  const [first = null, ...others] = alike;
  if (first === null) return null;
  // A request that names its model, and no url, is one of OpenAI's that lacks it.
  const { model } = row[first.body] as JsonObject;
  return own.hasUrl && model !== undefined && first.body === own.body && first.id === own.id
    ? own
    : (others.find(({ namesModel }) => namesModel === (model !== undefined)) ?? first);
};

const isOfForm = (row: JsonObject, { id, body, hasUrl, endpoints }: BatchForm): boolean => {
  const request = row[body];
  if (row[id] === undefined || !isJsonObject(request)) return false;
  const isAddressed = row['url'] !== undefined || row['method'] !== undefined;
  if (hasUrl) return isAddressed;
  const fields = ['model', ...Object.keys(endpoints)];
  return !isAddressed && fields.some((field) => Object.hasOwn(request, field));
};

/** The endpoint that a request without a url is for; null: nothing tells it. */
export const endpointOfRequest = (request: JsonObject, { endpoints }: BatchForm): string | null =>
  Object.entries(endpoints).find(([field]) => Object.hasOwn(request, field))?.[1] ?? null;
