import type { BatchRejection, RefusedLine } from '../../lib/core/batch.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import type { Scrub } from './scrub.ts';
import { saysTooLarge, statedBytesIn } from './input-refusal.ts';
import { isOutOfCapacity, isOutOfMoney, plainCode, saysOutOfMoney, statedLimits } from './error-codes.ts';

const linesMax = 1_000;
const messageCharsMax = 500;
const nameCharsMax = 100;
/** Of what is said against all lines together. Lines beyond it go again with the others, and are named then. */
const saidCharsMax = 200_000;

/** Codes that are about what all our lines share: to drop the lines that are named would be to drop them all, a few at a time. */
const sharedByAllLines: ReadonlySet<string> = new Set(
  ['model_not_found', 'model_mismatch', 'mismatched_model', 'url_mismatch', 'mismatched_url'].map(plainCode),
);

/** What `errors` of a failed batch says. The codes are free text in OpenAI's reference (2026-08); those known are collected from reports and Azure's guide. */
export const rejectionOf = (errors: JsonValue | undefined, scrub: Scrub): BatchRejection => {
  const data = isJsonObject(errors) ? errors['data'] : errors;
  const entries = Array.isArray(data) ? (data as readonly JsonValue[]).filter(isJsonObject) : [];
  const message = scrub(messageOf(entries));
  const full = entries.find((entry) => isOutOfCapacity(textOf(entry['code'])));
  if (full !== undefined)
    return { type: 'over_capacity', message, lines: [], said: [], statedBytesMax: null, ...statedLimits(textOf(full['message']) ?? '') };
  const other = (type: BatchRejection['type'], said: readonly RefusedLine[] = []): BatchRejection => ({
    type,
    message,
    lines: said.map(({ line }) => line),
    said,
    statedTokensMax: null,
    statedRequestsMax: null,
    statedBytesMax: null,
  });
  if (entries.some(isAboutMoney)) return other('insufficient_quota');
  const large = entries.find((entry) => !isLine(entry['line']) && isTooLarge(entry));
  // Where the batch is a single request, that is the line.
  if (large !== undefined) {
    const said = saidOf([{ ...large, line: 1 }], scrub);
    return { ...other('too_large', said), statedBytesMax: statedBytesIn(textOf(large['message']) ?? '') };
  }
  const lines = entries.map((entry) => entry['line']);
  const isAboutLines =
    lines.length > 0 && lines.every(isLine) && !entries.some((entry) => sharedByAllLines.has(plainCode(textOf(entry['code']) ?? '')));
  if (!isAboutLines) return other('other');
  return other('invalid_lines', saidOf(entries, scrub));
};

/** The first word on each line, in the order of the lines; at most so many and so long. */
const saidOf = (entries: readonly JsonObject[], scrub: Scrub): readonly RefusedLine[] => {
  const byLine = new Map<number, JsonObject>();
  for (const entry of entries) if (isLine(entry['line']) && !byLine.has(entry['line'])) byLine.set(entry['line'], entry);
  const sorted = [...byLine].sort(([a], [b]) => a - b).slice(0, linesMax);
  const said: RefusedLine[] = [];
  let chars = 0;
  for (const [line, entry] of sorted) {
    const words = (key: string, charsMax: number): string | null => {
      const text = textOf(entry[key]);
      return text === null ? null : scrub(text).slice(0, charsMax);
    };
    const one = {
      line,
      code: words('code', nameCharsMax),
      message: words('message', messageCharsMax),
      param: words('param', nameCharsMax),
    };
    chars += (one.code?.length ?? 0) + (one.message?.length ?? 0) + (one.param?.length ?? 0);
    if (chars > saidCharsMax && said.length > 0) break;
    said.push(one);
  }
  return said;
};

const isAboutMoney = (entry: JsonObject): boolean =>
  isOutOfMoney(textOf(entry['code']), textOf(entry['type'])) || saysOutOfMoney(textOf(entry['message']) ?? '');

const isTooLarge = (entry: JsonObject): boolean =>
  /^(?:file|input|request|payload)_?(?:size)?_?(?:too_large|exceeded)/iu.test(textOf(entry['code']) ?? '') ||
  saysTooLarge(textOf(entry['message']) ?? '');

const isLine = (line: JsonValue | undefined): line is number => Number.isSafeInteger(line) && (line as number) >= 1;

const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null);

const messageOf = (entries: readonly JsonObject[]): string => {
  const [first] = entries;
  if (first === undefined) return 'the provider failed the batch and did not say why';
  const place = isLine(first['line']) ? `line ${first['line']}: ` : '';
  const text = (textOf(first['message']) ?? 'no message').slice(0, messageCharsMax);
  const more = entries.length > 1 ? ` (and ${entries.length - 1} more)` : '';
  return `${place}${textOf(first['code']) ?? 'no code'}: ${text}${more}`;
};
