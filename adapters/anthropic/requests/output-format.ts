import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';

/** The body with a JSON Schema for the answer (structured outputs guide, 2026-10). */
export const withSchema = (body: JsonObject, schema: JsonObject): JsonObject => {
  const config = body['output_config'];
  return {
    ...body,
    output_config: {
      ...(isJsonObject(config) ? config : {}),
      format: { type: 'json_schema', schema },
    },
  };
};
