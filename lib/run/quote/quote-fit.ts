import { dot, type Shape } from './quote-shape.ts';

/** A counted text and its weight in the fit. */
export interface FitPoint {
  readonly shape: Shape;
  readonly tokens: number;
  readonly weight: number;
}

/**
 * Ridge term, relative to a kind's own sum. Kinds that never occur, or only together, then share
 * what is known of them.
 */
const ridge = 1e-6;

/** Tokens per character of each kind, by weighted least squares. */
export const fitTokens = (points: readonly FitPoint[], kindCount: number): Shape => {
  const rows = Array.from({ length: kindCount }, () => new Float64Array(kindCount + 1));
  for (const { shape, tokens, weight } of points) {
    for (let i = 0; i < kindCount; i += 1) {
      const row = rows[i] as Float64Array;
      const scaled = weight * (shape[i] as number);
      if (scaled === 0) continue;
      for (let j = 0; j < kindCount; j += 1)
        row[j] = (row[j] as number) + scaled * (shape[j] as number);
      row[kindCount] = (row[kindCount] as number) + scaled * tokens;
    }
  }
  rows.forEach((row, i) => (row[i] = (row[i] as number) * (1 + ridge) + Number.EPSILON));
  return solve(rows, kindCount);
};

/** Gaussian elimination with partial pivoting. */
const solve = (rows: Float64Array[], size: number): Shape => {
  for (let column = 0; column < size; column += 1) {
    let best = column;
    for (let i = column + 1; i < size; i += 1)
      if (Math.abs(at(rows, i, column)) > Math.abs(at(rows, best, column))) best = i;
    [rows[column], rows[best]] = [rows[best] as Float64Array, rows[column] as Float64Array];
    const pivot = at(rows, column, column);
    if (pivot === 0) continue;
    for (let i = column + 1; i < size; i += 1) {
      const factor = at(rows, i, column) / pivot;
      if (factor === 0) continue;
      const row = rows[i] as Float64Array;
      for (let j = column; j <= size; j += 1)
        row[j] = (row[j] as number) - factor * at(rows, column, j);
    }
  }
  const solution = new Float64Array(size);
  for (let i = size - 1; i >= 0; i -= 1) {
    const pivot = at(rows, i, i);
    // Unsolved variables are still zero in the solution.
    solution[i] =
      pivot === 0
        ? 0
        : (at(rows, i, size) - dot((rows[i] as Float64Array).subarray(0, size), solution)) / pivot;
  }
  return solution;
};

const at = (rows: readonly Float64Array[], i: number, j: number): number => rows[i]?.[j] ?? 0;
