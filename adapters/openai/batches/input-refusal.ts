import type { RefusedLine } from '../../../lib/core/model/batch.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { InputRefusal } from '../../../lib/ports/port-error.ts';
import { classOfRefusedLine } from '../answers/answer-error.ts';
import { hasOwnLine, linesOf } from './named-lines.ts';
import { apiErrorIn, errorBodyIn } from '../client/api-error.ts';

const linesMax = 1_000;
const wordsMax = 500;

/** What is sent as a file, in the words of services: other things may be "too large" as well, such as `max_tokens`, or metadata. */
const file = String.raw`(?:files?|uploads?|payload|body|entity|input|content|batch|request)`;
const size = String.raw`(?:size|\d[\d,._]*\s*(?:bytes|[kmg]i?b))`;
/** "File is too large.", "413 Request Entity Too Large", "exceeds the maximum file size of 100 MB": OpenAI, Groq, nginx (reports of 2026-10). */
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
 * What a clear no to an upload or a create says against the input file: the lines that it names, or that the file is too large. Null: nothing
 * of the kind. A line is named by `param`, in words ("Invalid request on line 2"), or as an entry of a list.
 */
export const inputRefusalOf = (status: number, message: string, thrown: unknown): InputRefusal | null => {
  const said = status === 400 || status === 422 ? linesIn(thrown) : [];
  if (said.length > 0) return { isTooLarge: false, statedBytesMax: null, said };
  const { code } = apiErrorIn(thrown);
  const body = errorBodyIn(thrown);
  // A parameter of the call that is too large is not the file.
  const param = isJsonObject(body) ? textOf(body['param']) : null;
  const isOther = param !== null && !/file/iu.test(param);
  if (status !== 413 && !tooLargeCode.test(code ?? '') && (isOther || !saysTooLarge(message))) return null;
  return { isTooLarge: true, statedBytesMax: statedBytesIn(message), said: [] };
};

/** True where the words are about the size of a file. */
export const saysTooLarge = (message: string): boolean => tooLarge.test(message);

/** The limit in bytes that a message states; the smaller reading where a unit has two. Null: none. */
export const statedBytesIn = (message: string): number | null => {
  const [, digits, unit = 'bytes'] = stated.exec(message) ?? [];
  if (digits === undefined) return null;
  const name = unit.toLowerCase();
  // `3.000 bytes` has no fraction: a dot parts thousands in half of the world.
  const marks = name === 'bytes' || name === 'b' ? /[,_.]/gu : /[,_]/gu;
  const bytes = Math.floor(Number(digits.replaceAll(marks, '')) * (name === 'bytes' ? 1 : (units[name.slice(0, -1)] ?? 1)));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
};

const linesIn = (thrown: unknown): readonly RefusedLine[] => {
  const byLine = new Map<number, RefusedLine>();
  const add = (line: number, entry: JsonObject, fallback: string): void => {
    if (byLine.has(line) || byLine.size >= linesMax) return;
    const code = textOf(entry['code']) ?? textOf(entry['type']);
    const message = (textOf(entry['message']) ?? fallback).slice(0, wordsMax);
    const param = textOf(entry['param']);
    byLine.set(line, { line, code, message, param, failureClass: classOfRefusedLine({ code, message, param }) });
  };
  const { message } = apiErrorIn(thrown);
  const body = errorBodyIn(thrown);
  const error = isJsonObject(body) ? body : {};
  for (const entry of entriesIn(error)) {
    for (const line of linesOf(entry, textOf(entry['message']) ?? '')) add(line, entry, message);
  }
  if (byLine.size === 0) for (const line of linesOf(error, message)) add(line, error, message);
  return [...byLine.values()].sort((a, b) => a.line - b.line);
};

/** The error itself, and the lists that it may hold. */
const entriesIn = (error: JsonObject): readonly JsonObject[] => {
  const lists = [
    error['errors'],
    error['details'],
    error['detail'],
    error['data'],
    isJsonObject(error['errors']) ? error['errors']['data'] : undefined,
  ];
  const listed = lists.flatMap((list) => (Array.isArray(list) ? (list as readonly JsonValue[]) : [])).filter(isJsonObject);
  return hasOwnLine(error) ? [error, ...listed] : listed;
};

const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
