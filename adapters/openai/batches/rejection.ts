import type { BatchRejection, RefusedId, RefusedLine } from '../../../lib/core/model/batch.ts';
import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { classOfRefusedLine, readLineError } from '../answers/answer-error.ts';
import { idsOf } from './named-ids.ts';
import { countFromZero, linesOf } from './named-lines.ts';
import type { Scrub } from '../../http/scrub.ts';
import { saysTooLarge, statedBytesIn } from './input-refusal.ts';
import {
  isOutOfCapacity,
  isOutOfMoney,
  plainCode,
  saysOutOfMoney,
  statedLimits,
} from '../client/error-codes.ts';

const linesMax = 1_000;
const messageCharsMax = 500;
const nameCharsMax = 100;
/** On one line; of what comes after, the last is kept. */
const entriesMax = 8;
/**
 * Of what is said against all lines together. Lines beyond it go again with the others, and are
 * named then.
 */
const saidCharsMax = 200_000;

/**
 * Codes that are about what all our lines share: to drop the lines that are named would be to drop
 * them all, a few at a time.
 */
const sharedByAllLines: ReadonlySet<string> = new Set(
  ['model_not_found', 'model_mismatch', 'mismatched_model', 'url_mismatch', 'mismatched_url'].map(
    plainCode,
  ),
);

/**
 * What `errors` of a failed batch says. The codes are free text in OpenAI's reference (2026-08);
 * those known are collected from reports and Azure's guide.
 */
export const rejectionOf = (errors: JsonValue | undefined, scrub: Scrub): BatchRejection => {
  const entries = entriesOf(errors);
  const named = entries.filter(({ lines }) => lines.length > 0);
  const message = scrub(messageOf(entries));
  const full = entries.find(({ code }) => isOutOfCapacity(code));
  if (full !== undefined)
    return {
      type: 'over_capacity',
      message,
      lines: [],
      said: [],
      statedBytesMax: null,
      ...statedLimits(full.message ?? ''),
    };
  const other = (
    type: BatchRejection['type'],
    said: readonly RefusedLine[] = [],
    words = message,
  ): BatchRejection => ({
    type,
    message: words,
    lines: said.map(({ line }) => line),
    said,
    statedTokensMax: null,
    statedRequestsMax: null,
    statedBytesMax: null,
  });
  if (entries.some(isAboutMoney)) return other('insufficient_quota');
  const large = entries.find((entry) => entry.lines.length === 0 && isTooLarge(entry));
  // Where the batch is a single request, that is the line.
  if (large !== undefined)
    return {
      ...other('too_large', saidOf([{ ...large, lines: [1] }], scrub)),
      statedBytesMax: statedBytesIn(large.message ?? ''),
    };
  // An entry without a line beside those that have one is a remark on the whole: "The batch has
  // errors".
  if (named.length === 0 || entries.some(isShared)) return other('other');
  return other(
    'invalid_lines',
    saidOf(named, scrub),
    scrub(messageOf([...named, ...entries.filter(({ lines }) => lines.length === 0)])),
  );
};

/** One entry of `errors.data`, and the lines that it is about. */
interface Entry {
  readonly code: string | null;
  readonly type: string | null;
  readonly message: string | null;
  readonly param: string | null;
  readonly lines: readonly number[];
  /** It has a line of its own, and that is 0. */
  readonly isAtZero: boolean;
  /** Ids of requests that it is about. */
  readonly ids: readonly string[];
}

/**
 * What a failed validation says against lines that it names by their ids; empty: nothing, or what
 * it says is about the whole batch.
 */
export const refusedIdsOf = (errors: JsonValue | undefined, scrub: Scrub): readonly RefusedId[] => {
  const entries = entriesOf(errors);
  const isAboutAll = entries.some(
    (entry) => isOutOfCapacity(entry.code) || isAboutMoney(entry) || isShared(entry),
  );
  if (isAboutAll) return [];
  const ids = entries.flatMap((entry) => entry.ids.map((customId) => ({ customId, entry })));
  return ids.slice(0, linesMax).map(({ customId, entry }) => {
    const [line] = entry.lines;
    return {
      customId,
      ...reasonOf([entry], scrub),
      line: entry.lines.length === 1 && line !== undefined ? line : null,
    };
  });
};

