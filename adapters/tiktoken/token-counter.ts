import type { CountedTokens, TokenCounter } from '../../lib/ports/tokens.ts';
import { encodingOf, type EncodingName } from './model-encoding.ts';
import { frameOf } from './model-frame.ts';
import { requestTokens, type CountedModel, type Counters } from './request-tokens.ts';
import { createTextCounter, type CountText } from './text-counter.ts';

export interface TiktokenOptions {
  /** Pieces of text remembered with their counts. Default 50 000, about 5 MB. */
  readonly pieceCacheEntriesMax?: number;
  /** For models that our own table does not know or does not know rightly; the longest prefix wins. */
  readonly encodingByModelPrefix?: Readonly<Record<string, EncodingName>>;
}

/** Texts of a run's system prompts, tools and schemas that are remembered whole. */
const sharedTextsMax = 32;

/**
 * Counts a request line's prompt tokens with tiktoken: exact for its text (a token or so off for rare Unicode) and for the frames of the models that
 * are known by name (`frameOf`); estimated for other models, and for lines that hold anything which is not understood (`understood.ts`). Plain text
 * that is no request line is counted as it is. Nothing is loaded before the first count.
 */
export const tiktokenCounter = (options: TiktokenOptions = {}): TokenCounter => {
  const { pieceCacheEntriesMax = 50_000, encodingByModelPrefix = {} } = options;
  if (!(pieceCacheEntriesMax >= 1)) throw new RangeError('tiktokenCounter({ pieceCacheEntriesMax }): 1 or more');
  const counters = new Map<EncodingName, Counters>();
  const countersFor = (model: string): Counters => {
    const encoding = encodingOf(model, encodingByModelPrefix);
    const known = counters.get(encoding);
    if (known !== undefined) return known;
    const own = createTextCounter(encoding, pieceCacheEntriesMax);
    const made = { own, shared: remembered(own) };
    counters.set(encoding, made);
    return made;
  };
  // A run's rows ask of one model, row after row.
  let last: CountedModel | null = null;
  const counted = (name: string): CountedModel =>
    last?.name === name ? last : (last = { name, frame: frameOf(name), counters: countersFor(name) });
  const measure = (text: string, name: string): CountedTokens => {
    const model = counted(name);
    return requestTokens(parse(text), model) ?? { tokens: model.counters.own(text), isExact: model.frame.isKnown };
  };
  const measuresExactly = (text: string, name: string): boolean => {
    const frame = frameOf(name);
    return requestTokens(parse(text), { name, frame, counters: nothing })?.isExact ?? frame.isKnown;
  };
  return { name: 'tiktoken', isExact: true, count: (text, model) => measure(text, model).tokens, measure, measuresExactly };
};

/** What a line holds is looked at, and its words are not counted. */
const nothing: Counters = { own: () => 0, shared: () => 0 };

const remembered = (count: CountText): CountText => {
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
