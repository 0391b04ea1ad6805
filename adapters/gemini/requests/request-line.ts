import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { paddedMember } from '../../../lib/core/settle/output-bound.ts';
import type { LineRenderer, RenderedLine, RenderInput } from '../../../lib/ports/provider.ts';
import type { GeminiEndpoint } from '../config/endpoints.ts';
import { answersIn, outputTokensMaxOf, saysBound, withoutBound } from '../config/request-bounds.ts';
import { inCamelCase, withAdded } from './body-text.ts';
import { quote } from './json-text.ts';
import { withSchema } from './output-format.ts';
import { systemOf } from './body.ts';
import { readPrompt } from './prompt.ts';

/** How an endpoint spells its text, before and after the text itself. */
const textFields: Readonly<Record<GeminiEndpoint, readonly [before: string, after: string]>> = {
  generateContent: ['"contents":[{"role":"user","parts":[{"text":', '}]}]'],
  embedContent: ['"content":{"parts":[{"text":', '}]}'],
};

interface Job extends RenderInput {
  readonly model: string;
  readonly endpoint: GeminiEndpoint;
  /** In the REST form. */
  readonly params: JsonObject;
}

/**
 * Renders lines of the batch API's input file, `{"key", "request"}` (batch guide, 2026-10). What
 * all lines share is text already: per row, a plain prompt costs one `JSON.stringify` of its words.
 * A system prompt replaces `params.systemInstruction`. The model stands in the create alone.
 */
export const createRenderer = ({
  model,
  endpoint,
  params,
  jsonSchema,
  raisedOutputTokensMax: raised,
}: Job): LineRenderer => {
  if (jsonSchema !== null && endpoint !== 'generateContent')
    return () => ({ reason: `${endpoint} has no structured output` });
  const shaped = (body: JsonObject): JsonObject =>
    jsonSchema === null ? body : withSchema(body, jsonSchema);
  const shared = shaped(params);
  const { systemInstruction: _replaced, ...withoutSystem } = shared;
  const [before, after] = textFields[endpoint];
  const tail = `${after}${membersOf(shared, raised !== null)}}}\n`;
  const tailUnderSystem = `${after}${membersOf(withoutSystem, raised !== null)}}}\n`;

  const words = (prompt: string, systemPrompt: string | undefined): string =>
    systemPrompt === undefined
      ? `${before}${quote(prompt)}${tail}`
      : `"systemInstruction":${quote(systemOf(systemPrompt))},${before}${quote(prompt)}${tailUnderSystem}`;

  const rawBody = (customId: string, own: JsonObject): RenderedLine => {
    const body = shaped(merged(params, own));
    return {
      line: `{"key":${quote(customId)},"request":{${membersOf(body, raised !== null).slice(1)}}}\n`,
      ...(saysBound(endpoint, own) ? { outputTokensMax: boundOf(body) } : {}),
    };
  };

  /** A body that is text already: only what the job adds is written. */
  const ownText = (customId: string, body: JsonObject, text: string): ReturnType<LineRenderer> => {
    const { model: named } = body;
    if (named !== undefined && bareModel(named) !== bareModel(model))
      return {
        reason: `its model is ${JSON.stringify(named)}, but the run's is ${JSON.stringify(model)}`,
      };
    const own = inCamelCase(body);
    const whole = shaped(merged(params, own));
    return {
      line: `{"key":${quote(customId)},"request":${withAdded(text, own, whole, raised !== null)}}\n`,
      ...(saysBound(endpoint, own) ? { outputTokensMax: boundOf(whole) } : {}),
    };
  };

  /** What a row with a body of its own may be billed for, when it is asked again, too. */
  const boundOf = (body: JsonObject): number | null => {
    const bound = outputTokensMaxOf(endpoint, body);
    return bound === null || raised === null ? bound : Math.max(bound, raised * answersIn(body));
  };

  return (customId, prompt) => {
    const read = readPrompt(endpoint, prompt);
    if (read.type === 'unusable') return { reason: read.reason };
    try {
      if (read.type === 'bodyText') return ownText(customId, read.body, read.text);
      return read.type === 'text'
        ? { line: `{"key":${quote(customId)},"request":{${words(read.prompt, read.systemPrompt)}` }
        : rawBody(customId, read.body);
    } catch (thrown) {
      return {
        reason: `the prompt cannot be written as JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      };
    }
  };
};

/** The API names a model with its collection in front, where it names one. */
const bareModel = (model: unknown): unknown =>
  typeof model === 'string' ? model.replace(/^models\//u, '') : model;

/** A body over the parameters; of `generationConfig`, field by field. */
const merged = (params: JsonObject, own: JsonObject): JsonObject => {
  const { generationConfig: shared } = params;
  const { generationConfig: given } = own;
  return {
    ...params,
    ...own,
    ...(isJsonObject(shared) && isJsonObject(given)
      ? { generationConfig: { ...shared, ...given } }
      : {}),
  };
};

/**
 * The object's members as text behind others. `isPadded`: the bound of the output stands last in
 * its object, padded so that it can be raised.
 */
const membersOf = (object: JsonObject, isPadded: boolean): string => {
  const { generationConfig: config, ...rest } = object;
  if (!isPadded || !isJsonObject(config)) return plainMembers(object);
  const [others, bound] = withoutBound(config);
  if (bound === null) return plainMembers(object);
  const inner = `${plainMembers(others)}${paddedMember(...bound)}`.slice(1);
  return `${plainMembers(rest)},"generationConfig":{${inner}}`;
};

const plainMembers = (object: JsonObject): string => {
  const text = quote(object);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
};
