import type { JsonObject, JsonValue } from '../../../lib/core/json/json.ts';
import { withMembers } from '../../../lib/core/json/json-members.ts';
import { paddedMember } from '../../../lib/core/settle/output-bound.ts';
import type { LineRenderer, RenderedLine, RenderInput } from '../../../lib/ports/provider.ts';
import { endpointPath, type OpenAIEndpoint } from '../config/endpoints.ts';
import { withSchema } from './output-format.ts';
import { readPrompt } from './prompt.ts';
import {
  answersIn,
  inputsOf,
  outputTokensMaxOf,
  saysBound,
  withoutBounds,
} from '../config/request-bounds.ts';

/** How an endpoint spells its text, before and after the text itself. */
const textFields: Readonly<Record<OpenAIEndpoint, readonly [before: string, after: string]>> = {
  responses: ['"input":', ''],
  'chat.completions': ['"messages":[{"role":"user","content":', '}]'],
  embeddings: ['"input":', ''],
  completions: ['"prompt":', ''],
  moderations: ['"input":', ''],
};
/** How an endpoint spells a whole conversation, or a whole input. */
const listField: Readonly<Record<OpenAIEndpoint, string>> = {
  responses: 'input',
  'chat.completions': 'messages',
  embeddings: 'input',
  completions: 'prompt',
  moderations: 'input',
};

/**
 * What stands in a request line: all; no method and url; nor the model, which the create names.
 */
export type LineForm = 'full' | 'bare' | 'bare_without_model';

interface Job extends RenderInput {
  readonly lines?: LineForm;
  readonly model: string;
  readonly endpoint: OpenAIEndpoint;
  readonly params: JsonObject;
}

/**
 * Renders request lines in OpenAI's input format (batch guide, 2026-09). What all lines share is
 * text already: per row, a plain prompt costs one `JSON.stringify` of its words. A system prompt
 * replaces `params.instructions`.
 */
export const createRenderer = ({
  lines = 'full',
  model,
  endpoint,
  params,
  jsonSchema,
  schemaName,
  raisedOutputTokensMax: raised,
}: Job): LineRenderer => {
  const shared =
    jsonSchema === null ? params : withSchema(endpoint, params, jsonSchema, schemaName);
  if (shared === null) return () => ({ reason: `${endpoint} has no structured output` });
  const beforeBody =
    lines === 'full' ? `,"method":"POST","url":"${endpointPath(endpoint)}","body":` : `,"body":`;
  const namesModel = lines !== 'bare_without_model';
  /**
   * The members of an object behind others; where bounds may be raised, these last and with room.
   */
  const members = (object: JsonObject): string => {
    if (raised === null) return membersOf(object);
    const [rest, bounds] = withoutBounds(endpoint, object);
    return membersOf(rest) + bounds.map(([key, bound]) => paddedMember(key, bound)).join('');
  };
  const { instructions, ...withoutInstructions } = shared;
  const modelText = namesModel ? `{"model":${quote(model)},` : '{';
  const [before, after] = textFields[endpoint];
  const tail = `${after}${members(shared)}}}\n`;
  const tailUnderSystem =
    endpoint === 'responses' && instructions !== undefined
      ? `${after}${members(withoutInstructions)}}}\n`
      : tail;

  const words = (prompt: string, systemPrompt: string | undefined): string => {
    if (systemPrompt === undefined) return `${modelText}${before}${quote(prompt)}${tail}`;
    const system = quote(systemPrompt);
    if (endpoint === 'responses')
      return `${modelText}"instructions":${system},${before}${quote(prompt)}${tailUnderSystem}`;
    const turns = `[{"role":"system","content":${system}},{"role":"user","content":${quote(prompt)}}]`;
    return `${modelText}"messages":${turns}${members(shared)}}}\n`;
  };
  const rawBody = (customId: string, own: JsonObject): RenderedLine => {
    const body = { model, ...shared, ...own };
    const { model: named = model, ...rest } =
      jsonSchema === null ? body : (withSchema(endpoint, body, jsonSchema, schemaName) ?? body);
    return {
      line: `{"custom_id":${quote(customId)}${beforeBody}{${namesModel ? `"model":${quote(named)}${members(rest)}` : members(rest).slice(1)}}}\n`,
      inputs: inputsOf(endpoint, body),
      ...(saysBound(endpoint, own) ? { outputTokensMax: boundOf(endpoint, body, raised) } : {}),
    };
  };

  /** A body that is text already: only what the job adds is written. */
  const ownText = (customId: string, own: JsonObject, text: string): ReturnType<LineRenderer> => {
    const { model: named = model } = own;
    if (named !== model)
      return {
        reason: `its model is ${JSON.stringify(named)}, but the run's is ${JSON.stringify(model)}`,
      };
    const whole = { model, ...shared, ...own };
    const body =
      jsonSchema === null ? whole : (withSchema(endpoint, whole, jsonSchema, schemaName) ?? whole);
    const added = Object.entries(body).filter(([key, value]) => value !== own[key]);
    const [, bounds] = raised === null ? [body, []] : withoutBounds(endpoint, body);
    const changes = new Map<string, string | null>([
      ...added.map(([key, value]) => [key, quote(value ?? null)] as const),
      ...bounds.map(([key]) => [key, null] as const),
    ]);
    if (!namesModel && own['model'] === undefined) changes.delete('model');
    else if (!namesModel) changes.set('model', null);
    const changed = escapeSeparators(withMembers(text, changes));
    const padded = bounds.map(([key, bound]) => paddedMember(key, bound)).join('');
    return {
      line: `{"custom_id":${quote(customId)}${beforeBody}${padded === '' ? changed : `${changed.slice(0, -1)}${padded}}`}}\n`,
      inputs: inputsOf(endpoint, body),
      ...(saysBound(endpoint, own) ? { outputTokensMax: boundOf(endpoint, body, raised) } : {}),
    };
  };

  return (customId, prompt) => {
    const read = readPrompt(endpoint, prompt);
    if (read.type === 'unusable') return { reason: read.reason };
    try {
      if (read.type === 'text')
        return {
          line: `{"custom_id":${quote(customId)}${beforeBody}${words(read.prompt, read.systemPrompt)}`,
        };
      if (read.type === 'bodyText') return ownText(customId, read.body, read.text);
      return rawBody(
        customId,
        read.type === 'body' ? read.body : { [listField[endpoint]]: read.list },
      );
    } catch (thrown) {
      return {
        reason: `the prompt cannot be written as JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      };
    }
  };
};

/** What a row with a body of its own may be billed for, when it is asked again, too. */
const boundOf = (
  endpoint: OpenAIEndpoint,
  body: JsonObject,
  raised: number | null,
): number | null => {
  const bound = outputTokensMaxOf(endpoint, body);
  return bound === null || raised === null ? bound : Math.max(bound, raised * answersIn(body));
};

/** The object's members as text behind others. */
const membersOf = (object: JsonObject): string => {
  const text = quote(object);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
};

/**
 * JSON text in which U+2028 and U+2029 are escaped: legal inside JSON, they are ends of lines to
 * some readers (Python's splitlines, Node 24's readline).
 */
export const quote = (value: JsonValue): string => escapeSeparators(JSON.stringify(value));

/** The same of JSON that is text already. */
export const escapeSeparators = (text: string): string =>
  text.includes('\u2028') || text.includes('\u2029')
    ? text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    : text;
