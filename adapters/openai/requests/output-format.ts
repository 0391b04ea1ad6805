import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import type { OpenAIEndpoint } from '../config/endpoints.ts';

/**
 * The body with a strict JSON Schema for the answer; null where the endpoint has none. OpenAI's
 * structured outputs guide, 2026-07.
 */
export const withSchema = (
  endpoint: OpenAIEndpoint,
  body: JsonObject,
  schema: JsonObject,
  schemaName: string | null,
): JsonObject | null => {
  const name = providerName(schemaName);
  if (endpoint === 'responses') {
    const text = body['text'];
    return {
      ...body,
      text: {
        ...(isJsonObject(text) ? text : {}),
        format: { type: 'json_schema', name, schema, strict: true },
      },
    };
  }
  if (endpoint === 'chat.completions')
    return {
      ...body,
      response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } },
    };
  return null;
};

/** OpenAI takes `[A-Za-z0-9_-]{1,64}`. */
const providerName = (name: string | null): string => {
  const fitting = (name ?? '').replace(/[^A-Za-z0-9_-]/gu, '_').slice(0, 64);
  return fitting === '' ? 'output' : fitting;
};
