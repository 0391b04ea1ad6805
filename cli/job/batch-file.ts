import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { endpointOf } from '../compose.ts';
import { fileSource } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { type BatchForm, formOfProvider } from './batch-forms.ts';
import { firstEntries } from './inputs.ts';
import { type InputFile, kindOfInput } from './input-kinds.ts';
import { exampleFor, sendToOther } from './other-provider.ts';
import { isUnnamed, missingIn, type RequestError, requestIn } from './prepared-row.ts';
import type { CliProvider } from './providers.ts';

/** What all requests of a file have. */
export interface FoundRequests {
  readonly url: string;
  /** Null: the first one names none, which its form allows. */
  readonly model: string | null;
  readonly endpoint: string;
}

/**
 * What the first rows of a file are. The first request without an error counts, since a row with
 * one is a bad row of the run.
 */
type Found =
  | ({ readonly type: 'requests' } & FoundRequests)
  | { readonly type: 'unusable'; readonly failure: CliFailure };

/**
 * What the first rows of the first file are, if they are requests in the batch form of a provider;
 * null: they are not. Those of another provider are unusable. Reads the head of the file.
 */
export const findRequests = async (
  inputs: readonly InputFile[],
  provider: CliProvider,
): Promise<Found | null> => {
  const [input] = inputs;
  if (input === undefined || inputs.some((each) => !mayHoldRequests(each))) return null;
  const form = formOfProvider(provider.name);
  let error: CliFailure | null = null;
  for (const entry of await headOf(input, form.id)) {
    const seen = requestIn(rowOf(entry), form);
    if (seen === null) continue;
    const place = placeOf(input, entry);
    if (seen.type === 'other') error ??= otherFailure(place, seen.form, provider);
    else if (seen.type === 'wrong') error ??= requestFailure(place, seen.error, provider);
    else {
      const { url, model } = seen;
      const endpoint = form.hasUrl ? await endpointOf(url, provider.name).catch(() => null) : url;
      if (endpoint !== null) return { type: 'requests', url, model, endpoint };
      const reason = `its url is ${JSON.stringify(url)}, which is no endpoint of ${provider.title} that batchor can read answers of`;
      error ??= requestFailure(place, { field: 'url', reason }, provider);
    }
  }
  return error === null ? null : { type: 'unusable', failure: error };
};

/** The same, of a file that must hold requests: rows without an id are recognised too. */
export const requireRequests = async (
  inputs: readonly InputFile[],
  provider: CliProvider,
): Promise<FoundRequests> => {
  const found = (await findRequests(inputs, provider)) ?? (await findUnnamed(inputs, provider));
  if (found?.type === 'requests') return found;
  if (found !== null) throw found.failure;
  const form = formOfProvider(provider.name);
  const [input] = inputs;
  const missing = input === undefined ? null : await lackingIn(input, form);
  throw new CliFailure(
    `${input?.given ?? 'the input'}: its first lines have no request in ${form.title}'s batch format${missing === null ? '' : `: ${missing}`}`,
    { hint: formatHint(provider) },
  );
};

/** Requests without an id in any of the first rows; null: they are not requests. */
export const findUnnamed = async (
  inputs: readonly InputFile[],
  provider: CliProvider,
): Promise<Extract<Found, { readonly type: 'unusable' }> | null> => {
  const [input] = inputs;
  if (input === undefined || inputs.some((each) => !mayHoldRequests(each))) return null;
  const form = formOfProvider(provider.name);
  for (const entry of await headOf(input, form.body)) {
    const row = rowOf(entry);
    if (!isJsonObject(row) || !isUnnamed(row, form)) continue;
    const error = {
      field: form.id,
      reason: `it has no ${form.id}: give each line its own, e.g. "${form.id}": "request-1"`,
    };
    return { type: 'unusable', failure: requestFailure(placeOf(input, entry), error, provider) };
  }
  return null;
};

const headOf = async (input: InputFile, idField: string): Promise<readonly SourceEntry[]> =>
  firstEntries(
    await fileSource(input, input.absolute, { idField, keepsDigits: true }),
    new AbortController().signal,
  );

/** The row that was read, whatever its id. */
const rowOf = (entry: SourceEntry): unknown =>
  'item' in entry ? entry.item.payload : entry.bad.row;

const mayHoldRequests = (input: InputFile): boolean =>
  kindOfInput(input) === 'jsonl' || kindOfInput(input) === 'json';

const placeOf = ({ given }: InputFile, entry: SourceEntry): string => {
  const line = 'item' in entry ? (entry.location?.line ?? null) : entry.bad.location.line;
  return line === null ? given : `${given}:${line}`;
};

const formatHint = (provider: CliProvider): string => `Each line must be ${exampleFor(provider)}.`;
const asRows = 'To read the lines as rows of your own: --input-format jsonl';

const requestFailure = (
  place: string,
  { field, reason }: RequestError,
  provider: CliProvider,
): CliFailure =>
  new CliFailure(
    `${place}, field ${JSON.stringify(field)}: a request in ${formOfProvider(provider.name).title}'s batch format, but ${reason}`,
    { hint: `${formatHint(provider)} ${asRows}` },
  );

/** Requests of one provider are not sent to another: their fields mean other things there. */
const otherFailure = (place: string, other: BatchForm, provider: CliProvider): CliFailure =>
  new CliFailure(
    `${place}: a request in ${other.title}'s batch format, but the provider is ${provider.title} (--provider ${provider.name})`,
    {
      hint: `For ${provider.title}, convert it: each line must be ${exampleFor(provider)}. ${asRows}.`,
      retype: sendToOther(other),
    },
  );

/** Which field the first row lacks. */
const lackingIn = async (input: InputFile, form: BatchForm): Promise<string | null> => {
  const [first] = await headOf(input, form.id);
  if (first === undefined) return null;
  const place = placeOf(input, first);
  if ('bad' in first) return `${place}: ${first.bad.reason}`;
  const { payload } = first.item;
  const row: JsonObject = isJsonObject(payload) ? payload : {};
  return `${place}: ${missingIn(row, form)}`;
};
