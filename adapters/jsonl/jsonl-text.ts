import { openCutText } from '../files/cut-text.ts';

/** A field to be added: its name, and its value as JSON. */
export interface AddedField {
  readonly name: string;
  readonly json: string;
}

/**
 * The line of a JSON object with fields behind its own, which stay as they are written: no number
 * is read. Text in and out is bytes, a character each (`latin1`). Null for a line that ends as no
 * object does.
 */
export const extendLine = (text: string, fields: readonly AddedField[]): string | null => {
  const close = text.trimEnd().length - 1;
  if (text[close] !== '}') return null;
  const before = text.slice(0, close);
  const isEmpty = before.trimEnd().endsWith('{');
  const added = fields.map(({ name, json }) => `${JSON.stringify(name)}:${json}`).join(',');
  if (added === '') return text;
  return `${before}${isEmpty ? '' : ','}${Buffer.from(added, 'utf8').toString('latin1')}${text.slice(close)}`;
};

/**
 * The text of a file of JSON lines, and how fields are added to its lines. To be closed. Throws
 * `SourceError` where it cannot be read.
 */
export const openJsonlText = async (path: string, options: Parameters<typeof openCutText>[1]) => ({
  head: null,
  text: await openCutText(path, options),
  extend: extendLine,
});
