import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/**
 * The lines of the input file, from 1, that an entry of a service is about: its own `line` or
 * `line_number`, as a number or digits, else what its `param` or its words name ("on line 2", "line
 * 2:", "lines 2, 5 and 7"), or its `loc` (FastAPI). Empty: it names none. `isFromZero`: its own
 * numbers count from 0. A line 0 alone is none: it may as well stand for no line at all.
 */
export const linesOf = (
  entry: JsonObject,
  message: string,
  isFromZero = false,
): readonly number[] => {
  const own = ownLineOf(entry);
  if (own !== null && (isFromZero || own > 0)) return [own + (isFromZero ? 1 : 0)];
  const param = typeof entry['param'] === 'string' ? entry['param'] : '';
  const named = namedIn(message.slice(0, charsMax), param.slice(0, charsMax));
  const lines = named.length > 0 ? named : lineNumbersIn(entry['loc']);
  const shift = lines.length > 1 && lines.includes(0) ? 1 : 0;
  return lines.map((line) => line + shift).filter(isLine);
};

/**
 * True where entries that stand side by side name a line 0 beside others: then they count from 0.
 */
export const countFromZero = (entries: readonly JsonValue[]): boolean => {
  const own = new Set(entries.filter(isJsonObject).map(ownLineOf));
  return own.has(0) && [...own].some((line) => line !== null && line > 0);
};

/** True where an entry has a line of its own. */
export const hasOwnLine = (entry: JsonValue): boolean =>
  isJsonObject(entry) && (ownLineOf(entry) ?? 0) > 0;

const ownLineOf = (entry: JsonObject): number | null =>
  [entry['line'], entry['line_number']].map(lineIn).find((line) => line !== null) ?? null;

const charsMax = 4_000;

const isLine = (line: number): boolean => Number.isSafeInteger(line) && line >= 1;

const lineIn = (value: JsonValue | undefined): number | null => {
  const line = typeof value === 'string' && /^\s*\d{1,15}\s*$/u.test(value) ? Number(value) : value;
  return typeof line === 'number' && (line === 0 || isLine(line)) ? line : null;
};

/**
 * FastAPI's place of an error: `["body", "requests", 4, "input"]`. An index in a list counts from
 * 0.
 */
const lineNumbersIn = (loc: JsonValue | undefined): readonly number[] => {
  if (!Array.isArray(loc)) return [];
  const at = loc.findIndex(
    (part, i) => typeof part === 'string' && listName.test(part) && typeof loc[i + 1] === 'number',
  );
  return at < 0 ? [] : [Number(loc[at + 1]) + 1];
};
const listName = /^(?:lines|rows|requests)$/iu;

/** A parser's own place: it is not known what it was reading. */
const index = /\blines?\s*\d+[\s,:(]*col(?:umn)?\b\.?\s*\d+/giu;
/** Words of a limit in front of a count: "The maximum number of rows: 10", "Too many lines: 30". */
const countWords =
  /\b(?:maximum|max|limit(?:ed)?|at most|up to|too many|more than|fewer than|less than|number of|total)\b[^.;]*$/iu;
const countWordsBack = 60;

const namedIn = (message: string, param: string): readonly number[] => {
  // An index in brackets, or behind a dot, counts from 0, as every language has it.
  const byIndex = /\b(?:lines?|rows?|requests?)(?:\[|\.)(\d+)/iu.exec(param)?.[1];
  if (byIndex !== undefined) return [Number(byIndex) + 1];
  const byParam = /\blines?[\s_:#]*(\d+)/iu.exec(param)?.[1];
  if (byParam !== undefined) return [Number(byParam)];
  const said = message.replaceAll(index, '');
  if (/\bcol(?:umn)?\b/iu.test(said)) return [];
  const first = /\b(?:zero|0)[- ](?:based|indexed)\b/iu.test(said) ? 1 : 0;
  for (const found of said.matchAll(
    /\b(?:lines?|rows?)(?:\s+(?:numbers?|nos?\.?))?[\s:#]*(?=\d)/giu,
  )) {
    if (countWords.test(said.slice(Math.max(0, found.index - countWordsBack), found.index)))
      continue;
    return numbersAt(said, found.index + found[0].length).map((line) => line + first);
  }
  return [];
};

/** "3, 5 and 9"; `1,200` is one number, and in "5 and 2 more" the second one is a count. */
const numbersAt = (text: string, from: number): readonly number[] => {
  const number = /\d{1,3}(?:,\d{3})+(?!\d)|\d+/uy;
  const between = /\s*(?:,|and\b|&)\s*(?:and\b\s*)?(?=\d)/uy;
  const count = /\s*(?:more|others?|additional|further|errors?|lines?|rows?)\b/iuy;
  const numbers: number[] = [];
  for (let at = from; ;) {
    number.lastIndex = at;
    const digits = number.exec(text)?.[0];
    if (digits === undefined) return numbers;
    at += digits.length;
    count.lastIndex = at;
    if (numbers.length > 0 && count.test(text)) return numbers;
    numbers.push(Number(digits.replaceAll(',', '')));
    between.lastIndex = at;
    const gap = between.exec(text)?.[0];
    if (gap === undefined) return numbers;
    at += gap.length;
  }
};
