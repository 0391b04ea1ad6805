import type { JsonObject } from '../../../lib/core/json/json.ts';

/** `generationConfig` of a request, in the API's own spelling (`@google/genai` 2.32). */
export interface GenerationConfig {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly candidateCount?: number;
  /** Output tokens of each candidate at most, thoughts included. */
  readonly maxOutputTokens?: number;
  readonly stopSequences?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly responseLogprobs?: boolean;
  readonly logprobs?: number;
  readonly responseMimeType?: string;
  readonly responseSchema?: JsonObject;
  readonly responseJsonSchema?: JsonObject;
  readonly responseModalities?: readonly string[];
  readonly mediaResolution?: string;
  readonly thinkingConfig?: {
    readonly includeThoughts?: boolean;
    readonly thinkingBudget?: number;
    readonly thinkingLevel?: string;
  };
  readonly speechConfig?: JsonObject;
  readonly imageConfig?: JsonObject;
}

/** The fields of `generationConfig`, each of which the SDK takes beside the others. */
const fields: ReadonlySet<string> = new Set([
  'temperature',
  'topP',
  'topK',
  'candidateCount',
  'maxOutputTokens',
  'stopSequences',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'responseLogprobs',
  'logprobs',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'responseModalities',
  'mediaResolution',
  'thinkingConfig',
  'speechConfig',
  'imageConfig',
]);

/** What other APIs call a field. */
const otherNames: Readonly<Record<string, string>> = {
  max_tokens: 'maxOutputTokens',
  max_completion_tokens: 'maxOutputTokens',
  stop: 'stopSequences',
  n: 'candidateCount',
};

const camelCase = (key: string): string =>
  key.replace(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());

/**
 * Where the key of a body belongs instead, as a hint; null where it may stand as it is. The file of
 * a batch takes the REST form: `generationConfig` nested, in camel case.
 */
export const misspelled = (key: string): string | null => {
  if (fields.has(key)) return `"${key}" belongs into "generationConfig"`;
  const here = Object.hasOwn(otherNames, key) ? otherNames[key] : undefined;
  if (here !== undefined) return `"${key}" is "generationConfig": {"${here}": …} here`;
  if (!key.includes('_')) return null;
  const spelled = camelCase(key);
  return fields.has(spelled)
    ? `"${key}" is "generationConfig": {"${spelled}": …} in the REST form`
    : `"${key}" is "${spelled}" in the REST form`;
};
