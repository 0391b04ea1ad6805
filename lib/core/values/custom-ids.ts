import type { CustomId } from './ids.ts';

/** How a run writes the `custom_id`s of its request lines. Frozen with the run. */
export interface CustomIdFormat {
  /** Random, 8 of `0-9 a-z`: distinguishes the run's lines from those of every other run. */
  readonly nonce: string;
  /**
   * Each id ends with a field of fixed width for the batch and the attempt, which is filled while
   * the lines are uploaded.
   */
  readonly isStamped: boolean;
}

/** Builds and reads the `custom_id`s of one run. No other module does. */
export interface CustomIds {
  /**
   * The `custom_id` of the item at this index, as its stored request line has it: within
   * `[A-Za-z0-9_-]{1,64}`, which every provider accepts.
   */
  of(index: number): CustomId;
  /**
   * The item index behind a `custom_id`, stamped or not; null when the text is not one of this
   * run's.
   */
  indexOf(text: unknown): number | null;
  /**
   * The index behind the first of this run's ids in a line that cannot be read; null where it holds
   * none.
   */
  indexIn(line: string): number | null;
  /** True where the text of a line holds the `custom_id` of this item as a JSON string. */
  isNamedIn(line: string, index: number): boolean;
}

/**
 * What services call the member of a request line that names its row: OpenAI's, Anthropic's and
 * Mistral's word, Gemini's, and xAI's. It is a `custom_id` whatever they call it.
 */
export const idMembers: readonly string[] = ['custom_id', 'key', 'batch_request_id'];

/** Characters of a run's nonce in each `custom_id`. */
export const nonceChars = 8;
const noncePattern = /^[0-9a-z]{8}$/;
const batchChars = 5;
const attemptChars = 2;
const stampChars = batchChars + attemptChars;
const blank = '0'.repeat(stampChars);
const stampPattern = /_[0-9a-z]{7}$/;

/**
 * What a run is named by where none is there: rows that are only quoted. Its ids are as long as a
 * run's.
 */
export const quotedCustomIds: CustomIdFormat = { nonce: '0'.repeat(nonceChars), isStamped: false };

/** The nonce of a run: 8 characters from 40 random bits, given as ten hexadecimal digits. */
export const nonceOf = (randomHex10: string): string =>
  Number.parseInt(randomHex10, 16).toString(36).padStart(nonceChars, '0');

/** True for what a run may store. */
export const isNonce = (text: string): boolean => noncePattern.test(text);

/**
 * How the request lines of a run are named: from an item index to its `custom_id`, and back. Null:
 * the run was begun before there were nonces, and keeps `row-N`.
 */
export const customIdsOf = ({
  customIds = null,
}: {
  readonly customIds?: CustomIdFormat | null;
}): CustomIds => {
  const prefix = customIds === null ? 'row-' : `r${customIds.nonce}-`;
  const isStamped = customIds?.isStamped ?? false;
  const named = new RegExp(`"${prefix}(0|[1-9][0-9]{0,14})["_]`);
  const suffix = isStamped ? `_${blank}` : '';
  const indexOf = (text: unknown): number | null => {
    if (typeof text !== 'string' || !text.startsWith(prefix)) return null;
    return wholeNumber(
      text,
      prefix.length,
      isStamped && stampPattern.test(text) ? text.length - stampChars - 1 : text.length,
    );
  };
  return {
    of: (index) => `${prefix}${index}${suffix}` as CustomId,
    indexOf,
    indexIn: (line) => {
      const found = named.exec(line)?.[1];
      return found === undefined ? null : Number(found);
    },
    isNamedIn: (line, index) =>
      line.includes(`"${prefix}${index}"`) || (isStamped && line.includes(`"${prefix}${index}_`)),
  };
};

/**
 * The `custom_id`s of a batch that was created elsewhere: those of its own input file, each of one
 * row. `names[i]` is that of row `firstIndex + i`. A line is asked by its `custom_id` as JSON has
 * it, since services write other escapes than were sent.
 */
export const foreignCustomIds = (names: readonly string[], firstIndex: number): CustomIds => {
  const indexOfName = new Map(names.map((name, nameIndex) => [name, nameIndex]));
  const indexOf = (text: unknown): number | null => {
    const nameIndex = typeof text === 'string' ? indexOfName.get(text) : undefined;
    return nameIndex === undefined ? null : firstIndex + nameIndex;
  };
  const indexIn = (line: string): number | null => indexOf(customIdIn(line));
  return {
    of: (index) => (names[index - firstIndex] ?? '') as CustomId,
    indexOf,
    indexIn,
    isNamedIn: (line, index) => indexIn(line) === index,
  };
};

const customIdMember = /"custom_id"\s*:\s*("(?:[^"\\]|\\.)*")/;

/** The first `custom_id` in a line, whole or not; null where it holds none. */
const customIdIn = (line: string): string | null => {
  const found = customIdMember.exec(line)?.[1];
  if (found === undefined) return null;
  try {
    return JSON.parse(found) as string;
  } catch {
    return null;
  }
};

const digitsMax = 15;

/**
 * The decimal between two positions, without leading zeros; null where there is none. Written by
 * hand: it runs twice for each answer.
 */
const wholeNumber = (text: string, from: number, to: number): number | null => {
  const first = text.charCodeAt(from);
  if (to <= from || to - from > digitsMax || (first === 0x30 && to - from > 1)) return null;
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return null;
    number = number * 10 + digit;
  }
  return number;
};

/** The item index in a `custom_id` of any run; null when the text is none of batchor's. */
export const indexInCustomId = (text: string): number | null => {
  const found = /^(?:row|r[0-9a-z]{8})-(0|[1-9][0-9]{0,14})(?:_[0-9a-z]{7})?$/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
};

/**
 * The field that distinguishes one create from another: `batchNo` and `createAttempt`, 7 of `0-9
 * a-z`.
 */
export const stampOf = (batchNo: number, createAttempt: number): string =>
  field(batchNo, batchChars) + field(createAttempt, attemptChars);

/**
 * The batch and the attempt that a `custom_id` of this run is stamped with; null: it is another
 * run's, or carries no stamp.
 */
export const stampIn = (
  config: { readonly customIds?: CustomIdFormat | null },
  text: string,
): { readonly batchNo: number; readonly createAttempt: number } | null => {
  if (config.customIds?.isStamped !== true || customIdsOf(config).indexOf(text) === null)
    return null;
  const stamp = text.slice(-stampChars);
  const batchNo = Number.parseInt(stamp.slice(0, batchChars), 36);
  const createAttempt = Number.parseInt(stamp.slice(batchChars), 36);
  return stampPattern.test(text) && batchNo > 0 ? { batchNo, createAttempt } : null;
};

// A field that ran over would make the line longer; 60 million batches, or 1,295 attempts, do not
// come to be.
const field = (count: number, chars: number): string =>
  Math.min(count, 36 ** chars - 1)
    .toString(36)
    .padStart(chars, '0');

/**
 * Request lines, each as long as it was, with the stamp in the ids that have a field for it. For
 * wires whose lines begin with the `custom_id`.
 */
export const stampCustomIds = (lines: string, stamp: string): string =>
  lines.replaceAll(
    /^(\{"custom_id":"r[0-9a-z]{8}-[0-9]{1,15}_)0{7}"/gm,
    (_, before: string) => `${before}${stamp}"`,
  );
