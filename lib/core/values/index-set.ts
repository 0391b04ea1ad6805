/**
 * A set of item indexes as ascending, disjoint half-open ranges, flattened: `[from, to, from, to,
 * …]`. A full batch of fresh rows is two numbers; a batch of scattered retries is two per run of
 * neighbours.
 */
export type IndexSet = ArrayLike<number>;

/** Ascending indexes to ranges. O(n). */
export const indexSetOf = (ascending: ArrayLike<number>): readonly number[] => {
  const ranges: number[] = [];
  for (let i = 0; i < ascending.length; i += 1) {
    const index = ascending[i] as number;
    if (ranges.length > 0 && ranges[ranges.length - 1] === index)
      ranges[ranges.length - 1] = index + 1;
    else ranges.push(index, index + 1);
  }
  return ranges;
};

/** How many indexes the set holds. O(ranges). */
export const countOfIndexSet = (set: IndexSet): number => {
  let count = 0;
  for (let i = 0; i + 1 < set.length; i += 2) count += (set[i + 1] as number) - (set[i] as number);
  return count;
};

/** The indexes in ascending order. */
export function* indexesOf(set: IndexSet): Generator<number> {
  for (let i = 0; i + 1 < set.length; i += 2) {
    for (let index = set[i] as number; index < (set[i + 1] as number); index += 1) yield index;
  }
}

/** How many indexes of the set are before this one; -1 when the set does not hold it. O(ranges). */
export const rankInIndexSet = (set: IndexSet, index: number): number => {
  let before = 0;
  for (let i = 0; i + 1 < set.length; i += 2) {
    const [from, to] = [set[i] as number, set[i + 1] as number];
    if (index < from) return -1;
    if (index < to) return before + index - from;
    before += to - from;
  }
  return -1;
};
