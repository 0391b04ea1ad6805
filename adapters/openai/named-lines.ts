import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';

/**
 * The lines of the input file, from 1, that an entry of a service is about: its own `line` or `line_number`, as a number or digits, else what
 * its `param` or its words name ("on line 2", "line 2:", "lines 2, 5 and 7"). Empty: it names none.
 */
export const linesOf = (entry: JsonObject, message: string): readonly number[] => {
  const own = [entry['line'], entry['line_number']].map(lineIn).find((line) => line !== null) ?? null;
  if (own !== null) return [own];
  const param = typeof entry['param'] === 'string' ? entry['param'] : '';
  return namedIn(message.slice(0, charsMax), param.slice(0, charsMax)).filter(isLine);
};

/** True where an entry has a line of its own. */
export const hasOwnLine = (entry: JsonValue): boolean =>
  isJsonObject(entry) && [entry['line'], entry['line_number']].some((line) => lineIn(line) !== null);

const charsMax = 4_000;

const isLine = (line: number): boolean => Number.isSafeInteger(line) && line >= 1;

const lineIn = (value: JsonValue | undefined): number | null => {
  const line = typeof value === 'string' && /^\s*\d{1,15}\s*$/u.test(value) ? Number(value) : value;
  return typeof line === 'number' && isLine(line) ? line : null;
};

/** A parser's own place: it is not known what it was reading. */
const place = /\blines?\s*\d+[\s,:(]*col(?:umn)?\b\.?\s*\d+/giu;
/** Of "line 2 and 3 others" the last number counts lines. */
const list =
  /\b(?:lines?|rows?)(?:\s+(?:numbers?|nos?\.?))?[\s:#]*(\d+(?:\s*(?:,|and|,\s*and)\s*\d+(?!\d|\s+(?:more|others?|lines?|rows?)\b))*)/iu;

const namedIn = (message: string, param: string): readonly number[] => {
  const byParam = /\blines?[\s_:#.[]*(\d+)/iu.exec(param)?.[1];
  if (byParam !== undefined) return [Number(byParam)];
  const said = message.replaceAll(place, '');
  if (/\bcol(?:umn)?\b/iu.test(said)) return [];
  return (list.exec(said)?.[1]?.match(/\d+/gu) ?? []).map(Number);
};
