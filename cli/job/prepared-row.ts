import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import { quoted } from '../shell/quoted.ts';
import type { CliPrompt } from './prompt.ts';

/** The endpoint and model of a prepared batch file: a batch, and so a run, has one of each. */
export interface PreparedBatch {
  /** A path, e.g. `/v1/responses`. */
  readonly url: string;
  readonly model: string;
}

/** The field that names a request of a prepared batch file. */
export const preparedIdField = 'custom_id';

/** What is wrong with a field of a request. The reason completes a sentence about the row. */
export interface RequestError {
  readonly field: string;
  readonly reason: string;
}

/** A row in the batch format of a provider; an OpenAI request may have an error. */
export type SeenRequest =
  | ({ readonly format: 'openai'; readonly error: null } & PreparedBatch)
  | { readonly format: 'openai'; readonly error: RequestError }
  | { readonly format: 'anthropic' };

/** The request that a row is, by its fields; null: it is a row like any other. */
export const requestIn = (row: unknown): SeenRequest | null => {
  if (!isJsonObject(row) || row[preparedIdField] === undefined) return null;
  const { url, method, body, params } = row;
  if (isJsonObject(body)) {
    const isRequest =
      url !== undefined ||
      method !== undefined ||
      ['model', 'messages', 'input'].some((key) => Object.hasOwn(body, key));
    return isRequest ? openAiRequest(row, body) : null;
  }
  const isAnthropic =
    isJsonObject(params) && (Object.hasOwn(params, 'messages') || Object.hasOwn(params, 'model'));
  return isAnthropic ? { format: 'anthropic' } : null;
};

const openAiRequest = (row: JsonObject, body: JsonObject): SeenRequest => {
  const { url } = row;
  const { model } = body;
  const error = customIdError(row) ?? urlError(url) ?? modelError(model);
  if (error !== null || typeof url !== 'string' || typeof model !== 'string')
    return {
      format: 'openai',
      error: error ?? { field: 'body', reason: 'its body cannot be read' },
    };
  return { format: 'openai', error: null, url: pathOf(url), model };
};

const customIdError = ({ custom_id: customId }: JsonObject): RequestError | null =>
  typeof customId === 'string'
    ? null
    : {
        field: preparedIdField,
        reason: `its custom_id is ${JSON.stringify(customId)}, but must be a string: ${JSON.stringify(String(customId))}`,
      };

const urlError = (url: JsonValue | undefined): RequestError | null => {
  if (typeof url === 'string' && url.trim() !== '') return null;
  const what = url === undefined ? 'it has no url' : `its url is ${JSON.stringify(url)}`;
  return { field: 'url', reason: `${what}: name the endpoint, e.g. "url": "/v1/responses"` };
};

const modelError = (model: JsonValue | undefined): RequestError | null => {
  if (typeof model === 'string' && model.trim() !== '') return null;
  const what =
    model === undefined
      ? 'its body has no model'
      : `the model of its body is ${JSON.stringify(model)}`;
  return { field: 'body', reason: `${what}: name it, e.g. "body": {"model": "gpt-4.1", …}` };
};

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
  { url, model, ref }: PreparedBatch & { readonly ref: string },
): { readonly payload: CliPrompt } | RequestError => {
  const { method = 'POST', url: ownUrl, body } = row;
  const customId = customIdError(row);
  if (customId !== null) return customId;
  if (method !== 'POST')
    return {
      field: 'method',
      reason: `its method is ${JSON.stringify(method)}, but a batch takes only POST`,
    };
  const wrongUrl = urlError(ownUrl);
  if (wrongUrl !== null || typeof ownUrl !== 'string')
    return wrongUrl ?? { field: 'url', reason: 'its url is no text' };
  if (pathOf(ownUrl) !== url)
    return {
      field: 'url',
      reason: `its url is ${JSON.stringify(ownUrl)}, but the run's is ${url}. ${split(ref, '.url', ownUrl)}`,
    };
  if (!isJsonObject(body)) return { field: 'body', reason: 'its body is not an object' };
  const { model: ownModel, stream, ...rest } = body;
  const wrongModel = modelError(ownModel);
  if (wrongModel !== null) return wrongModel;
  if (ownModel !== model) {
    const what = `its model is ${JSON.stringify(ownModel)}, but the run's is ${JSON.stringify(model)}`;
    return { field: 'body', reason: `${what}. ${split(ref, '.body.model', ownModel as string)}` };
  }
  if (stream !== undefined && stream !== null && stream !== false)
    return { field: 'body', reason: 'its body has "stream", but a batch cannot stream' };
  return { payload: { body: rest } };
};

/** How these requests get a run of their own. */
const split = (ref: string, path: string, value: string): string => {
  const isList = /\.json(?:\.gz|\.zst)?$/iu.test(ref);
  const filter = quoted(`${isList ? '.[] | ' : ''}select(${path} == ${JSON.stringify(value)})`);
  const packed = /\.gz$/iu.test(ref) ? 'gzip -dc' : /\.zst$/iu.test(ref) ? 'zstd -dc' : null;
  const command =
    packed === null
      ? `jq -c ${filter} ${quoted(ref)}`
      : `${packed} ${quoted(ref)} | jq -c ${filter}`;
  return `Put these requests into another file: ${command} > other.jsonl`;
};
