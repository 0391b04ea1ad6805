import { isJsonObject, type JsonValue } from '../json/json.ts';

const codeKeys = ['code', 'error_code', 'errorCode', 'Code'] as const;
/** Services wrap errors in errors. */
const wrapsMax = 5;

/**
 * The code in a provider's error as it came, the innermost one: a text, or a number as text; else
 * the innermost `type`. Null: it names none.
 */
export const errorCodeOf = (raw: JsonValue): string | null => codeIn(raw, 0) ?? typeIn(raw, 0);

const codeIn = (raw: JsonValue, depth: number): string | null => {
  if (!isJsonObject(raw) || depth > wrapsMax) return null;
  const inside = codeIn(raw['error'] ?? null, depth + 1);
  if (inside !== null) return inside;
  for (const key of codeKeys) {
    const code = raw[key];
    if (typeof code === 'string' && code !== '') return code;
    if (typeof code === 'number') return String(code);
  }
  return null;
};

const typeIn = (raw: JsonValue, depth: number): string | null => {
  if (!isJsonObject(raw) || depth > wrapsMax) return null;
  const { error, type, message } = raw;
  // The type of an object without a message is that of an answer, not of an error.
  return (
    typeIn(error ?? null, depth + 1) ??
    (typeof type === 'string' && type !== '' && typeof message === 'string' ? type : null)
  );
};
