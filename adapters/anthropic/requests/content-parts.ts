import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** A block of Anthropic's, or why a part cannot be one. */
export type Mapped<A> = A | { readonly reason: string };
export const isReason = (mapped: object): mapped is { readonly reason: string } =>
  'reason' in mapped && Object.keys(mapped).length === 1;

/** The content of a message in Anthropic's form. Its own blocks stay as they are. */
export const contentOf = (
  content: JsonValue | undefined,
): Mapped<{ readonly content: string | readonly JsonObject[] }> => {
  if (typeof content === 'string') return { content };
  if (!Array.isArray(content))
    return { reason: 'its content is neither a text nor a list of parts' };
  const blocks: JsonObject[] = [];
  for (const part of content as readonly JsonValue[]) {
    const block = blockOf(part);
    if (isReason(block)) return block;
    blocks.push(block);
  }
  return { content: blocks };
};

/** Parts of text in OpenAI's two APIs, and in Anthropic's. */
const textTypes: ReadonlySet<JsonValue> = new Set(['text', 'input_text', 'output_text']);
/** Parts that no model of Anthropic takes. */
const untaken: Readonly<Record<string, string>> = {
  input_audio: 'audio',
  audio: 'audio',
  refusal: 'refusals',
};

const blockOf = (part: JsonValue): Mapped<JsonObject> => {
  if (typeof part === 'string') return { type: 'text', text: part };
  if (!isJsonObject(part)) return { reason: 'a part of its content is no object' };
  const { type } = part;
  if (typeof type !== 'string') return { reason: 'a part of its content has no "type"' };
  if (textTypes.has(type))
    return type === 'text' ? part : { type: 'text', text: part['text'] ?? '' };
  if (type === 'image_url' || type === 'input_image') return imageOf(part);
  if (type === 'input_file' || (type === 'file' && isJsonObject(part['file'])))
    return documentOf(part);
  if (Object.hasOwn(untaken, type))
    return { reason: `Anthropic takes no ${untaken[type] ?? type} in a message ("${type}")` };
  return part;
};

/** `data:image/png;base64,…`; other parameters may stand before `base64`. */
const dataUrl = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)(?:;[^;,]{1,100}){0,4};base64,/iu;

const sourceOf = (address: JsonValue | undefined): JsonObject | null => {
  if (typeof address !== 'string') return null;
  const found = dataUrl.exec(address.slice(0, 600));
  if (found !== null)
    return {
      type: 'base64',
      media_type: (found[1] ?? '').toLowerCase(),
      data: address.slice(found[0].length),
    };
  return /^https?:\/\//iu.test(address) ? { type: 'url', url: address } : null;
};

const fileSource = (id: JsonValue | undefined): JsonObject | null =>
  typeof id === 'string' && id !== '' ? { type: 'file', file_id: id } : null;

const imageOf = (part: JsonObject): Mapped<JsonObject> => {
  const { image_url: given, file_id: fileId } = part;
  const address = isJsonObject(given) ? given['url'] : given;
  const source = sourceOf(address) ?? fileSource(fileId);
  return source === null
    ? { reason: 'an image is neither an http address nor a data: URL in base64' }
    : { type: 'image', source };
};

const documentOf = (part: JsonObject): Mapped<JsonObject> => {
  const file = isJsonObject(part['file']) ? part['file'] : part;
  const source =
    sourceOf(file['file_data']) ?? sourceOf(file['file_url']) ?? fileSource(file['file_id']);
  const { filename } = file;
  return source === null
    ? { reason: 'a file is neither an http address nor a data: URL in base64' }
    : {
        type: 'document',
        source,
        ...(typeof filename === 'string' && filename !== '' ? { title: filename } : {}),
      };
};
