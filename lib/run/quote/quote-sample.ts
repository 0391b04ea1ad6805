import { hashToUnit } from '../../core/faults/due-time.ts';
import { estimateTokens } from '../../core/values/usage.ts';
import { fitTokens } from './quote-fit.ts';
import { dot, type Shape, shapeKinds, shapeOf } from './quote-shape.ts';

/** How a token sample counts: the counter, how many lines it keeps, and its seed. */
export interface TokenSampleOptions {
  /** Counts a line's tokens. The expensive step. */
  readonly count: (line: string) => number;
  /** Number of counted lines that the sample keeps. Infinity: counts all lines. */
  readonly linesMax: number;
  /** The same seed and lines give the same answer. */
  readonly seed: number;
}

/** The total of all lines. */
export interface TokenTotal {
  readonly tokens: number;
  /** 95% interval of the true total. Equal to `tokens` if every line was counted. */
  readonly min: number;
  readonly max: number;
  /** Number of counted lines that the total is based on. */
  readonly countedLines: number;
  readonly lines: number;
  readonly isWhole: boolean;
}

/**
 * Estimates the tokens of a stream of lines from a sample. Memory: numbers of the counted lines
 * only.
 */
export interface TokenSample {
  /** Adds a line. Returns its bytes, and its tokens counted or estimated so far. */
  add(line: string): { readonly bytes: number; readonly tokens: number };
  total(): TokenTotal;
}

interface Counted {
  readonly priority: number;
  readonly size: number;
  readonly shape: Shape;
  readonly tokens: number;
}

/** Added to each line's bytes, so that short lines are sampled too. */
const sizeFloor = 64;
/** Lines per kind of character that a fit needs. With fewer, all characters count the same. */
const linesPerKind = 8;
/** The 95% interval of a normal distribution. */
const deviations = 1.96;

/**
 * Priority sampling (Duffield, Lund, Thorup 2007): keeps line `i` of size `s` with probability
 * `min(1, s / threshold)`. So it counts the few long lines that hold most tokens. The total is a
 * fit over the characters of all lines, corrected by the residuals of the kept lines (the
 * regression estimator of survey sampling). A bad fit widens the interval, but does not bias it.
 */
export const createTokenSample = (options: TokenSampleOptions): TokenSample =>
  new PrioritySample(options);

class PrioritySample implements TokenSample {
  readonly #options: TokenSampleOptions;
  readonly #kept: Counted[] = [];
  /** The characters of all lines, by kind. */
  readonly #sums = new Float64Array(shapeKinds.length);
  #lines = 0;
  #threshold = 0;
  /** Of all lines, where all are counted. */
  #wholeTokens = 0;
  #fit: Shape | null = null;
  /** Lines that entered the sample, and how many had when it was fitted. */
  #entries = 0;
  #fittedEntries = 0;

  constructor(options: TokenSampleOptions) {
    this.#options = options;
  }

  add(line: string): { readonly bytes: number; readonly tokens: number } {
    const { count, linesMax, seed } = this.#options;
    const { bytes, shape } = shapeOf(line);
    const sums = this.#sums;
    for (let i = 0; i < sums.length; i += 1) sums[i] = (sums[i] as number) + (shape[i] as number);
    const size = bytes + sizeFloor;
    // Never 0: a line of probability 0 would be kept forever.
    const priority = size / (hashToUnit(`${seed}~${this.#lines}`) + 2 ** -33);
    this.#lines += 1;
    if (linesMax === Infinity) {
      const tokens = count(line);
      this.#wholeTokens += tokens;
      return { bytes, tokens };
    }
    if (priority <= this.#threshold) {
      // The fit improves as the sample is replaced.
      if (this.#fit === null || this.#entries >= this.#fittedEntries * 1.1)
        this.#fit = this.#fitNow();
      const tokens = Math.max(1, Math.round(dot(this.#fit, shape))) || estimateTokens(bytes);
      return { bytes, tokens };
    }
    const tokens = count(line);
    this.#entries += 1;
    push(this.#kept, { priority, size, shape, tokens });
    if (this.#kept.length > linesMax)
      this.#threshold = Math.max(this.#threshold, pop(this.#kept).priority);
    return { bytes, tokens };
  }

  total(): TokenTotal {
    if (this.#options.linesMax === Infinity) return countedTotal(this.#wholeTokens, this.#lines);
    return this.#kept.length === this.#lines
      ? countedTotal(
          this.#kept.reduce((sum, line) => sum + line.tokens, 0),
          this.#lines,
        )
      : this.#estimatedTotal();
  }

  #probabilityOf({ size }: Counted): number {
    return this.#threshold === 0 ? 1 : Math.min(1, size / this.#threshold);
  }

  #fitNow(): Shape {
    this.#fittedEntries = this.#entries;
    const points = this.#kept.map((line) => ({
      shape: line.shape,
      tokens: line.tokens,
      weight: 1 / (this.#probabilityOf(line) * line.size),
    }));
    if (points.length >= linesPerKind * shapeKinds.length)
      return fitTokens(points, shapeKinds.length);
    const [tokens, characters] = points.reduce(
      ([a, b], { tokens: each, shape, weight }) => [a + weight * each, b + weight * sumOf(shape)],
      [0, 0],
    );
    return new Float64Array(shapeKinds.length).fill(characters === 0 ? 0 : tokens / characters);
  }

  #estimatedTotal(): TokenTotal {
    const kept = this.#kept;
    const model = this.#fitNow();
    let residual = 0;
    let variance = 0;
    let known = 0;
    for (const line of kept) {
      const probability = this.#probabilityOf(line);
      const error = line.tokens - dot(model, line.shape);
      residual += error / probability;
      variance += ((1 - probability) / (probability * probability)) * error * error;
      known += line.tokens;
    }
    // A fit is closer to the lines that it was made from than to others.
    const freedom = kept.length / Math.max(1, kept.length - shapeKinds.length);
    const tokens = Math.max(known, Math.round(dot(model, this.#sums) + residual));
    const margin = Math.ceil(deviations * Math.sqrt(variance * freedom)) + 1;
    return {
      tokens,
      min: Math.max(known, tokens - margin),
      max: tokens + margin,
      countedLines: kept.length,
      lines: this.#lines,
      isWhole: false,
    };
  }
}

const countedTotal = (tokens: number, lines: number): TokenTotal => ({
  tokens,
  min: tokens,
  max: tokens,
  countedLines: lines,
  lines,
  isWhole: true,
});

const sumOf = (shape: Shape): number => {
  let sum = 0;
  for (let i = 1; i < shape.length; i += 1) sum += shape[i] as number;
  return sum;
};

/** A binary heap, lowest priority first. */
const push = (heap: Counted[], line: Counted): void => {
  heap.push(line);
  for (let i = heap.length - 1; i > 0;) {
    const parent = (i - 1) >> 1;
    if ((heap[parent] as Counted).priority <= line.priority) break;
    heap[i] = heap[parent] as Counted;
    heap[parent] = line;
    i = parent;
  }
};

const pop = (heap: Counted[]): Counted => {
  const top = heap[0] as Counted;
  const last = heap.pop() as Counted;
  if (heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (
      child + 1 < heap.length &&
      (heap[child + 1] as Counted).priority < (heap[child] as Counted).priority
    )
      child += 1;
    if ((heap[child] as Counted).priority >= last.priority) break;
    heap[i] = heap[child] as Counted;
    i = child;
  }
  heap[i] = last;
  return top;
};
