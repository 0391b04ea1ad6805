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
export const createRenderer = (job: Job): LineRenderer => {
  const { endpoint, jsonSchema, schemaName } = job;
  const params =
    jsonSchema === null ? job.params : withSchema(endpoint, job.params, jsonSchema, schemaName);
  if (params === null) return () => ({ reason: `${endpoint} has no structured output` });
  const form = formOf({ ...job, params });
  const wordsOf = wordsWriter(form);
  return (customId, prompt) => {
    const read = readPrompt(endpoint, prompt);
    if (read.type === 'unusable') return { reason: read.reason };
    try {
      if (read.type === 'text')
        return {
          line: `{"custom_id":${quote(customId)}${form.beforeBody}${wordsOf(read.prompt, read.systemPrompt)}`,
        };
      if (read.type === 'bodyText') return ownText(form, customId, read.body, read.text);
      const own = read.type === 'body' ? read.body : { [listField[endpoint]]: read.list };
      return rawBody(form, customId, own);
    } catch (thrown) {
      return {
        reason: `the prompt cannot be written as JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      };
    }
  };
};

/** What the lines of a job share. `params`: with the schema of its answers. */
interface Form extends Job {
  /** Between the id and the body. */
  readonly beforeBody: string;
  readonly namesModel: boolean;
  /**
   * The members of an object behind others; where bounds may be raised, these last and with room.
   */
  readonly members: (object: JsonObject) => string;
}

const formOf = (job: Job): Form => {
  const { lines = 'full', endpoint, raisedOutputTokensMax: raised } = job;
  return {
    ...job,
    beforeBody:
      lines === 'full' ? `,"method":"POST","url":"${endpointPath(endpoint)}","body":` : `,"body":`,
    namesModel: lines !== 'bare_without_model',
    members: (object) => {
      if (raised === null) return membersOf(object);
      const [rest, bounds] = withoutBounds(endpoint, object);
      return membersOf(rest) + bounds.map(([key, bound]) => paddedMember(key, bound)).join('');
    },
  };
};

/** Writes the body of a plain prompt, and the end of its line. */
const wordsWriter = ({
  model,
  endpoint,
  params,
  namesModel,
  members,
}: Form): ((prompt: string, systemPrompt: string | undefined) => string) => {
  const { instructions, ...withoutInstructions } = params;
  const modelText = namesModel ? `{"model":${quote(model)},` : '{';
  const [before, after] = textFields[endpoint];
  const end = `${members(params)}}}\n`;
  const tail = `${after}${end}`;
  const tailUnderSystem =
    endpoint === 'responses' && instructions !== undefined
      ? `${after}${members(withoutInstructions)}}}\n`
      : tail;
  return (prompt, systemPrompt) => {
    if (systemPrompt === undefined) return `${modelText}${before}${quote(prompt)}${tail}`;
    const system = quote(systemPrompt);
    if (endpoint === 'responses')
      return `${modelText}"instructions":${system},${before}${quote(prompt)}${tailUnderSystem}`;
    const turns = `[{"role":"system","content":${system}},{"role":"user","content":${quote(prompt)}}]`;
    return `${modelText}"messages":${turns}${end}`;
  };
};

/** A line whose body is a row's own, over what the job says. */
const rawBody = (form: Form, customId: string, own: JsonObject): RenderedLine => {
  const { model, namesModel, members, beforeBody } = form;
  const { model: named = model, ...rest } = bodyOf(form, own);
  const text = namesModel ? `"model":${quote(named)}${members(rest)}` : members(rest).slice(1);
  return lineOf(form, own, `{"custom_id":${quote(customId)}${beforeBody}{${text}}}\n`);
};

/** A body that is text already: only what the job adds is written. */
const ownText = (
  form: Form,
  customId: string,
  own: JsonObject,
  text: string,
): ReturnType<LineRenderer> => {
  const { model, endpoint, namesModel, beforeBody, raisedOutputTokensMax: raised } = form;
  const { model: named = model } = own;
  if (named !== model)
    return {
      reason: `its model is ${JSON.stringify(named)}, but the run's is ${JSON.stringify(model)}`,
    };
  const body = bodyOf(form, own);
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
  const whole = padded === '' ? changed : `${changed.slice(0, -1)}${padded}}`;
  return lineOf(form, own, `{"custom_id":${quote(customId)}${beforeBody}${whole}}\n`);
};

/** A row's own body over what the job says. */
const bodyOf = ({ model, endpoint, params, jsonSchema, schemaName }: Form, own: JsonObject) => {
  const body: JsonObject = { model, ...params, ...own };
  return jsonSchema === null ? body : (withSchema(endpoint, body, jsonSchema, schemaName) ?? body);
};

const lineOf = (form: Form, own: JsonObject, line: string): RenderedLine => {
  const { model, endpoint, params, raisedOutputTokensMax: raised } = form;
  const body = { model, ...params, ...own };
  return {
    line,
    inputs: inputsOf(endpoint, body),
    ...(saysBound(endpoint, own) ? { outputTokensMax: boundOf(endpoint, body, raised) } : {}),
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
