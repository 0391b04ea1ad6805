import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { withMembers } from '../../../lib/core/json/json-members.ts';
import { paddedMember } from '../../../lib/core/settle/output-bound.ts';
import { withoutBound } from '../config/request-bounds.ts';
import { escapeSeparators, quote } from './json-text.ts';

/**
 * The names of a body that the API takes in snake case, too: Google's guide writes files of batches
 * with `generation_config`.
 */
const otherSpelling: Readonly<Record<string, string>> = {
  generationConfig: 'generation_config',
  systemInstruction: 'system_instruction',
  safetySettings: 'safety_settings',
  toolConfig: 'tool_config',
  cachedContent: 'cached_content',
};

/** The members of a body, and of its `generationConfig`, under their names of the REST form. */
export const inCamelCase = (body: JsonObject): JsonObject => {
  const renamed = { ...body };
  for (const [name, other] of Object.entries(otherSpelling)) {
    const value = renamed[other];
    if (value === undefined) continue;
    delete renamed[other];
    renamed[name] ??= name === 'generationConfig' && isJsonObject(value) ? camel(value) : value;
  }
  return renamed;
};

const camel = (config: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase()),
      value ?? null,
    ]),
  );

/**
 * The text of a body with what the job adds to it; all else stays letter by letter. `own` is that
 * body, and `whole` the one that is to be sent, both in camel case. `isPadded`: the bound of the
 * output stands last, padded so that it can be raised.
 */
export const withAdded = (
  text: string,
  own: JsonObject,
  whole: JsonObject,
  isPadded: boolean,
): string => {
  const changes = new Map<string, string | null>();
  const change = (key: string, value: string | null): void => {
    changes.set(key, value);
    const other = otherSpelling[key];
    if (other !== undefined) changes.set(other, null);
  };
  for (const [key, value] of Object.entries(whole))
    if (value !== own[key]) change(key, quote(value ?? null));
  const { generationConfig: config } = whole;
  const [others, bound] = isPadded && isJsonObject(config) ? withoutBound(config) : [{}, null];
  if (bound === null) return escapeSeparators(withMembers(text, changes));
  change('generationConfig', null);
  const rest = quote(others).slice(1, -1);
  const inner = `${rest}${paddedMember(...bound).slice(rest === '' ? 1 : 0)}`;
  const changed = escapeSeparators(withMembers(text, changes));
  return `${changed.slice(0, -1)},"generationConfig":{${inner}}}`;
};
