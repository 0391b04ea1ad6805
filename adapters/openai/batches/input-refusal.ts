import type { RefusedId, RefusedLine } from '../../../lib/core/model/batch.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { InputRefusal } from '../../../lib/ports/port-error.ts';
import { classOfRefusedLine } from '../answers/answer-error.ts';
import { idsOf } from './named-ids.ts';
import { countFromZero, hasOwnLine, linesOf } from './named-lines.ts';
import { apiErrorIn, errorBodyIn } from '../client/api-error.ts';

const linesMax = 1_000;
const wordsMax = 500;

/**
 * What is sent as a file, in the words of services: other things may be "too large" as well, such
 * as `max_tokens`, or metadata.
 */
const file = String.raw`(?:files?|uploads?|payload|body|entity|input|content|batch|request)`;
const size = String.raw`(?:size|\d[\d,._]*\s*(?:bytes|[kmg]i?b))`;
/**
 * "File is too large.", "413 Request Entity Too Large", "exceeds the maximum file size of 100 MB":
 * OpenAI, Groq, nginx (reports of 2026-10).
 */
const tooLarge = new RegExp(
  [
    String.raw`\b${file}\b[^.]{0,40}\btoo (?:large|big)\b`,
    String.raw`\b(?:exceeds?|exceeded|larger than|bigger than|over|above)\b.{0,60}\b${size}`,
    String.raw`\bfile size\b[^.]{0,40}\b(?:limit|maximum|exceeds?|exceeded|less than|smaller than|at most|below|under)\b`,
    String.raw`\b(?:limit|maximum)\b[^.]{0,20}\b${size}[^.]{0,20}\b(?:per|a|each) file\b`,
  ].join('|'),
  'iu',
);
/** Codes that say it. */
const tooLargeCode =
  /^(?:input_?|request_?)?(?:file|payload|entity|body|upload)_?(?:size_?)?(?:too_?(?:large|big)|(?:limit_?)?exceeded)$/iu;
/** A number and its unit behind words of a limit. */
const stated =
  /(?:limit|maximum|max|at most|up to|(?:larger|bigger|less|smaller) than|exceeds?|over|above|below|under)\D{0,40}?(\d[\d,_]*(?:\.\d+)?)\s*(bytes|[kmg]i?b)\b/iu;
const units: Readonly<Record<string, number>> = {
  b: 1,
  k: 1_000,
  m: 1_000_000,
  g: 1_000_000_000,
  ki: 1_024,
  mi: 1_048_576,
  gi: 1_073_741_824,
};

/**
 * What a definite refusal of an upload or a create says against the input file: the lines that it
 * names, or that the file is too large. Null: nothing of the kind. A line is named by `param`, in
 * words ("Invalid request on line 2"), or as an entry of a list.
 */
export const inputRefusalOf = (
  status: number,
  message: string,
  thrown: unknown,
): InputRefusal | null => {
  const { said, ids } = status === 400 || status === 422 ? namedIn(thrown) : { said: [], ids: [] };
  if (said.length + ids.length > 0)
    return { isTooLarge: false, statedBytesMax: null, said, ...(ids.length === 0 ? {} : { ids }) };
  const { code } = apiErrorIn(thrown);
  const body = errorBodyIn(thrown);
  // A parameter of the call that is too large is not the file.
  const param = isJsonObject(body) ? textOf(body['param']) : null;
  const isOther = param !== null && !/file/iu.test(param);
  if (status !== 413 && !tooLargeCode.test(code ?? '') && (isOther || !saysTooLarge(message)))
    return null;
  return { isTooLarge: true, statedBytesMax: statedBytesIn(message), said: [] };
};

/** True where the words are about the size of a file. */
export const saysTooLarge = (message: string): boolean => tooLarge.test(message);

/**
 * The limit in bytes that a message states; the smaller reading where a unit has two. Null: none.
 */
export const statedBytesIn = (message: string): number | null => {
  const [, digits, unit = 'bytes'] = stated.exec(message) ?? [];
  if (digits === undefined) return null;
  const name = unit.toLowerCase();
  // `3.000 bytes` has no fraction: a dot parts thousands in half of the world.
  const marks = name === 'bytes' || name === 'b' ? /[,_.]/gu : /[,_]/gu;
  const bytes = Math.floor(
    Number(digits.replaceAll(marks, '')) * (name === 'bytes' ? 1 : (units[name.slice(0, -1)] ?? 1)),
  );
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
};

/** The lines and the requests that a refusal names, each with what is said of it. */
const namedIn = (
  thrown: unknown,
): { readonly said: readonly RefusedLine[]; readonly ids: readonly RefusedId[] } => {
  const byLine = new Map<number, RefusedLine>();
  const byId = new Map<string, RefusedId>();
  const { message: whole } = apiErrorIn(thrown);
  const body = errorBodyIn(thrown);
  const error = isJsonObject(body) ? body : {};
  const entries = entriesIn(error);
  const isFromZero = countFromZero(entries);
  const add = (entry: JsonObject, words: string): void => {
    const reason = reasonOf(entry, whole);
    const lines = linesOf(entry, words, isFromZero);
    for (const line of lines)
      if (!byLine.has(line) && byLine.size < linesMax) byLine.set(line, { line, ...reason });
    const [line] = lines;
    const stated = lines.length === 1 && line !== undefined ? line : null;
    for (const customId of idsOf(entry, words))
      if (!byId.has(customId) && byId.size < linesMax)
        byId.set(customId, { customId, line: stated, ...reason });
  };
  for (const entry of entries) add(entry, wordsOf(entry) ?? '');
  if (byLine.size + byId.size === 0) add(error, whole);
  return { said: [...byLine.values()].sort((a, b) => a.line - b.line), ids: [...byId.values()] };
};

const reasonOf = (entry: JsonObject, whole: string): Omit<RefusedLine, 'line'> => {
  const code = textOf(entry['code']) ?? textOf(entry['type']);
  const message = (wordsOf(entry) ?? whole).slice(0, wordsMax);
  const param = textOf(entry['param']);
  return { code, message, param, failureClass: classOfRefusedLine({ code, message, param }) };
};

/** FastAPI says `msg`. */
const wordsOf = (entry: JsonObject): string | null =>
  textOf(entry['message']) ?? textOf(entry['msg']);

/** The error itself, and the lists that it may hold. */
const entriesIn = (error: JsonObject): readonly JsonObject[] => {
  const lists = [
    error['errors'],
    error['details'],
    error['detail'],
    error['data'],
    isJsonObject(error['errors']) ? error['errors']['data'] : undefined,
  ];
  const listed = lists
    .flatMap((list) => (Array.isArray(list) ? (list as readonly JsonValue[]) : []))
    .filter(isJsonObject);
  return hasOwnLine(error) ? [error, ...listed] : listed;
};

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
