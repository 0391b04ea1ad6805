/** A member of the JSON text of an object, and where it stands. */
export interface JsonMember {
  readonly name: string;
  /** Of the quote before its name. */
  readonly from: number;
  readonly valueFrom: number;
  /** Behind its value. */
  readonly to: number;
}

/**
 * The members of the text of a JSON object, in order; a name that stands twice comes twice. The
 * text must be valid JSON, and an object: nothing of it is read but names.
 */
export const membersIn = (text: string): readonly JsonMember[] => {
  const members: JsonMember[] = [];
  for (let at = skipBlank(text, text.indexOf('{') + 1); text[at] === '"';) {
    const nameEnd = endOfString(text, at);
    const valueFrom = skipBlank(text, text.indexOf(':', nameEnd) + 1);
    const to = endOfValue(text, valueFrom);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    members.push({ name, from: at, valueFrom, to });
    at = skipBlank(text, to);
    if (text[at] === ',') at = skipBlank(text, at + 1);
  }
  return members;
};

/** The text of the value that `JSON.parse` gives for the name, the last one; null: it has none. */
export const memberText = (text: string, name: string): string | null => {
  const found = membersIn(text).findLast((member) => member.name === name);
  return found === undefined ? null : text.slice(found.valueFrom, found.to);
};

/**
 * The text of a JSON object with these members: each replaced where it stands, put behind the
 * others where there is none, and left out for null. Everything else stays letter by letter.
 */
export const withMembers = (text: string, changes: ReadonlyMap<string, string | null>): string => {
  if (changes.size === 0) return text;
  const members = membersIn(text);
  const names = new Set(members.map(({ name }) => name));
  const kept = members.flatMap(({ name, from, valueFrom, to }) => {
    const value = changes.get(name);
    if (value === null) return [];
    return value === undefined ? text.slice(from, to) : text.slice(from, valueFrom) + value;
  });
  const added = [...changes].flatMap(([name, value]) =>
    value === null || names.has(name) ? [] : `${JSON.stringify(name)}:${value}`,
  );
  return `{${[...kept, ...added].join(',')}}`;
};

/** The same JSON on one line. Line ends stand between its tokens alone, never inside strings. */
export const onOneLine = (text: string): string => text.replaceAll(/[\r\n][ \t\r\n]*/gu, '');

const skipBlank = (text: string, from: number): number => {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
};

const BACKSLASH = 0x5c;

/** Behind the closing quote of the string that begins at `from`. */
const endOfString = (text: string, from: number): number => {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
  }
  return text.length;
};

const endOfValue = (text: string, from: number): number => {
  if (text[from] === '"') return endOfString(text, from);
  if (text[from] !== '{' && text[from] !== '[') return from + plainLength(text, from);
  const marks = /["{}[\]]/gu;
  marks.lastIndex = from;
  let depth = 0;
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    const [mark] = found;
    if (mark === '"') marks.lastIndex = endOfString(text, found.index);
    else if (mark === '{' || mark === '[') depth += 1;
    else {
      depth -= 1;
      if (depth === 0) return marks.lastIndex;
    }
  }
  return text.length;
};

/** Of a number, `true`, `false` or `null`. */
const plainLength = (text: string, from: number): number => {
  const plain = /[^\s,}\]]+/uy;
  plain.lastIndex = from;
  return plain.exec(text)?.[0].length ?? 0;
};
