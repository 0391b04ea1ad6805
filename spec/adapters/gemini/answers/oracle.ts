/**
 * What a line of `generateContent` may pass for, read in another way than the adapter does: by the
 * letter of the API's reference, for lines of any form.
 */
export interface Oracle {
  readonly key: string;
  /** The texts of the candidates that end with STOP, thoughts left out. */
  readonly wholeTexts: readonly string[];
  /** Of those, whether one has a part that is no text. */
  readonly hasMore: boolean;
}

type Json = Readonly<Record<string, unknown>> | null;
const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Null: the line is no JSON object with a key. */
export const oracleOf = (line: string): Oracle | null => {
  let parsed: Json;
  try {
    parsed = object(JSON.parse(line.replace(/^\uFEFF/u, '')));
  } catch {
    return null;
  }
  const key = parsed?.['key'];
  if (typeof key !== 'string') return null;
  const whole = list(object(parsed?.['response'])?.['candidates'])
    .map(object)
    .filter((candidate) => String(candidate?.['finishReason']).toUpperCase() === 'STOP')
    .map((candidate) =>
      list(object(candidate?.['content'])?.['parts'])
        .map(object)
        .filter((part) => part !== null && part['thought'] !== true),
    );
  return {
    key,
    wholeTexts: whole.map((parts) =>
      parts.map((part) => (typeof part?.['text'] === 'string' ? part['text'] : '')).join(''),
    ),
    hasMore: whole.some((parts) =>
      parts.some((part) =>
        Object.entries(part ?? {}).some(
          ([name, value]) => name !== 'text' && object(value) !== null,
        ),
      ),
    ),
  };
};
