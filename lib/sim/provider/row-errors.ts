import type { FaultOf } from './faults.ts';
import { errorForStatus, insufficientQuota } from './refusals.ts';
import type { ApiError } from './wire.ts';

/**
 * The error body of a row with this status. A 400 names the field with the prompt, and no code, as
 * recorded.
 */
export const errorOfRow = (statusCode: number, endpoint: string): ApiError =>
  statusCode === 400
    ? { ...errorForStatus(400), param: paramOf(endpoint), code: null }
    : errorForStatus(statusCode);

const paramOf = (endpoint: string): string =>
  endpoint === '/v1/chat/completions'
    ? 'messages'
    : endpoint === '/v1/completions'
      ? 'prompt'
      : 'input';

/**
 * The error of a scripted line: the script's message, else that of its code, else that of its
 * status.
 */
export const scriptedError = (
  { statusCode, code, message }: FaultOf<'rows_fail'>,
  endpoint: string,
): ApiError => {
  const known = errorOfRow(statusCode, endpoint);
  const scripted =
    code === undefined
      ? known
      : { ...known, message: `The request failed: ${code}.`, ...errorsByCode[code], code };
  return message === undefined ? scripted : { ...scripted, message };
};

/** Wording from public reports of 2024 to 2026. */
const errorsByCode: Readonly<Record<string, Partial<ApiError>>> = {
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
  invalid_image_url: {
    message: 'Timeout while downloading https://example.com/picture.png.',
    param: 'url',
  },
  failed_to_download_image: {
    message: 'Failed to download image from https://example.com/picture.png.',
    param: null,
  },
};
