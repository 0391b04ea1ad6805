/**
 * Any text as a text that a database can hold: they know neither NUL nor half of a surrogate pair.
 * Ids that need it are rare; all others stand in the table as they are.
 */
export const storable = (text: string): string =>
  needsEscape.test(text)
    ? text.replace(escaped, (unit) =>
        unit === '\\' ? '\\\\' : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    : text;

/** Law: `fromStorable(storable(text)) === text`. */
export const fromStorable = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\(?:\\|u([0-9a-f]{4}))/g, (_, hex: string | undefined) =>
        hex === undefined ? '\\' : String.fromCharCode(parseInt(hex, 16)),
      )
    : text;

// With the u flag a pair is one character, and never one of these: what is found is a half of one.

const needsEscape = /[\0\\\ud800-\udfff]/u;

const escaped = /[\0\\\ud800-\udfff]/gu;
