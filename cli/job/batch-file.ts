import { isJsonObject } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { endpointOf } from '../compose.ts';
import { fileSource } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { quoted } from '../shell/quoted.ts';
import { firstEntries } from './inputs.ts';
import { type InputFile, kindOfInput } from './input-kinds.ts';
import {
  type PreparedBatch,
  preparedIdField,
  type RequestError,
  requestIn,
} from './prepared-row.ts';

/**
 * What the first rows of a file are. The first request without an error counts, since a row with
 * one is a bad row of the run.
 */
type Found =
  | ({ readonly type: 'requests'; readonly endpoint: string } & PreparedBatch)
  | { readonly type: 'unusable'; readonly failure: CliFailure };

/**
 * What the first rows of the first file are, if they are requests in the batch format of a
 * provider; null: they are not. Reads the head of the file.
 */
export const findRequests = async (inputs: readonly InputFile[]): Promise<Found | null> => {
  const [input] = inputs;
  if (input === undefined || inputs.some((each) => !mayHoldRequests(each))) return null;
  let error: CliFailure | null = null;
  for (const entry of await headOf(input, preparedIdField)) {
    const seen = 'item' in entry ? requestIn(entry.item.payload) : null;
    if (seen === null) continue;
    const place = placeOf(input, entry);
    if (seen.format === 'anthropic') error ??= anthropicFailure(input, place);
    else if (seen.error !== null) error ??= requestFailure(place, seen.error);
    else {
      const endpoint = await endpointOf(seen.url).catch(() => null);
      if (endpoint !== null)
        return { type: 'requests', url: seen.url, model: seen.model, endpoint };
      error ??= requestFailure(place, {
        field: 'url',
        reason: `its url is ${JSON.stringify(seen.url)}, which is no endpoint that batchor can read answers of`,
      });
    }
  }
  return error === null ? null : { type: 'unusable', failure: error };
};

/** The same, of a file that must hold requests: rows without a `custom_id` are recognised too. */
export const requireRequests = async (
  inputs: readonly InputFile[],
): Promise<PreparedBatch & { readonly endpoint: string }> => {
  const found = (await findRequests(inputs)) ?? (await findUnnamed(inputs));
  if (found?.type === 'requests') return found;
  if (found !== null) throw found.failure;
  const [input] = inputs;
  const missing = input === undefined ? null : await lackingIn(input);
  throw new CliFailure(
    `${input?.given ?? 'the input'}: its first lines have no request in OpenAI's batch format${missing === null ? '' : `: ${missing}`}`,
    { hint: formatHint },
  );
};

/** Requests without a `custom_id` in any of the first rows; null: they are not requests. */
export const findUnnamed = async (
  inputs: readonly InputFile[],
): Promise<Extract<Found, { readonly type: 'unusable' }> | null> => {
  const [input] = inputs;
  if (input === undefined || inputs.some((each) => !mayHoldRequests(each))) return null;
  for (const entry of await headOf(input, 'url')) {
    const row = 'item' in entry && isJsonObject(entry.item.payload) ? entry.item.payload : {};
    const { body, method, custom_id: customId } = row;
    if (customId !== undefined || method !== 'POST' || !isJsonObject(body)) continue;
    const error = {
      field: preparedIdField,
      reason: 'it has no custom_id: give each line its own, e.g. "custom_id": "request-1"',
    };
    return { type: 'unusable', failure: requestFailure(placeOf(input, entry), error) };
  }
  return null;
};

const headOf = async (input: InputFile, idField: string): Promise<readonly SourceEntry[]> =>
  firstEntries(
    await fileSource(input, input.absolute, { idField, keepsDigits: true }),
    new AbortController().signal,
  );

const mayHoldRequests = (input: InputFile): boolean =>
  kindOfInput(input) === 'jsonl' || kindOfInput(input) === 'json';

const placeOf = ({ given }: InputFile, entry: SourceEntry): string => {
  const line = 'item' in entry ? (entry.location?.line ?? null) : entry.bad.location.line;
  return line === null ? given : `${given}:${line}`;
};

const formatHint =
  'Each line must be {"custom_id": "…", "method": "POST", "url": "/v1/responses", "body": {"model": "…", …}}.';

const requestFailure = (place: string, { field, reason }: RequestError): CliFailure =>
  new CliFailure(
    `${place}, field ${JSON.stringify(field)}: a request in OpenAI's batch format, but ${reason}`,
    {
      hint: `${formatHint} To read the lines as rows of your own: --input-format jsonl`,
    },
  );

const anthropicFailure = ({ given }: InputFile, place: string): CliFailure =>
  new CliFailure(
    `${place}: a request in Anthropic's batch format ({"custom_id", "params"}), which batchor does not send`,
    {
      hint: `Convert the lines to OpenAI's format, e.g. jq -c '{custom_id, method: "POST", url: "/v1/chat/completions", body: (.params + {model: "gpt-4.1"})}' ${quoted(given)} > openai.jsonl, where a "system" must become a message. To read the lines as rows of your own: --input-format jsonl`,
    },
  );

/** Which field the first row lacks. */
const lackingIn = async (input: InputFile): Promise<string | null> => {
  const [first] = await headOf(input, preparedIdField);
  if (first === undefined) return null;
  if ('bad' in first) return `${placeOf(input, first)}: ${first.bad.reason}`;
  const { payload } = first.item;
  const row = isJsonObject(payload) ? payload : {};
  const missing = ['url', 'body'].find((field) => row[field] === undefined) ?? 'body';
  return `${placeOf(input, first)}: its ${JSON.stringify(missing)} ${row[missing] === undefined ? 'is missing' : 'is not an object'}`;
};
