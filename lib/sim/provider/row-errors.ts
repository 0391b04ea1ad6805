import type { FaultOf } from './faults.ts';
import { errorForStatus, insufficientQuota } from './refusals.ts';
import type { ApiError } from './wire.ts';

/** The error body of a row with this status. A 400 names the field that holds the words, and no code: so recorded ones do. */
export const errorOfRow = (statusCode: number, endpoint: string): ApiError =>
  statusCode === 400 ? { ...errorForStatus(400), param: paramOf(endpoint), code: null } : errorForStatus(statusCode);

const paramOf = (endpoint: string): string =>
  endpoint === '/v1/chat/completions' ? 'messages' : endpoint === '/v1/completions' ? 'prompt' : 'input';

/** What a scripted error line says: its own words where it has some, else those of its code, else those of its status. */
export const scriptedError = ({ statusCode, code, message }: FaultOf<'rows_fail'>, endpoint: string): ApiError => {
  const known = errorOfRow(statusCode, endpoint);
  const told = code === undefined ? known : { ...known, message: `The request failed: ${code}.`, ...wordsOf[code], code };
  return message === undefined ? told : { ...told, message };
};

/** Worded as in public reports of 2024 to 2026. */
const wordsOf: Readonly<Record<string, Partial<ApiError>>> = {
  insufficient_quota: insufficientQuota.error,
  context_length_exceeded: {
    message:
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130012 tokens. Please reduce the length of the messages.",
  },
  content_filter: {
    message:
      'The response was filtered due to the prompt triggering the content management policy. Please modify your prompt and retry your request.',
    param: 'prompt',
  },
  model_not_found: errorForStatus(404),
  invalid_image_url: { message: 'Timeout while downloading https://example.com/picture.png.', param: 'url' },
  failed_to_download_image: { message: 'Failed to download image from https://example.com/picture.png.', param: null },
};