/** `{object: "list", data: […]}`, the list alone, one entry alone, or a text. */
const entriesOf = (errors: JsonValue | undefined): readonly Entry[] => {
  const data = isJsonObject(errors) ? (errors['data'] ?? errors) : errors;
  const list = Array.isArray(data) ? (data as readonly JsonValue[]) : [data ?? null];
  const isFromZero = countFromZero(list);
  return list.flatMap((each): readonly Entry[] => {
    const entry = typeof each === 'string' && each.trim() !== '' ? { message: each } : each;
    if (!isJsonObject(entry)) return [];
    const own = {
      code: textOf(entry['code']),
      type: textOf(entry['type']),
      message: textOf(entry['message']),
    };
    // A message may be an error of its own, wrapped.
    const inside = own.message === null || own.code === null ? readLineError(entry) : null;
    const message = own.message ?? inside?.message ?? null;
    const lines = linesOf(entry, message ?? '', isFromZero);
    if (!Array.isArray(data) && message === null && lines.length === 0) return [];
    const ids = idsOf(entry, message ?? '');
    const isAtZero = entry['line'] === 0 || entry['line'] === '0';
    return [
      {
        ...own,
        code: own.code ?? inside?.code ?? null,
        message,
        param: textOf(entry['param']),
        lines,
        isAtZero,
        ids,
      },
    ];
  });
};

/** What is said on each line, in the order of the lines; at most so many and so long. */
const saidOf = (entries: readonly Entry[], scrub: Scrub): readonly RefusedLine[] => {
  const byLine = new Map<number, Entry[]>();
  for (const entry of entries)
    for (const line of entry.lines)
      byLine.set(line, [...(byLine.get(line) ?? []).slice(0, entriesMax), entry]);
  const sorted = [...byLine].sort(([a], [b]) => a - b).slice(0, linesMax);
  const said: RefusedLine[] = [];
  let chars = 0;
  for (const [line, about] of sorted) {
    const one = { line, ...reasonOf(about, scrub) };
    chars += (one.code?.length ?? 0) + (one.message?.length ?? 0) + (one.param?.length ?? 0);
    if (chars > saidCharsMax && said.length > 0) break;
    said.push(one);
  }
  return said;
};

const reasonOf = (about: readonly Entry[], scrub: Scrub): Omit<RefusedLine, 'line'> => {
  const first = (key: 'code' | 'param'): string | null => {
    const text = about.find((entry) => entry[key] !== null)?.[key] ?? null;
    return text === null ? null : scrub(text).slice(0, nameCharsMax);
  };
  const [code, message, param] = [first('code'), wordsOf(about, scrub), first('param')];
  return { code, message, param, failureClass: classOfRefusedLine({ code, message, param }) };
};

/** All that is said on one line, each sentence once. */
const wordsOf = (about: readonly Entry[], scrub: Scrub): string | null => {
  const messages = new Set(
    about.flatMap(({ message }) =>
      message === null ? [] : [scrub(message).slice(0, messageCharsMax)],
    ),
  );
  return messages.size === 0 ? null : [...messages].join('; ').slice(0, messageCharsMax);
};

const isShared = ({ code }: Entry): boolean => sharedByAllLines.has(plainCode(code ?? ''));

const isAboutMoney = ({ code, type, message }: Entry): boolean =>
  isOutOfMoney(code, type) || saysOutOfMoney(message ?? '');

const isTooLarge = ({ code, message }: Entry): boolean =>
  /^(?:file|input|request|payload)_?(?:size)?_?(?:too_?large|exceeded)/iu.test(code ?? '') ||
  saysTooLarge(message ?? '');

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' ? value : null;

const messageOf = (entries: readonly Entry[]): string => {
  const [first] = entries;
  if (first === undefined) return 'the provider failed the batch and did not say why';
  const [line] = first.lines;
  const index =
    line !== undefined
      ? `line ${line}: `
      : first.isAtZero
        ? 'line 0 (none of the file, unless it is counted from 0): '
        : '';
  const text = (first.message ?? 'no message').slice(0, messageCharsMax);
  const more = entries.length > 1 ? ` (and ${entries.length - 1} more)` : '';
  return `${index}${first.code ?? 'no code'}: ${text}${more}`;
};
