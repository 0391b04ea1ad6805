import type { JsonObject } from '../../../lib/core/json/json.ts';
import { paddedMember } from '../../../lib/core/settle/output-bound.ts';
import type { LineRenderer, RenderedLine, RenderInput } from '../../../lib/ports/provider.ts';
import { maxTokensDefault, outputTokensMaxOf, withoutBound } from '../config/request-bounds.ts';
import { withMembers } from '../../../lib/core/json/json-members.ts';
import { escapeSeparators, membersOf, quote } from './json-text.ts';
import { withSchema } from './output-format.ts';
import { readPrompt } from './prompt.ts';

interface Job extends RenderInput {
  readonly model: string;
  readonly params: JsonObject;
}

/**
 * Renders requests as they stand in a create's body: `{"custom_id", "params"}`, one a line. What
 * all lines share is text already: per row, a plain prompt costs one `JSON.stringify` of its words.
 * A system prompt replaces `params.system`.
 */
export const createRenderer = ({
  model,
  params,
  jsonSchema,
  raisedOutputTokensMax: raised,
}: Job): LineRenderer => {
  const bounded: JsonObject = { max_tokens: maxTokensDefault, ...params };
  const shared = jsonSchema === null ? bounded : withSchema(bounded, jsonSchema);
  /** Members behind others; where the bound may be raised, it stands last and has space. */
  const members = (object: JsonObject): string => {
    if (raised === null) return membersOf(object);
    const [rest, bound] = withoutBound(object);
    return membersOf(rest) + (bound === null ? '' : paddedMember('max_tokens', bound));
  };
  const { system, ...withoutSystem } = shared;
  const head = `"params":{"model":${quote(model)},`;
  const tail = `${members(shared)}}}\n`;
  const tailUnderSystem = system === undefined ? tail : `${members(withoutSystem)}}}\n`;

  const words = (prompt: string, systemPrompt: string | undefined): string => {
    const turn = `"messages":[{"role":"user","content":${quote(prompt)}}]`;
    return systemPrompt === undefined
      ? `${head}${turn}${tail}`
      : `${head}"system":${quote(systemPrompt)},${turn}${tailUnderSystem}`;
  };
  const whole = (own: JsonObject): Pick<RenderedLine, 'line' | 'outputTokensMax'> => {
    const merged = { ...shared, ...own };
    const body = jsonSchema === null ? merged : withSchema(merged, jsonSchema);
    return {
      line: `"params":{"model":${quote(model)}${members(body)}}}\n`,
      ...(own['max_tokens'] === undefined ? {} : { outputTokensMax: boundOf(body) }),
    };
  };
  /** A body that is text already: only what the job adds is written. */
  const ownText = (own: JsonObject, text: string): ReturnType<LineRenderer> => {
    const { model: named = model } = own;
    if (named !== model)
      return {
        reason: `its model is ${JSON.stringify(named)}, but the run's is ${JSON.stringify(model)}`,
      };
    const merged = { model, ...shared, ...own };
    const body = jsonSchema === null ? merged : withSchema(merged, jsonSchema);
    const [, bound] = raised === null ? [body, null] : withoutBound(body);
    const changes = new Map<string, string | null>([
      ...Object.entries(body).flatMap(([key, value]) =>
        value === own[key] ? [] : [[key, quote(value ?? null)] as const],
      ),
      ...(bound === null ? [] : [['max_tokens', null] as const]),
    ]);
    const changed = escapeSeparators(withMembers(text, changes));
    const padded = bound === null ? '' : paddedMember('max_tokens', bound);
    return {
      line: `"params":${padded === '' ? changed : `${changed.slice(0, -1)}${padded}}`}}\n`,
      ...(own['max_tokens'] === undefined ? {} : { outputTokensMax: boundOf(body) }),
    };
  };
  /** What a row with a bound of its own may be billed for, when it is asked again, too. */
  const boundOf = (body: JsonObject): number | null => {
    const bound = outputTokensMaxOf(body);
    return bound === null || raised === null ? bound : Math.max(bound, raised);
  };

  return (customId, prompt) => {
    const read = readPrompt(prompt);
    if (read.type === 'unusable') return { reason: read.reason };
    const start = `{"custom_id":${quote(customId)},`;
    try {
      if (read.type === 'text') return { line: start + words(read.prompt, read.systemPrompt) };
      if (read.type === 'bodyText') {
        const written = ownText(read.body, read.text);
        return 'reason' in written ? written : { ...written, line: start + written.line };
      }
      const own =
        read.type === 'body'
          ? read.body
          : {
              ...(read.system === null ? {} : { system: read.system as JsonObject['system'] }),
              messages: read.messages,
            };
      const rendered = whole(own);
      return { ...rendered, line: start + rendered.line };
    } catch (thrown) {
      return {
        reason: `the prompt cannot be written as JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      };
    }
  };
};
