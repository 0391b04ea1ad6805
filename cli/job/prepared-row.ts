import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import type { CliPrompt } from './prompt.ts';

/** What every request of a prepared batch file asks: a batch has one endpoint, and so has a run. */
export interface PreparedBatch {
  /** As the lines have it, `/v1/responses`. */
  readonly url: string;
  readonly model: string;
}

/** The field that names a request of a prepared batch file. */
export const preparedIdField = 'custom_id';

/** What a line of OpenAI's batch format asks; null: it is no such line. */
export const requestIn = (row: unknown): (PreparedBatch & { readonly body: JsonObject }) | null => {
  if (!isJsonObject(row)) return null;
  const { custom_id: customId, url, body } = row;
  if (typeof customId !== 'string' || typeof url !== 'string' || !isJsonObject(body)) return null;
  const { model } = body;
  return typeof model === 'string' ? { url, model, body } : null;
};

/** The body of a prepared request, as it is but for its model, which is the run's; or what is wrong with it. */
export const readPrepared = (
  row: JsonObject,
  { url, model }: PreparedBatch,
): { readonly payload: CliPrompt } | { readonly field: string; readonly reason: string } => {
  const { method = 'POST', url: ownUrl, body } = row;
  if (method !== 'POST') return { field: 'method', reason: `its method is ${JSON.stringify(method)}, and a batch takes POST` };
  if (ownUrl !== url)
    return { field: 'url', reason: `its url is ${JSON.stringify(ownUrl)}, and the run's is ${url}: split the file by its urls` };
  if (!isJsonObject(body)) return { field: 'body', reason: 'its body is no object' };
  const { model: ownModel, stream, ...rest } = body;
  if (ownModel !== model)
    return {
      field: 'body',
      reason: `its model is ${JSON.stringify(ownModel)}, and the run's is ${JSON.stringify(model)}: split the file by its models`,
    };
  if (stream !== undefined && stream !== null && stream !== false)
    return { field: 'body', reason: 'its body says "stream", and a batch never streams' };
  return { payload: { body: rest } };
};
