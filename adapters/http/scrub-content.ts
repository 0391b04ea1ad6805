import { isJsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import type { LineContent } from '../../lib/ports/provider.ts';
import type { Scrubbing } from './scrub.ts';

/**
 * The content of a line, the words of its error fit to be shown. The error's own object and the
 * whole body stay as they came, without the secrets of the connection.
 */
export const scrubContent = (content: LineContent, { scrub, hide }: Scrubbing): LineContent => {
  const { error, response } = content;
  const whole = response === undefined ? {} : { response: hidden(response, hide) };
  return error === null
    ? { ...content, ...whole }
    : {
        ...content,
        ...whole,
        error: { message: scrub(error.message), raw: hidden(error.raw, hide) },
      };
};

/** Values so deep that they cannot be written again are not among those that a reader gives. */
const hidden = (value: JsonValue, hide: Scrubbing['hide']): JsonValue => {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).map((each) => hidden(each, hide));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [hide(key), hidden(each ?? null, hide)]),
  );
};
