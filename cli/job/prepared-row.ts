import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import { type BatchForm, endpointOfRequest, formOfRow } from './batch-forms.ts';
import type { CliPrompt } from './prompt.ts';

/** The endpoint and model of a prepared batch file: a batch, and so a run, has one of each. */
export interface PreparedBatch {
  /** A path, e.g. `/v1/responses`; of a form without urls the endpoint, e.g. `messages`. */
  readonly url: string;
  readonly model: string;
}

/** What is wrong with a field of a request. The reason completes a sentence about the row. */
export interface RequestError {
  readonly field: string;
  readonly reason: string;
}

/** A row in the batch form of a provider; of the provider's own form, it may have an error. */
export type SeenRequest =
  | { readonly type: 'request'; readonly url: string; readonly model: string | null }
  | { readonly type: 'wrong'; readonly error: RequestError }
  | { readonly type: 'other'; readonly form: BatchForm };

/** The request that a row is, by its fields; null: it is a row like any other. */
export const requestIn = (row: unknown, own: BatchForm): SeenRequest | null => {
  const form = formOfRow(row, own);
  if (form === null || !isJsonObject(row)) return null;
  if (form !== own) return { type: 'other', form };
  const read = readRow(row, form);
  return 'reason' in read
    ? { type: 'wrong', error: read }
    : { type: 'request', url: read.url, model: read.model };
};

interface ReadRow {
  readonly url: string;
  /** Null: it names none, which the form allows. */
  readonly model: string | null;
  readonly request: JsonObject;
}

/** The parts of a row in this form, or the first error of its own. */
const readRow = (row: JsonObject, form: BatchForm): ReadRow | RequestError => {
  const request = row[form.body];
  const wrong = idError(row, form) ?? methodError(row, form);
  if (wrong !== null) return wrong;
  const url = urlOf(row, form);
  if (url !== null && typeof url !== 'string') return url;
  if (!isJsonObject(request))
    return { field: form.body, reason: `its ${form.body} is not an object` };
  const model = modelOf(request, form);
  if (model !== null && typeof model !== 'string') return model;
  const endpoint = url ?? endpointOfRequest(request, form);
  const field = Object.keys(form.endpoints).join(' or ');
  if (endpoint === null) return lacking(form, field);
  const missing = form.needs.find((need) => (request[need] ?? null) === null);
  if (missing !== undefined) return lacking(form, missing);
  return { url: endpoint, model, request };
};

const lacking = ({ body, title }: BatchForm, field: string): RequestError => ({
  field: body,
  reason: `its ${body} has no ${field}, which ${title} requires`,
});

const idError = (row: JsonObject, { id }: BatchForm): RequestError | null => {
  const given = row[id];
  return typeof given === 'string'
    ? null
    : {
        field: id,
        reason: `its ${id} is ${JSON.stringify(given)}, but must be a string: ${JSON.stringify(String(given))}`,
      };
};

const methodError = ({ method }: JsonObject, { hasUrl }: BatchForm): RequestError | null =>
  !hasUrl || method === undefined || method === 'POST'
    ? null
    : {
        field: 'method',
        reason: `its method is ${JSON.stringify(method)}, but a batch takes only POST`,
      };

/** Null: the form has no urls. */
const urlOf = ({ url }: JsonObject, { hasUrl }: BatchForm): string | RequestError | null => {
  if (!hasUrl) return null;
  if (typeof url === 'string' && url.trim() !== '') return pathOf(url);
  const what = url === undefined ? 'it has no url' : `its url is ${JSON.stringify(url)}`;
  return { field: 'url', reason: `${what}: name the endpoint` };
};

/** Null: it names none, and need not. */
const modelOf = (
  { model }: JsonObject,
  { body, namesModel }: BatchForm,
): string | RequestError | null => {
  if (typeof model === 'string' && model.trim() !== '') return bareModel(model);
  if (model === undefined && !namesModel) return null;
  const what =
    model === undefined
      ? `its ${body} has no model`
      : `the model of its ${body} is ${JSON.stringify(model)}`;
  return { field: body, reason: `${what}: name it, e.g. "${body}": {"model": "…", …}` };
};

/** Gemini's API names a model with its collection in front. */
const bareModel = (model: string): string => model.replace(/^models\//u, '');

/**
 * Of an absolute address only the path names the endpoint: requests go to the address of the run.
 */
const pathOf = (url: string): string =>
  /^https?:\/\//iu.test(url) && URL.canParse(url) ? new URL(url).pathname : url.trim();

/**
 * The body of a prepared request without its model, which is the run's; or its error. `ref` is the
 * name of the file.
 */
export const readPrepared = (
  row: JsonObject,
  { form, url, model }: PreparedBatch & { readonly form: BatchForm },
): { readonly payload: CliPrompt } | RequestError => {
  const read = readRow(row, form);
  if ('reason' in read) return read;
  const { model: _, stream, ...rest } = read.request;
  if (read.url !== url) return otherEndpoint(row, read.url, { form, url });
  if (read.model !== null && read.model !== bareModel(model)) {
    const given = read.request['model'] as string;
    const what = `its model is ${JSON.stringify(given)}, but the run's is ${JSON.stringify(model)}`;
    return { field: form.body, reason: `${what}. ${split}` };
  }
  if (stream !== undefined && stream !== null && stream !== false)
    return {
      field: form.body,
      reason: `its ${form.body} has "stream", but a batch cannot stream`,
    };
  return { payload: { body: rest } };
};

const otherEndpoint = (
  row: JsonObject,
  found: string,
  { form, url }: { readonly form: BatchForm; readonly url: string },
): RequestError => {
  const { url: given = null } = row;
  if (form.hasUrl)
    return {
      field: 'url',
      reason: `its url is ${JSON.stringify(given)}, but the run's is ${url}. ${split}`,
    };
  const [field = ''] = Object.entries(form.endpoints).find(([, each]) => each === found) ?? [];
  return {
    field: form.body,
    reason: `its ${form.body} has "${field}", so that it is a request of ${found}, but the run's are of ${url}. ${split}`,
  };
};

/** How these requests get a run of their own: as they stand, since jq 1.6 rewrites numbers. */
const split =
  'Give these requests a run of their own: record them here (--bad-rows record), write them to another file byte for byte (batchor results --run-id RUN --failed-inputs other.jsonl), then start with --input other.jsonl';

/** The field of a request that the form has and the row lacks. */
export const missingIn = (row: JsonObject, { hasUrl, body }: BatchForm): string => {
  const field = (hasUrl ? ['url', body] : [body]).find((name) => row[name] === undefined) ?? body;
  return `its ${JSON.stringify(field)} ${row[field] === undefined ? 'is missing' : 'is not an object'}`;
};

/** True for a request in this form but for its id. */
export const isUnnamed = (row: JsonObject, form: BatchForm): boolean => {
  const request: JsonValue | undefined = row[form.body];
  if (row[form.id] !== undefined || !isJsonObject(request)) return false;
  return form.hasUrl
    ? row['method'] === 'POST'
    : Object.keys(form.endpoints).some((field) => Array.isArray(request[field]));
};
