declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Unique in a store. Ours read `batchor_20260403T120000Z_ab12cd34`; a caller may choose its own (see `isRunId`). */
export type RunId = Brand<string, 'RunId'>;
/** Our name for one batch, random, given before anything is uploaded; it travels in the provider's metadata. */
export type BatchKey = Brand<string, 'BatchKey'>;
/** The provider's name for a batch. */
export type ProviderBatchId = Brand<string, 'ProviderBatchId'>;
/** The request line's `custom_id`: derived from the run's nonce and the item index, so settling needs no text look-up (`customIdsOf`). */
export type CustomId = Brand<string, 'CustomId'>;
/** Names the thing an effect acts on. Equal keys: never perform both at once. */
export type EffectKey = Brand<string, 'EffectKey'>;

const runIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;

/** True when the text may name a run: 1 to 120 of `A-Z a-z 0-9 . _ -`, the first a letter or digit (it becomes a folder name). */
export const isRunId = (text: string): text is RunId => runIdPattern.test(text);

/** `batchor_<UTC second>_<8 hex>`; chance is the caller's. */
export const makeRunId = (nowMs: number, randomHex8: string): RunId => {
  const compact = utcSecond(nowMs);
  return `batchor_${compact}_${randomHex8}` as RunId;
};

export const batchEffectKey = (batchKey: BatchKey): EffectKey => `batch:${batchKey}` as EffectKey;
/** Under it the looks are counted that an ended batch is given until its answers are there: what else goes wrong uses up none of them. */
export const answersKey = (batchKey: BatchKey): EffectKey => `answers:${batchKey}` as EffectKey;

/** Milliseconds since 1970 to `20260403T120000Z`, by arithmetic: the core has no clock and no Date. */
const utcSecond = (ms: number): string => {
  const second = Math.floor(ms / 1000);
  const day = Math.floor(second / 86_400);
  const rest = second - day * 86_400;
  const { year, month, dayOfMonth } = civilFromDays(day);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${String(year).padStart(4, '0')}${two(month)}${two(dayOfMonth)}T${two(Math.floor(rest / 3600))}${two(Math.floor(rest / 60) % 60)}${two(rest % 60)}Z`;
};

/** Days since 1970-01-01 to a Gregorian date, by the era arithmetic of Hinnant's "chrono-compatible low-level date algorithms". */
const civilFromDays = (day: number): { readonly year: number; readonly month: number; readonly dayOfMonth: number } => {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
};
