import {
  isJsonObject,
  type JsonValue,
  isTooDeep,
  jsonDepthMax,
} from '../../../lib/core/json/json.ts';
import type { PreparedRequest, ProviderWire } from '../../../lib/ports/provider.ts';
import { endpointPath, parseEndpoint } from '../config/endpoints.ts';
import { inputsOf } from '../config/request-bounds.ts';
import { escapeSeparators, quote } from './request-line.ts';

/**
 * Reads a line of OpenAI's input format: `{custom_id, method, url, body}`. What the body asks is
 * for the service to judge.
 */
export const readRequest: NonNullable<ProviderWire['readRequest']> = (line) => {
  // Some writers of files begin them with a mark, and end lines in two characters.
  const text = (line.startsWith('\uFEFF') ? line.slice(1) : line).trim();
  const row = parse(text);
  if (!isJsonObject(row)) return { field: null, reason: 'it is no JSON object' };
  const { custom_id: customId, method = 'POST', url, body } = row;
  if (typeof customId !== 'string' || customId.trim() === '')
    return {
      field: 'custom_id',
      reason:
        customId === undefined ? 'it has no custom_id' : `its custom_id is ${shown(customId)}`,
    };
  if (method !== 'POST')
    return { field: 'method', reason: `its method is ${shown(method)}, and a batch takes POST` };
  const endpoint = typeof url === 'string' ? parseEndpoint(url) : null;
  if (endpoint === null)
    return {
      field: 'url',
      reason: `its url is ${shown(url)}, which batchor cannot read answers of`,
    };
  if (!isJsonObject(body)) return { field: 'body', reason: 'its body is no object' };
  if (isTooDeep(body))
    return { field: 'body', reason: `its body is nested more than ${jsonDepthMax} levels deep` };
  const { model } = body;
  if (typeof model !== 'string') return { field: 'body', reason: 'its body names no model' };
  return { customId, endpoint, model, body, text };
};

/**
 * The same line under a `custom_id` of ours, letter by letter where that can be: its numbers keep
 * their digits.
 */
export const renderRequest = (
  customId: string,
  request: PreparedRequest,
): { readonly line: string; readonly inputs: number } => {
  const { endpoint, body } = request;
  const known = parseEndpoint(endpoint);
  return {
    line: `${renamed(customId, request) ?? rewritten(customId, request)}\n`,
    inputs: known === null ? 1 : inputsOf(known, body),
  };
};

const customIdMember = /"custom_id"\s*:\s*"(?:[^"\\]|\\.)*"/;

/**
 * Null where the first name of that kind is not the line's own, or another one stands behind it.
 */
const renamed = (customId: string, { text, body }: PreparedRequest): string | null => {
  const line = escapeSeparators(
    text.replace(customIdMember, () => `"custom_id":${quote(customId)}`),
  );
  const row = parse(line);
  return isJsonObject(row) &&
    row['custom_id'] === customId &&
    JSON.stringify(row['body']) === JSON.stringify(body)
    ? line
    : null;
};

const rewritten = (customId: string, { endpoint, body }: PreparedRequest): string => {
  const known = parseEndpoint(endpoint);
  const url = known === null ? endpoint : endpointPath(known);
  return `{"custom_id":${quote(customId)},"method":"POST","url":${quote(url)},"body":${quote(body)}}`;
};

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
};

const shown = (value: JsonValue | undefined): string => {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
