import type { RpcStatus } from './rpc-status.ts';

const wordsMax = 4_000;
const says =
  (pattern: RegExp) =>
  ({ message }: RpcStatus): boolean =>
    pattern.test(message.slice(0, wordsMax));

/**
 * The account has no money: prepaid credit is used up, a spend cap is reached, billing is off. "You
 * exceeded your current quota, please check your plan and billing details" is none of these: it is
 * said of limits per minute too, and of a full queue (python-genai#1901).
 */
export const saysOutOfMoney = says(
  /\b(?:prepay\w*|prepaid)\b.{0,40}\b(?:credits?|balance)\b|\bcredits? (?:are|is|have been)? ?(?:depleted|exhausted|used up)|\bspend(?:ing)?[ -](?:cap|limit)\b|\bbilling\b.{0,40}\b(?:disabled|not (?:active|enabled)|closed|suspended)\b|\benable billing\b|\binsufficient (?:credits?|funds|balance)\b/iu,
);

/**
 * The prompt does not fit the model: "The input token count (N) exceeds the maximum number of
 * tokens allowed (M)."
 */
export const saysTooLong = says(
  /\binput token count\b.{0,60}\bexceeds?\b|\bexceeds? the maximum number of (?:input )?tokens\b|\b(?:context|input|prompt) (?:length|window|size)\b.{0,60}\bexceed|\btoo many (?:input )?tokens\b/iu,
);

/** A file or an address that the request names could not be read. */
export const saysNotFetched = says(
  /\b(?:cannot|can't|could not|unable to|failed to)\s(?:\w+\s){0,2}?(?:fetch|download|retrieve|access|load)\b|\bpermission to access the file\b|\bfile\b.{0,80}\b(?:may not exist|not found|does not exist|is not in an active state)/iu,
);

/** The text of the prompt was blocked, by a code that says no more than that it is invalid. */
export const saysBlocked = says(
  /\bblocked\b.{0,60}\b(?:safety|polic|prohibited|content)|\b(?:safety|content) (?:filter|polic)\w*.{0,60}\b(?:block|violat|reject)/iu,
);

/** A limit that passes by itself: its time to wait, or the name of what it counts. */
export const passesByItself = ({ message, detail, retryAfterMs }: RpcStatus): boolean =>
  retryAfterMs !== null ||
  /per_?(?:second|minute|hour|day)/iu.test(detail) ||
  /\bper (?:second|minute|hour|day)\b|\bretry in\b|\btry again (?:in|later)\b|\brate[ -]limit/iu.test(
    message.slice(0, wordsMax),
  );

/** The queue of batches is full, of tokens or of batches. */
export const saysQueueIsFull = ({ message, detail }: RpcStatus): boolean =>
  /enqueued|concurrent\w*batch|batch\w*(?:enqueued|concurrent|queue)/iu.test(detail) ||
  /\benqueued\b|\b(?:concurrent|active|pending) batch|\bbatch(?:es)?\b.{0,40}\b(?:queue|concurren)/iu.test(
    message.slice(0, wordsMax),
  );

/** The number of enqueued tokens that a message states as the limit; null where it states none. */
export const statedTokensMax = ({ message }: RpcStatus): number | null => {
  const found = /\blimit:?\s*(?:of\s*)?(\d[\d,._']*)\s*(?:enqueued )?tokens/iu.exec(
    message.slice(0, wordsMax),
  )?.[1];
  const count = Number(found?.replace(/\D/gu, '') ?? Number.NaN);
  return Number.isSafeInteger(count) && count > 0 ? count : null;
};
