import type { CountedTokens, TokenCounter } from '../../lib/ports/tokens.ts';
import { encodingOf, type EncodingName } from './model-encoding.ts';
import { frameOf } from './model-frame.ts';
import { requestTokens, type CountedModel, type Counters } from './request-tokens.ts';
import { createTextCounter, type CountText } from './text-counter.ts';

/** How tokens are counted: the cache, and encodings of models that the table lacks. */
export interface TiktokenOptions {
  /** The number of text segments cached with their counts (default 50,000, about 5 MB). */
  readonly pieceCacheEntriesMax?: number;
  /** Encodings for models that the built-in table lacks or has wrong; the longest prefix wins. */
  readonly encodingByModelPrefix?: Readonly<Record<string, EncodingName>>;
}

/** How many texts of a run's system prompts, tools and schemas are cached whole. */
const sharedTextsMax = 32;

/**
 * Counts a request line's prompt tokens with tiktoken. The count is exact for its text (up to a
 * token for rare Unicode) and for the frames of models with a known name (`frameOf`). It is an
 * estimate for other models, and for lines with content that is not understood (`understood.ts`).
 * Plain text that is not a request line is counted as it is. Nothing is loaded before the first
 * count.
 */
export const tiktokenCounter = (options: TiktokenOptions = {}): TokenCounter => {
  const { pieceCacheEntriesMax = 50_000, encodingByModelPrefix = {} } = options;
  if (!(pieceCacheEntriesMax >= 1))
    throw new RangeError(
      `tiktokenCounter({ pieceCacheEntriesMax }): must be at least 1 (got ${pieceCacheEntriesMax})`,
    );
  const counters = new Map<EncodingName, Counters>();
  const countersFor = (model: string): Counters => {
    const encoding = encodingOf(model, encodingByModelPrefix);
    const known = counters.get(encoding);
    if (known !== undefined) return known;
    const own = createTextCounter(encoding, pieceCacheEntriesMax);
    const made = { own, shared: cached(own) };
    counters.set(encoding, made);
    return made;
  };
  // A run's rows usually have one model.
  let last: CountedModel | null = null;
  const counted = (name: string): CountedModel =>
    last?.name === name
      ? last
      : (last = { name, frame: frameOf(name), counters: countersFor(name) });
  const measure = (text: string, name: string): CountedTokens => {
    const model = counted(name);
    return (
      requestTokens(parse(text), model) ?? {
        tokens: model.counters.own(text),
        isExact: model.frame.isKnown,
      }
    );
  };
  const measuresExactly = (text: string, name: string): boolean => {
    const frame = frameOf(name);
    return requestTokens(parse(text), { name, frame, counters: nothing })?.isExact ?? frame.isKnown;
  };
  return {
    name: 'tiktoken',
    isExact: true,
    count: (text, model) => measure(text, model).tokens,
    measure,
    measuresExactly,
  };
};

/** A counter that inspects the line without counting its text. */
const nothing: Counters = { own: () => 0, shared: () => 0 };

const cached = (count: CountText): CountText => {
  const known = new Map<string, number>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const tokens = count(text);
    if (known.size >= sharedTextsMax) known.clear();
    known.set(text, tokens);
    return tokens;
  };
};

const parse = (text: string): unknown => {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
