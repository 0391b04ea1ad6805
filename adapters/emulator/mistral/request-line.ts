import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';

/** The model of all lines: the fake needs one, and only the job says for which its file is. */
export const fakeModel = 'mistral-small-latest';

/** A line `{custom_id, body}` in the fake's words; what is none stays, and fails its job. */
export const fakeLine = (text: string): string => {
  const row = parsed(text);
  if (!isJsonObject(row) || !isJsonObject(row['body'])) return text;
  const { custom_id: customId = null, body } = row;
  const { response_format: format, ...rest } = body as JsonObject;
  return JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: rest['messages'] === undefined ? '/v1/embeddings' : '/v1/chat/completions',
    body: {
      model: fakeModel,
      ...rest,
      ...(format === undefined ? {} : { response_format: format }),
    },
  });
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
