import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** A part of a turn, or why it cannot be one. */
export type ReadPart =
  | { readonly type: 'part'; readonly part: JsonObject }
  | { readonly type: 'unusable'; readonly reason: string };

/** The fields of which one says what a part of the API's own is. */
const own: readonly string[] = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
];

/**
 * Content in the spelling of chat completions or of responses, as the API's own parts: a text, or a
 * list of texts and parts. Addresses of data go inline, any other by name.
 */
export const partsOf = (
  content: JsonValue | undefined,
): { readonly parts: readonly JsonObject[] } | { readonly reason: string } => {
  if (typeof content === 'string') return { parts: [{ text: content }] };
  if (!Array.isArray(content))
    return { reason: '"content" is neither a string nor a list of parts' };
  const parts: JsonObject[] = [];
  for (const value of content as readonly JsonValue[]) {
    const read = partOf(value);
    if (read.type === 'unusable') return { reason: read.reason };
    parts.push(read.part);
  }
  return parts.length === 0 ? { reason: '"content" is an empty list' } : { parts };
};

const partOf = (value: JsonValue): ReadPart => {
  if (typeof value === 'string') return part({ text: value });
  if (!isJsonObject(value))
    return unusable('a part of "content" is neither a string nor an object');
  const { type } = value;
  if (type === undefined)
    return own.some((key) => value[key] !== undefined)
      ? part(value)
      : unusable(`a part of "content" has none of ${own.join(', ')}, and no "type"`);
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return typeof value['text'] === 'string'
        ? part({ text: value['text'] })
        : unusable(`a part of type "${type}" has no "text"`);
    case 'image_url':
    case 'input_image':
      return imagePart(type, value);
    case 'input_audio':
      return audioPart(value);
    case 'file':
    case 'input_file':
      return filePart(type, value);
    default:
      return unusable(`a part of "content" is of type ${JSON.stringify(type).slice(0, 60)}`);
  }
};

const imagePart = (type: string, value: JsonObject): ReadPart => {
  const { image_url: given } = value;
  const url = isJsonObject(given) ? given['url'] : given;
  return typeof url === 'string'
    ? addressed(url, 'image/jpeg', value)
    : unusable(`a part of type "${type}" has no address in "image_url"`);
};

const audioPart = ({ input_audio: audio }: JsonObject): ReadPart => {
  const { data, format } = isJsonObject(audio) ? audio : {};
  return typeof data === 'string' && typeof format === 'string'
    ? part({ inlineData: { mimeType: `audio/${format}`, data } })
    : unusable('a part of type "input_audio" has no "data" or no "format"');
};

const filePart = (type: string, value: JsonObject): ReadPart => {
  const file = isJsonObject(value['file']) ? value['file'] : value;
  const address = file['file_data'] ?? file['file_url'] ?? file['file_id'];
  return typeof address === 'string'
    ? addressed(address, 'application/pdf', value)
    : unusable(`a part of type "${type}" has none of "file_data", "file_url" and "file_id"`);
};

const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/iu;

/** Data in the address itself goes inline; the API reads any other by itself. */
const addressed = (
  address: string,
  mimeType: string,
  { mime_type: given }: JsonObject,
): ReadPart => {
  const [head, kind = ''] = dataUrl.exec(address.slice(0, 200)) ?? [''];
  if (head !== '')
    return part({
      inlineData: { mimeType: kind === '' ? mimeType : kind, data: address.slice(head.length) },
    });
  if (/^data:/iu.test(address)) return unusable('a "data:" address of a part is not in base64');
  const fileUri = { fileUri: address };
  return part({ fileData: typeof given === 'string' ? { ...fileUri, mimeType: given } : fileUri });
};

const part = (of: JsonObject): ReadPart => ({ type: 'part', part: of });
const unusable = (reason: string): ReadPart => ({ type: 'unusable', reason });
