import type { Prng } from '../prng.ts';

/** A user's pattern may ask for more than fits into memory. */
const charsMax = 64 * 1024;

/**
 * A text that matches a regular expression of the plain kind: literals, classes, `\d \w \s`,
 * groups, alternatives and quantifiers. Lookarounds and back references are not supported: the
 * caller must test the result.
 */
export const textMatching = (pattern: string, prng: Prng): string => {
  let at = 0;

  const alternatives = (): string => {
    const options = [sequence()];
    while (pattern[at] === '|') {
      at += 1;
      options.push(sequence());
    }
    return options[prng.below(options.length)] ?? '';
  };

  const sequence = (): string => {
    let text = '';
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') text += repeated();
    return text;
  };

  /** One atom and its quantifier; each repetition writes the atom again. */
  const repeated = (): string => {
    const start = at;
    const first = atom();
    const { min, max } = quantifier();
    const end = at;
    const count = min + prng.below(max - min + 1);
    let text = count > 0 ? first : '';
    // An empty atom stays empty, and a very long text is cut; the caller's test then fails.
    for (let index = 1; index < count && first !== '' && text.length < charsMax; index += 1) {
      at = start;
      text += atom();
    }
    at = end;
    return text;
  };

  const atom = (): string => {
    const char = pattern[at] ?? '';
    at += 1;
    if (char === '^' || char === '$') return '';
    if (char === '.') return 'x';
    if (char === '[') return pick(characterClass(), prng);
    if (char === '\\') return pick(escaped(), prng);
    if (char !== '(') return char;
    if (pattern.startsWith('?:', at)) at += 2;
    else if (pattern.startsWith('?<', at)) at = pattern.indexOf('>', at) + 1;
    const inner = alternatives();
    at += 1;
    return inner;
  };

  const escaped = (): string => {
    const char = pattern[at] ?? '';
    at += 1;
    return classes[char] ?? char;
  };

  const characterClass = (): string => {
    const isNegated = pattern[at] === '^';
    if (isNegated) at += 1;
    let members = '';
    while (at < pattern.length && pattern[at] !== ']') {
      const from = pattern[at] === '\\' ? ((at += 1), escaped()) : (pattern[at++] ?? '');
      const isRange = from.length === 1 && pattern[at] === '-' && pattern[at + 1] !== ']';
      if (!isRange) members += from;
      else {
        at += 1;
        members += charactersBetween(from, pattern[at++] ?? from);
      }
    }
    at += 1;
    return isNegated ? [...printable].filter((char) => !members.includes(char)).join('') : members;
  };

  const quantifier = (): { readonly min: number; readonly max: number } => {
    const char = pattern[at];
    const counted = char === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(pattern.slice(at, at + 16)) : null;
    if (counted !== null) at += counted[0].length;
    else if (char === '*' || char === '+' || char === '?') at += 1;
    else return { min: 1, max: 1 };
    // A lazy quantifier matches the same texts.
    if (pattern[at] === '?') at += 1;
    if (counted === null) return { min: char === '+' ? 1 : 0, max: char === '?' ? 1 : 4 };
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? min + 3 : Number(counted[3]);
    return { min, max: Math.max(min, max) };
  };

  return alternatives();
};

const charactersBetween = (from: string, to: string): string => {
  const first = from.charCodeAt(0);
  const last = Math.min(to.charCodeAt(0), first + 255);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    String.fromCharCode(first + index),
  ).join('');
};

const printable = charactersBetween(' ', '~');
const digits = charactersBetween('0', '9');
const letters = charactersBetween('a', 'z') + charactersBetween('A', 'Z');
const classes: Readonly<Record<string, string>> = {
  d: digits,
  w: `${letters}${digits}_`,
  s: ' ',
  D: letters,
  W: ' -',
  S: letters,
  b: '',
  n: '\n',
  t: '\t',
  r: '\r',
};

const pick = (members: string, prng: Prng): string =>
  members === '' ? '' : (members[prng.below(members.length)] ?? '');
