import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { isPaddable, raiseBounds, paddedMember } from '../core/settle/output-bound.ts';
import type { TokenUsage } from '../core/values/usage.ts';
import type { LineContent, LineRenderer, ProviderWire } from '../ports/provider.ts';
import {
  contentOfAnswer,
  type FakeContent,
  type FakeFault,
  faultOfAnswer,
} from './fake-answers.ts';
import { classOfFakeError, type FakeError, fakeErrorIn } from './fake-errors.ts';

/** Endpoints for which the fake can write requests. */
export const fakeEndpoints = ['responses', 'chat.completions'] as const;
export type FakeEndpoint = (typeof fakeEndpoints)[number];

/** The endpoint's path; a path stays as it is. */
export const endpointPath = (endpoint: string): string =>
  endpoint.startsWith('/') ? endpoint : `/v1/${endpoint.replaceAll('.', '/')}`;

/** Writes request lines for prompts, and reads result lines; text endpoints only. */
export const createFakeWire = (job: {
  readonly model: string;
  readonly endpoint: string;
  readonly params: JsonObject;
}): ProviderWire => {
  const url = endpointPath(job.endpoint);
  const isChat = url === endpointPath('chat.completions');
  return {
    renderer: ({ jsonSchema, schemaName, raisedOutputTokensMax }) => {
      const format =
        jsonSchema === null ? {} : formatOf(isChat, jsonSchema, schemaName ?? 'output');
      return renderer(
        { model: job.model, ...job.params, ...format },
        url,
        isChat,
        raisedOutputTokensMax !== null,
      );
    },
    readRequest,
    renderRequest: (customId, { endpoint, body }) => ({
      line: `${JSON.stringify({ custom_id: customId, method: 'POST', url: endpointPath(endpoint), body })}\n`,
    }),
    raiseOutputTokens: (lines, bound) => raiseBounds(lines, boundKeys, bound),
    readVerdict: (line, wants) => {
      const answer = readAnswer(line);
      if (answer === null) return { type: 'malformed' };
      const { customId, body } = answer;
      const failure = failureOf(answer);
      const usage = body === null ? null : usageOf(body);
      if (failure !== null) {
        const { failureClass, stopsBeforeLimit } = failure;
        const content =
          failureClass === 'refusal' && wants !== undefined && body !== null
            ? contentOfAnswer(body)
            : null;
        const beside =
          content === null || content.outputText === null
            ? {}
            : { texts: content.texts ?? [content.outputText] };
        return {
          type: 'failed',
          customId,
          failureClass,
          usage,
          ...beside,
          ...(stopsBeforeLimit === undefined ? {} : { stopsBeforeLimit }),
        };
      }
      if (wants === undefined || body === null) return { type: 'succeeded', customId, usage };
      const { outputText, texts, toolCalls } = contentOfAnswer(body);
      const call = toolCalls !== null ? { isCall: true as const } : {};
      return {
        type: 'succeeded',
        customId,
        usage,
        outputText,
        ...(texts === undefined ? {} : { texts }),
        ...call,
      };
    },
    readContent: (line, include): LineContent => {
      const answer = readAnswer(line);
      if (answer === null)
        return {
          ...noContent,
          usage: null,
          error: { message: 'the line is not an answer', raw: null },
        };
      const { body, raw } = answer;
      const failure = failureOf(answer);
      const content = body === null ? noContent : contentOfAnswer(body);
      const usage = body === null ? null : usageOf(body);
      const response = include === undefined ? {} : { response: body };
      if (failure === null) return { ...content, usage, error: null, ...response };
      return {
        ...content,
        output: null,
        usage,
        error: { message: failure.message, raw },
        ...response,
      };
    },
  };
};

