import type { BatchRejection } from '../../lib/core/batch.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import type { Scrub } from './scrub.ts';
import { isOutOfCapacity, isOutOfMoney, statedLimits } from './error-codes.ts';

const linesMax = 1_000;
const messageCharsMax = 500;

/** Codes that are about what all our lines share: to drop the lines that are named would be to drop them all, a few at a time. */
const sharedByAllLines: ReadonlySet<string> = new Set([
  'model_not_found',
  'model_mismatch',
  'mismatched_model',
  'url_mismatch',
  'mismatched_url',
]);

/** What `errors` of a failed batch says. The codes are free text in OpenAI's reference (2026-08); those known are collected from reports and Azure's guide. */
export const rejectionOf = (errors: JsonValue | undefined, scrub: Scrub): BatchRejection => {
  const data = isJsonObject(errors) ? errors['data'] : errors;
  const entries = Array.isArray(data) ? (data as readonly JsonValue[]).filter(isJsonObject) : [];
  const message = scrub(messageOf(entries));
  const full = entries.find((entry) => isOutOfCapacity(textOf(entry['code'])));
  if (full !== undefined) return { type: 'over_capacity', message, lines: [], ...statedLimits(textOf(full['message']) ?? '') };
  const other = (type: BatchRejection['type'], lines: readonly number[] = []): BatchRejection => ({
    type,
    message,
    lines,
    statedTokensMax: null,
    statedRequestsMax: null,
  });
  if (entries.some((entry) => isOutOfMoney(textOf(entry['code'])))) return other('insufficient_quota');
  const lines = entries.map((entry) => entry['line']);
  const isAboutLines =
    lines.length > 0 && lines.every(isLine) && !entries.some((entry) => sharedByAllLines.has(textOf(entry['code']) ?? ''));
  if (!isAboutLines) return other('other');
  return other('invalid_lines', [...new Set(lines)].sort((a, b) => a - b).slice(0, linesMax));
};

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
