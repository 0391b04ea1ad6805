import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** A request of the API as a line of the fake's input. */
export interface FakeRequest {
  readonly customId: string | null;
  readonly line: string;
  readonly endpoint: string;
  /** Why its row comes back as an error; null: it does not. */
  readonly fault: string | null;
}

/**
 * The model of all lines: the fake needs one, and an upload does not say for which its file will
 * be. It thinks before it answers.
 */
export const fakeModel = 'gemini-2.5';

const chat = '/v1/chat/completions';
const embeddings = '/v1/embeddings';

/** A line `{"key", "request"}`; null: it is none, and fails its file. */
export const readLine = (text: string): FakeRequest | null => {
  const row = parse(text);
  if (!isJsonObject(row)) return null;
  const { key, request } = row;
  return isJsonObject(request) ? fakeRequest(typeof key === 'string' ? key : null, request) : null;
};

/** A request under a key, in the fake's words. */
export const fakeRequest = (key: string | null, given: JsonObject): FakeRequest => {
  const request = inCamelCase(given);
  const isEmbedding = request['content'] !== undefined;
  const endpoint = isEmbedding ? embeddings : chat;
  const body = isEmbedding ? embeddingBody(request) : chatBody(request);
  const fault = isEmbedding ? null : faultOf(request);
  return {
    customId: key,
    line: JSON.stringify({ custom_id: key, method: 'POST', url: endpoint, body }),
    endpoint,
    fault,
  };
};

/** The fields of a request; the service refuses any other by its name. */
const fields: ReadonlySet<string> = new Set([
  'model',
  'contents',
  'systemInstruction',
  'generationConfig',
  'safetySettings',
  'tools',
  'toolConfig',
  'cachedContent',
  'labels',
]);

/** The service takes each name in snake case, too, as its batch guide writes them. */
const inCamelCase = (request: JsonObject): JsonObject => {
  const named = camel(request);
  const { generationConfig: config } = named;
  return isJsonObject(config) ? { ...named, generationConfig: camel(config) } : named;
};

const camel = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase()),
      value ?? null,
    ]),
  );

const faultOf = (request: JsonObject): string | null => {
  const unknown = Object.keys(request).find((key) => !fields.has(key));
  if (unknown !== undefined)
    return `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`;
  const { contents } = request;
  return Array.isArray(contents) && contents.length > 0
    ? null
    : '* GenerateContentRequest.contents: contents is not specified';
};

const chatBody = (request: JsonObject): JsonObject => {
  const { systemInstruction: system, contents, generationConfig } = request;
  const config = isJsonObject(generationConfig) ? generationConfig : {};
  const { maxOutputTokens, candidateCount, responseJsonSchema: schema } = config;
  const functions = functionsOf(request['tools']);
  return {
    model: fakeModel,
    messages: [
      ...(isJsonObject(system) ? [{ role: 'system', content: textsOf(system['parts']) }] : []),
      ...listOf(contents).flatMap((content) => (isJsonObject(content) ? [messageOf(content)] : [])),
    ],
    ...(maxOutputTokens === undefined ? {} : { max_completion_tokens: maxOutputTokens }),
    ...(candidateCount === undefined ? {} : { n: candidateCount }),
    ...(isJsonObject(schema)
      ? {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'output', strict: true, schema },
          },
        }
      : config['responseMimeType'] === 'application/json'
        ? { response_format: { type: 'json_object' } }
        : {}),
    ...(functions.length === 0 ? {} : { tools: functions }),
  };
};

const messageOf = ({ role, parts }: JsonObject): JsonObject => ({
  role: role === 'model' ? 'assistant' : 'user',
  content: textsOf(parts),
});

const textsOf = (parts: JsonValue | undefined): readonly JsonObject[] =>
  listOf(parts).flatMap((part) =>
    isJsonObject(part) && typeof part['text'] === 'string'
      ? [{ type: 'text', text: part['text'] }]
      : [],
  );

const functionsOf = (tools: JsonValue | undefined): readonly JsonObject[] =>
  listOf(tools)
    .flatMap((tool) => (isJsonObject(tool) ? listOf(tool['functionDeclarations']) : []))
    .flatMap((declaration) =>
      isJsonObject(declaration)
        ? [{ type: 'function', function: { name: declaration['name'] ?? '' } }]
        : [],
    );

const embeddingBody = (request: JsonObject): JsonObject => {
  const { content, outputDimensionality: dimensions } = request;
  const input = textsOf(isJsonObject(content) ? content['parts'] : undefined)
    .map(({ text }) => String(text))
    .join('\n');
  return {
    model: fakeModel,
    input,
    ...(dimensions === undefined ? {} : { dimensions }),
  };
};

const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : [];

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
