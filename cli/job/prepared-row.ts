import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import type { CliPrompt } from './prompt.ts';

/** The endpoint and model of a prepared batch file: a batch, and so a run, has one of each. */
export interface PreparedBatch {
  /** As in the lines, e.g. `/v1/responses`. */
  readonly url: string;
  readonly model: string;
}

/** The field that names a request of a prepared batch file. */
export const preparedIdField = 'custom_id';

/** The request of a line in OpenAI's batch format; null: the line is not in that format. */
export const requestIn = (row: unknown): (PreparedBatch & { readonly body: JsonObject }) | null => {
  if (!isJsonObject(row)) return null;
  const { custom_id: customId, url, body } = row;
  if (typeof customId !== 'string' || typeof url !== 'string' || !isJsonObject(body)) return null;
  const { model } = body;
  return typeof model === 'string' ? { url, model, body } : null;
};

/** The body of a prepared request without its model, which is the run's; or its error. */
export const readPrepared = (
  row: JsonObject,
  { url, model }: PreparedBatch,
): { readonly payload: CliPrompt } | { readonly field: string; readonly reason: string } => {
  const { method = 'POST', url: ownUrl, body } = row;
  if (method !== 'POST') return { field: 'method', reason: `its method is ${JSON.stringify(method)}, but a batch takes only POST` };
  if (ownUrl !== url)
    return { field: 'url', reason: `its url is ${JSON.stringify(ownUrl)}, but the run's is ${url}: split the file by url` };
  if (!isJsonObject(body)) return { field: 'body', reason: 'its body is not an object' };
  const { model: ownModel, stream, ...rest } = body;
  if (ownModel !== model)
    return {
      field: 'body',
      reason: `its model is ${JSON.stringify(ownModel)}, but the run's is ${JSON.stringify(model)}: split the file by model`,
    };
  if (stream !== undefined && stream !== null && stream !== false)
    return { field: 'body', reason: 'its body has "stream", but a batch cannot stream' };
  return { payload: { body: rest } };
};
