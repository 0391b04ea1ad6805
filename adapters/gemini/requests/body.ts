import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import type { GeminiEndpoint } from '../config/endpoints.ts';
import { misspelled } from '../config/generation-config.ts';
import { withTools } from './tools.ts';

/** A body in the REST form, or why it is none. */
export type ReadBody = { readonly body: JsonObject } | { readonly reason: string };

/**
 * Brings a body, or the parameters of a job, into the REST form: neutral tools become the API's
 * own, a text as the system instruction a content. Names in snake case, and fields of
 * `generationConfig` beside it, are refused with the right spelling: the service would drop them,
 * or fail the row.
 */
export const inRestForm = (endpoint: GeminiEndpoint, given: JsonObject): ReadBody => {
  const wrong = Object.keys(given)
    .filter((key) => key !== 'tool_choice')
    .map((key) => (endpoint === 'embedContent' && !key.includes('_') ? null : misspelled(key)))
    .find((hint) => hint !== null);
  if (wrong !== undefined && wrong !== null) return { reason: wrong };
  if (endpoint === 'embedContent') return { body: given };
  const { generationConfig: config } = given;
  if (config !== undefined && !isJsonObject(config))
    return { reason: '"generationConfig" is no object' };
  const inside = Object.keys(config ?? {}).find((key) => key.includes('_'));
  if (inside !== undefined)
    return {
      reason: `"generationConfig.${inside}" is in snake case; the REST form is in camel case`,
    };
  const read = withTools(given);
  if ('reason' in read) return read;
  const { systemInstruction: system, ...rest } = read.body;
  return typeof system === 'string'
    ? { body: { ...rest, systemInstruction: systemOf(system) } }
    : { body: read.body };
};

/** A text as the system instruction. */
export const systemOf = (text: string): JsonObject => ({ parts: [{ text }] });
