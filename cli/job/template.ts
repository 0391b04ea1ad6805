import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { CliFailure } from '../shell/failure.ts';

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'field'; readonly field: string };

/** A prompt template with fields of a row. */
export interface Template {
  /** The fields it names, each once, in order. */
  readonly fields: readonly string[];
  /** It is one field, with nothing around it but white space. */
  readonly isFieldAlone: boolean;
  /**
   * The text for a row, or the field that the row lacks. `written`: fields to insert exactly as the
   * source has them.
   */
  render(
    row: JsonObject,
    written?: ReadonlyMap<string, string>,
  ): { readonly text: string } | { readonly missing: string };
}

/** Parses `"… {{field}} …"`; `\{{` is two literal braces. Throws for unclosed or empty braces. */
export const parseTemplate = (source: string): Template => {
  const parts: Part[] = [];
  let text = '';
  for (let at = 0; at < source.length;) {
    if (source.startsWith('\\{{', at)) {
      text += '{{';
      at += 3;
    } else if (source.startsWith('{{', at)) {
      const { field, end } = readField(source, at);
      parts.push({ type: 'text', text }, { type: 'field', field });
      text = '';
      at = end;
    } else {
      text += source[at];
      at += 1;
    }
  }
  parts.push({ type: 'text', text });
  const fields = [...new Set(parts.flatMap((part) => (part.type === 'field' ? [part.field] : [])))];
  return {
    fields,
    isFieldAlone:
      fields.length === 1 &&
      parts.every((part) => part.type === 'field' || part.text.trim() === ''),
    render: (row, written) => {
      const missing = fields.find((field) => !Object.hasOwn(row, field));
      if (missing !== undefined) return { missing };
      return {
        text: parts
          .map((part) =>
            part.type === 'text'
              ? part.text
              : (written?.get(part.field) ?? textOf(row[part.field])),
          )
          .join(''),
      };
    },
  };
};

/** A value in a prompt: a string unchanged, anything else as JSON. */
export const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

const readField = (
  source: string,
  at: number,
): { readonly field: string; readonly end: number } => {
  const close = source.indexOf('}}', at);
  if (close === -1) throw brokenTemplate(`the braces at character ${at + 1} are never closed`);
  const field = source.slice(at + 2, close).trim();
  if (field === '') throw brokenTemplate(`the braces at character ${at + 1} name no field`);
  return { field, end: close + 2 };
};

const brokenTemplate = (what: string): CliFailure =>
  new CliFailure(`--prompt-template: ${what}`, {
    hint: 'Write {{field}} for a field of the row, and \\{{ for literal braces.',
  });
