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
export const createTokenSample = ({ count, linesMax, seed }: TokenSampleOptions): TokenSample => {
  const kept: Counted[] = [];
  const sums = new Float64Array(shapeKinds.length);
  let lines = 0;
  let threshold = 0;
  let wholeTokens = 0;
  let fit: Shape | null = null;
  let entries = 0;
  let fittedEntries = 0;

  const probabilityOf = ({ size }: Counted): number =>
    threshold === 0 ? 1 : Math.min(1, size / threshold);
  const fitNow = (): Shape => {
    fittedEntries = entries;
    const points = kept.map((line) => ({
      shape: line.shape,
      tokens: line.tokens,
      weight: 1 / (probabilityOf(line) * line.size),
    }));
    if (kept.length >= linesPerKind * shapeKinds.length)
      return fitTokens(points, shapeKinds.length);
    const [tokens, characters] = points.reduce(
      ([a, b], { tokens: each, shape, weight }) => [a + weight * each, b + weight * sumOf(shape)],
      [0, 0],
    );
    return new Float64Array(shapeKinds.length).fill(characters === 0 ? 0 : tokens / characters);
  };

  return {
    add(line) {
      const { bytes, shape } = shapeOf(line);
      for (let i = 0; i < sums.length; i += 1) sums[i] = (sums[i] as number) + (shape[i] as number);
      const size = bytes + sizeFloor;
      // Never 0: a line of probability 0 would be kept forever.
      const priority = size / (hashToUnit(`${seed}~${lines}`) + 2 ** -33);
      lines += 1;
      if (linesMax === Infinity) {
        const tokens = count(line);
        wholeTokens += tokens;
        return { bytes, tokens };
      }
      if (priority <= threshold) {
        // The fit improves as the sample is replaced.
        if (fit === null || entries >= fittedEntries * 1.1) fit = fitNow();
        return { bytes, tokens: Math.max(1, Math.round(dot(fit, shape))) || estimateTokens(bytes) };
      }
      const tokens = count(line);
      entries += 1;
      push(kept, { priority, size, shape, tokens });
      if (kept.length > linesMax) threshold = Math.max(threshold, pop(kept).priority);
      return { bytes, tokens };
    },
    total() {
      if (linesMax === Infinity)
        return {
          tokens: wholeTokens,
          min: wholeTokens,
          max: wholeTokens,
          countedLines: lines,
          lines,
          isWhole: true,
        };
      if (kept.length === lines) {
        const tokens = kept.reduce((sum, line) => sum + line.tokens, 0);
        return { tokens, min: tokens, max: tokens, countedLines: lines, lines, isWhole: true };
      }
      const model = fitNow();
      let residual = 0;
      let variance = 0;
      let known = 0;
      for (const line of kept) {
        const probability = probabilityOf(line);
        const error = line.tokens - dot(model, line.shape);
        residual += error / probability;
        variance += ((1 - probability) / (probability * probability)) * error * error;
        known += line.tokens;
      }
      // A fit is closer to the lines that it was made from than to others.
      const freedom = kept.length / Math.max(1, kept.length - shapeKinds.length);
      const tokens = Math.max(known, Math.round(dot(model, sums) + residual));
      const margin = Math.ceil(deviations * Math.sqrt(variance * freedom)) + 1;
      return {
        tokens,
        min: Math.max(known, tokens - margin),
        max: tokens + margin,
        countedLines: kept.length,
        lines,
        isWhole: false,
      };
    },
  };
};

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
