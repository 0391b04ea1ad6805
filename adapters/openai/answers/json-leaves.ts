/** A string or a number in a JSON text: where it stands in the value, and where in the text. */
export interface JsonLeaf {
  /** Keys and places from the root, joined by dots. */
  readonly path: string;
  readonly kind: 'string' | 'number';
  readonly from: number;
  /** Behind its last character; a string's quotes are its own. */
  readonly to: number;
}

const depthMax = 32;
/**
 * More than any answer of words has. Paths of bounded number and length keep the work in proportion
 * to the text.
 */
const leavesMax = 512;
const pathCharsMax = 256;
const space = /[ \t\r\n]*/y;
const word = /-?[0-9][0-9.eE+-]*|true|false|null/y;

/**
 * The leaves of a valid JSON text, in order. Null if a path would be ambiguous (a repeated key, a
 * key with a dot or an escape), or if there are too many, too deep or too long paths. O(text).
 */
export const jsonLeaves = (text: string): readonly JsonLeaf[] | null => {
  const leaves: JsonLeaf[] = [];
  const paths = new Set<string>();
  let at = 0;
  let isPlain = true;
  const pass = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const claim = (path: string): void => {
    if (path.length > pathCharsMax || paths.size >= leavesMax || paths.has(path)) isPlain = false;
    else paths.add(path);
  };
  const passString = (): string => {
    const from = at;
    at = stringEnd(text, from) ?? text.length;
    return text.slice(from + 1, at - 1);
  };
  const value = (path: string, depth: number): void => {
    pass(space);
    claim(path);
    const from = at;
    const first = text[from];
    if (first === '{' || first === '[') return members(path, first === '{', depth + 1);
    if (first === '"') {
      passString();
      leaves.push({ path, kind: 'string', from, to: at });
      return;
    }
    const found = pass(word);
    if (found === '') isPlain = false;
    else if (found !== 'true' && found !== 'false' && found !== 'null')
      leaves.push({ path, kind: 'number', from, to: at });
  };
  const members = (path: string, isObject: boolean, depth: number): void => {
    if (depth > depthMax) isPlain = false;
    at += 1;
    for (let index = 0; isPlain && at < text.length; index += 1) {
      pass(space);
      if (text[at] === '}' || text[at] === ']') break;
      let key = String(index);
      if (isObject) {
        key = passString();
        if (key.includes('.') || key.includes('\\')) isPlain = false;
        pass(space);
        at += 1;
      }
      value(path === '' ? key : `${path}.${key}`, depth);
      pass(space);
      if (text[at] === ',') at += 1;
    }
    at += 1;
  };
  value('', 0);
  return isPlain ? leaves : null;
};

/**
 * Behind the closing quote of the JSON string that opens at `from`; null when it does not close.
 */
export const stringEnd = (text: string, from: number): number | null => {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return null;
};
