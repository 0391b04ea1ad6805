/**
 * Of what stands between strings: what JavaScript might write otherwise. More than that matches;
 * what does not, is written alike.
 */
const RESPELLED = /-?\d[\d.]{15}|\de|\.\d*0(?!\d)|-0(?![\d.])|0\.0{6}/i;

/** Shorter, nothing between two strings is an odd number: `:`, `, `. */
const BETWEEN_MIN = 3;

/**
 * False where JavaScript writes every number of the JSON text as the text does. Passes over strings
 * as a whole.
 */
export const mayRespell = (text: string): boolean =>
  someBetweenStrings(
    text,
    (from, to) => to - from >= BETWEEN_MIN && RESPELLED.test(text.slice(from, to)),
  );

/** The same JSON with those numbers as strings that `isMeant`. */
export const numbersAsTexts = (text: string, isMeant: (number: string) => boolean): string => {
  let made = '';
  let copied = 0;
  someBetweenStrings(text, (from, to) => {
    const between = text.slice(from, to);
    const changed = between.replace(/-?\d[\d.e+-]*/gi, (number) =>
      isMeant(number) ? `"${number}"` : number,
    );
    if (changed === between) return false;
    made += text.slice(copied, from) + changed;
    copied = to;
    return false;
  });
  return copied === 0 ? text : made + text.slice(copied);
};

/**
 * Looks, in order, where a JSON text has no string, until that is true of one place. No generator:
 * that would cost as much as the looks.
 */
const someBetweenStrings = (text: string, isIt: (from: number, to: number) => boolean): boolean => {
  for (let at = 0; ;) {
    const open = text.indexOf('"', at);
    if (isIt(at, open === -1 ? text.length : open)) return true;
    if (open === -1) return false;
    at = closingQuote(text, open + 1) + 1;
    if (at === 0) return false;
  }
};

const BACKSLASH = 0x5c;

const closingQuote = (text: string, from: number): number => {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (before >= from && text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 1) return at;
  }
  return -1;
};