const readRequest: NonNullable<ProviderWire['readRequest']> = (line) => {
  const row = parse(line);
  if (!isJsonObject(row)) return { field: null, reason: 'it is no JSON object' };
  const { custom_id: customId, url, body } = row;
  if (typeof customId !== 'string' || customId === '')
    return { field: 'custom_id', reason: 'it has no custom_id' };
  if (typeof url !== 'string') return { field: 'url', reason: 'it has no url' };
  if (!isJsonObject(body) || typeof body['model'] !== 'string')
    return { field: 'body', reason: 'its body names no model' };
  return {
    customId,
    endpoint: url.replace(/^\/v1\//u, '').replaceAll('/', '.'),
    model: body['model'],
    body,
    text: line,
  };
};

const noContent: FakeContent = {
  outputText: null,
  output: null,
  finishReason: null,
  toolCalls: null,
};

/** A request's own output limit, under any of its three names. */
const boundKeys: readonly string[] = ['max_output_tokens', 'max_completion_tokens', 'max_tokens'];

const formatOf = (isChat: boolean, schema: JsonObject, name: string): JsonObject =>
  isChat
    ? { response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } } }
    : { text: { format: { type: 'json_schema', name, schema, strict: true } } };

const renderer =
  (shared: JsonObject, url: string, isChat: boolean, isRaisable: boolean): LineRenderer =>
  (customId, prompt) => {
    const own = ownPart(prompt, isChat);
    if (typeof own === 'string') return { reason: own };
    const request = { custom_id: customId, method: 'POST', url };
    const body: JsonObject = { ...shared, ...own };
    if (!isRaisable) return { line: `${JSON.stringify({ ...request, body })}\n` };
    const bounds = boundKeys.flatMap((key) =>
      isPaddable(body[key]) ? [paddedMember(key, body[key])] : [],
    );
    const rest = Object.fromEntries(
      Object.entries(body).filter(([key, value]) => !isPaddable(value) || !boundKeys.includes(key)),
    );
    return {
      line: `${JSON.stringify({ ...request, body: rest }).slice(0, -2)}${bounds.join('')}}}\n`,
    };
  };

/** The prompt's part of the body, or why there is none. */
const ownPart = (prompt: unknown, isChat: boolean): JsonObject | string => {
  if (typeof prompt === 'string')
    return isChat ? { messages: [{ role: 'user', content: prompt }] } : { input: prompt };
  if (!isJsonObject(prompt))
    return `the prompt is ${prompt === null ? 'null' : typeof prompt}, not a string or an object`;
  const { prompt: text, systemPrompt, messages, body } = prompt;
  if (isJsonObject(body)) return body;
  if (Array.isArray(messages)) return { [isChat ? 'messages' : 'input']: messages };
  if (typeof text !== 'string') return 'the prompt object has no prompt, messages or body';
  if (systemPrompt === undefined) return ownPart(text, isChat);
  const turns = [
    { role: 'system', content: systemPrompt },
    { role: 'user', content: text },
  ];
  return isChat ? { messages: turns } : { instructions: systemPrompt, input: text };
};

interface Answer {
  readonly customId: string;
  readonly statusCode: number | null;
  /** The body of a 2xx response. */
  readonly body: JsonObject | null;
  readonly error: FakeError;
  readonly raw: JsonValue;
}

const readAnswer = (line: string): Answer | null => {
  const parsed = parse(line);
  if (!isJsonObject(parsed) || typeof parsed['custom_id'] !== 'string') return null;
  const { custom_id: customId, response, error } = parsed;
  const answer = { customId, raw: parsed };
  if (!isJsonObject(response))
    return { ...answer, statusCode: null, body: null, error: fakeErrorIn(undefined, error) };
  const status = typeof response['status_code'] === 'number' ? response['status_code'] : 0;
  const wholeBody = response['body'];
  const body = isJsonObject(wholeBody) && status >= 200 && status < 300 ? wholeBody : null;
  return { ...answer, statusCode: status, body, error: fakeErrorIn(wholeBody, error) };
};

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
};

const failureOf = ({ statusCode, body, error }: Answer): FakeFault | null => {
  if (body !== null) return faultOfAnswer(body);
  const message = statusCode === null ? error.message : `${statusCode}: ${error.message}`;
  return { failureClass: classOfFakeError(statusCode, error), message };
};

const usageOf = ({ usage }: JsonObject): TokenUsage | null => {
  if (!isJsonObject(usage)) return null;
  const count = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
  const details = usage['output_tokens_details'] ?? usage['completion_tokens_details'];
  return {
    inputTokens: count(usage['input_tokens'] ?? usage['prompt_tokens']),
    cachedInputTokens: 0,
    outputTokens: count(usage['output_tokens'] ?? usage['completion_tokens']),
    reasoningTokens: isJsonObject(details) ? count(details['reasoning_tokens']) : 0,
  };
};
