declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/**
 * Unique in a store. Ours read `batchor_20260403T120000Z_ab12cd34`; a caller may choose its own
 * (see `isRunId`).
 */
export type RunId = Brand<string, 'RunId'>;
/**
 * Our name for one batch, random, given before anything is uploaded; it travels in the provider's
 * metadata.
 */
export type BatchKey = Brand<string, 'BatchKey'>;
/** The provider's name for a batch, verbatim. */
export type ProviderBatchId = Brand<string, 'ProviderBatchId'>;
/**
 * The request line's `custom_id`: derived from the run's nonce and the item index, so settling
 * needs no lookup by text (`customIdsOf`).
 */
export type CustomId = Brand<string, 'CustomId'>;
/**
 * Names the thing that an effect acts on: `batch:<key>`, `ingest`, `plan` and the like. Two effects
 * of one key are never performed at once.
 */
export type EffectKey =
  | 'ingest'
  | 'plan'
  | 'sweep'
  | 'unfenced'
  | 'poll'
  | 'requeue'
  | 'shared'
  | 'strays'
  | `${'batch' | 'answers' | 'cancel' | 'stray' | 'litter' | 'compact'}:${string}`;

/** What a key names. */
export type EffectTarget =
  | { readonly type: 'run' }
  | { readonly type: 'batch' | 'answers' | 'cancel'; readonly batchKey: BatchKey }
  | { readonly type: 'stray'; readonly providerBatchId: ProviderBatchId }
  | { readonly type: 'litter' | 'compact'; readonly name: string };

/** Reads a key back. */
export const targetOf = (key: EffectKey): EffectTarget => {
  const [, type, name = ''] = /^(\w+):(.*)$/su.exec(key) ?? [];
  switch (type) {
    case 'batch':
    case 'answers':
    case 'cancel':
      return { type, batchKey: name as BatchKey };
    case 'stray':
      return { type, providerBatchId: name as ProviderBatchId };
    case 'litter':
    case 'compact':
      return { type, name };
    default:
      return { type: 'run' };
  }
};

const runIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;

/**
 * True when the text may name a run: 1 to 120 of `A-Z a-z 0-9 . _ -`, the first a letter or digit
 * (it becomes a folder name).
 */
export const isRunId = (text: string): text is RunId => runIdPattern.test(text);

/**
 * A run id: `batchor_<UTC second>_<8 hex>`. The caller supplies the time (ms since the epoch) and
 * the random digits.
 */
export const makeRunId = (nowMs: number, randomHex8: string): RunId => {
  const compact = utcSecond(nowMs);
  return `batchor_${compact}_${randomHex8}` as RunId;
};

/** The key of every effect on one batch: at most one of them is in flight. */
export const batchEffectKey = (batchKey: BatchKey): EffectKey => `batch:${batchKey}`;
/**
 * The key under which checks for an ended batch's answers are counted. Other errors do not use them
 * up.
 */
export const answersKey = (batchKey: BatchKey): EffectKey => `answers:${batchKey}`;

/** Milliseconds since 1970 to `20260403T120000Z`. */
const utcSecond = (ms: number): string =>
  `${new Date(ms).toISOString().replace(/[-:]/gu, '').slice(0, -5)}Z`;
