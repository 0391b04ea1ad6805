import * as t from 'io-ts';
import { closed, NonNegative, orNull } from '../json/codec-parts.ts';
import { oneOf } from '../json/codec-primitives.ts';

/**
 * What a batch service is like, where services differ. Rules ask a trait, never a provider's name.
 * Frozen with the run.
 */
export interface ServiceTraits {
  /**
   * Where request lines go. `file`: an input file, uploaded before the create. `inline`: the
   * create's own body. `container`: a batch that was made empty, and costs nothing while it is:
   * making it takes the place of the upload, its id that of the input file's, and the create adds
   * the lines.
   */
  readonly input: 'file' | 'inline' | 'container';
  /**
   * What proves that a batch in the provider's list is of this run, batch and attempt. `metadata`:
   * its metadata, or its input file. `display_name`: its name, or its input file. `answers`: only a
   * `custom_id` of its results, once it has ended. `none`: nothing.
   */
  readonly correlates: 'metadata' | 'display_name' | 'answers' | 'none';
  /**
   * What makes a create fail that arrives after its absence was proved. `input_file`: deleting its
   * input file. `container`: cancelling the empty batch that it adds to. `none`: nothing does.
   */
  readonly fence: 'input_file' | 'container' | 'none';
  /**
   * How answers come. `split`: successes in an output file, failures in an error file. `single`:
   * one file of both. `pages`: the adapter reads pages and joins them to lines.
   */
  readonly answers: 'split' | 'single' | 'pages';
  /** Whether request counts move while the batch is in progress, or are there once it has ended. */
  readonly counts: 'live' | 'at_end';
  /** Whether a batch can be cancelled. */
  readonly cancel: boolean;
  /**
   * When a batch expires, in ms after its creation, where the run's completion window does not say
   * so; null: not known.
   */
  readonly windowMs: number | null;
  /** How long results can be fetched, in ms after the batch's creation; null: not known. */
  readonly resultRetentionMs: number | null;
  /** Whether an expired batch keeps the answers that it had finished. */
  readonly keepsPartialAnswers: boolean;
  /** Share of the usual price that the batch service takes off: 0.5 is half; null: not known. */
  readonly discount: number | null;
  /** The provider's list of batches. */
  readonly list: {
    /** Whether it can be filtered by metadata. */
    readonly filter: 'metadata' | 'none';
    readonly order: 'newest_first' | 'unknown';
    /** Batches in one page, at most. */
    readonly pageMax: number;
    /** Whether a run refuses to start where the list cannot be read. */
    readonly isRequired: boolean;
  };
  /** Requests that a batch must have; smaller ones are refused. */
  readonly requestsMin: number;
  /** Bytes of one request line, at most; null: only the batch is limited. */
  readonly lineBytesMax: number | null;
  /** Batches that may be in progress at once; null: no such limit is known. */
  readonly liveBatchesMax: number | null;
  /** Requests in all batches in progress; null: no such limit is known. */
  readonly queuedRequestsMax: number | null;
}

/** OpenAI's. A run or a provider config without traits has these. */
export const openaiTraits: ServiceTraits = {
  input: 'file',
  correlates: 'metadata',
  fence: 'input_file',
  answers: 'split',
  counts: 'live',
  cancel: true,
  windowMs: null,
  resultRetentionMs: 30 * 86_400_000,
  keepsPartialAnswers: true,
  discount: 0.5,
  list: { filter: 'none', order: 'newest_first', pageMax: 100, isRequired: true },
  requestsMin: 1,
  lineBytesMax: null,
  liveBatchesMax: null,
  queuedRequestsMax: null,
};

/** What is stored of a provider's service, as a codec. */
export const ServiceTraitsType: t.Type<ServiceTraits, unknown> = closed('ServiceTraits', {
  input: oneOf('an input', ['file', 'inline', 'container'] as const),
  correlates: oneOf('a proof', ['metadata', 'display_name', 'answers', 'none'] as const),
  fence: oneOf('a fence', ['input_file', 'container', 'none'] as const),
  answers: oneOf('a form of answers', ['split', 'single', 'pages'] as const),
  counts: oneOf('a form of counts', ['live', 'at_end'] as const),
  cancel: t.boolean,
  windowMs: orNull(NonNegative),
  resultRetentionMs: orNull(NonNegative),
  keepsPartialAnswers: t.boolean,
  discount: orNull(NonNegative),
  list: closed('ServiceList', {
    filter: oneOf('a filter', ['metadata', 'none'] as const),
    order: oneOf('an order', ['newest_first', 'unknown'] as const),
    pageMax: NonNegative,
    isRequired: t.boolean,
  }),
  requestsMin: NonNegative,
  lineBytesMax: orNull(NonNegative),
  liveBatchesMax: orNull(NonNegative),
  queuedRequestsMax: orNull(NonNegative),
});

/** The traits of a run's service, or of a provider config's. */
export const traitsOf = ({ traits }: { readonly traits?: ServiceTraits }): ServiceTraits =>
  traits ?? openaiTraits;

/** Its request lines need no upload: the create's own body carries them. */
export const isInline = (of: { readonly traits?: ServiceTraits }): boolean =>
  traitsOf(of).input === 'inline';

/** What a batch is before its create: without an upload it is as good as uploaded. */
export const unsentPhase = (of: { readonly traits?: ServiceTraits }): 'planned' | 'uploaded' =>
  isInline(of) ? 'uploaded' : 'planned';

/**
 * Whether the intent to create names the newest batch in the list: where no input file proves that
 * a later list is of the same account, or nothing but answers proves whose a batch is.
 */
export const isMarked = (of: { readonly traits?: ServiceTraits }): boolean =>
  isInline(of) || traitsOf(of).correlates === 'answers';

const hourMs = 3_600_000;

/**
 * When a batch of the run expires, in ms after its creation: by the completion window (`24h`, `7d`)
 * that the run asks for, else as its service has it; null: not known.
 */
export const batchWindowMs = ({
  provider,
  traits,
}: {
  readonly provider: { readonly completionWindow: string };
  readonly traits?: ServiceTraits;
}): number | null => {
  const [, count, unit] = /^(\d{1,4})\s*([hd])$/iu.exec(provider.completionWindow.trim()) ?? [];
  return count === undefined
    ? (traits ?? openaiTraits).windowMs
    : Number(count) * (unit?.toLowerCase() === 'd' ? 24 : 1) * hourMs;
};
