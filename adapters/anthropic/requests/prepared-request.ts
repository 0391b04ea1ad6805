import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
  jsonDepthMax,
} from '../../../lib/core/json/json.ts';
import type { PreparedRequest, ProviderWire } from '../../../lib/ports/provider.ts';
import { escapeSeparators, quote } from './json-text.ts';
import { refusedParamIn } from './refused-params.ts';

/** The endpoint of every request, in the adapter's spelling. */
export const messagesEndpoint = 'messages';

/** Reads a request as it stands in a create: `{custom_id, params}`. */
export const readRequest: NonNullable<ProviderWire['readRequest']> = (line) => {
  // Some writers of files begin them with a mark, and end lines in two characters.
  const text = (line.startsWith('\uFEFF') ? line.slice(1) : line).trim();
  const row = parse(text);
  if (!isJsonObject(row)) return { field: null, reason: 'it is no JSON object' };
  const { custom_id: customId, params } = row;
  if (typeof customId !== 'string' || customId.trim() === '')
    return {
      field: 'custom_id',
      reason:
        customId === undefined ? 'it has no custom_id' : `its custom_id is ${shown(customId)}`,
    };
  if (!isJsonObject(params)) return { field: 'params', reason: 'its params are no object' };
  if (isTooDeep(params))
    return {
      field: 'params',
      reason: `its params are nested more than ${jsonDepthMax} levels deep`,
    };
  const { model, messages, max_tokens: bound } = params;
  if (typeof model !== 'string') return { field: 'params', reason: 'its params name no model' };
  if (!Array.isArray(messages)) return { field: 'params', reason: 'its params have no messages' };
  if (bound === undefined) return { field: 'params', reason: 'its params have no max_tokens' };
  const refused = refusedParamIn(params);
  if (refused !== null)
    return { field: 'params', reason: `its params hold "${refused.key}": ${refused.reason}` };
  return { customId, endpoint: messagesEndpoint, model, body: params, text };
};

/**
 * The same line under a `custom_id` of ours, which then stands first: it is stamped there. Its
 * numbers keep their digits where that can be.
 */
export const renderRequest = (
  customId: string,
  request: PreparedRequest,
): { readonly line: string } => ({
  line: `${renamed(customId, request) ?? `{"custom_id":${quote(customId)},"params":${quote(request.body)}}`}\n`,
});

const member = '"custom_id"\\s{0,100}:\\s{0,100}"(?:[^"\\\\]|\\\\.)*"';
const firstMember = new RegExp(`^\\{\\s{0,100}${member}\\s{0,100},`, 'u');
const laterMember = new RegExp(`,\\s{0,100}${member}`, 'u');

/** Null where the line's own id is not the first of that name, or where it has several. */
const renamed = (customId: string, { text, body }: PreparedRequest): string | null => {
  const rest = firstMember.test(text)
    ? text.replace(firstMember, '')
    : text.replace(laterMember, '').replace(/^\{/u, '');
  const line = escapeSeparators(`{"custom_id":${quote(customId)},${rest}`);
  const row = parse(line);
  return isJsonObject(row) &&
    row['custom_id'] === customId &&
    Object.keys(row).length === 2 &&
    JSON.stringify(row['params']) === JSON.stringify(body as JsonObject)
    ? line
    : null;
};

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
};

const shown = (value: JsonValue): string => {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
