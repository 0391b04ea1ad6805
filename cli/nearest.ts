/** The candidate that the text is most likely a slip of; null when none is near. */
export const nearest = (text: string, candidates: readonly string[]): string | null => {
  const ranked = candidates.map((name) => ({ name, edits: editsBetween(text, name) })).sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best !== undefined && best.edits <= Math.max(1, Math.floor(text.length / 3)) ? best.name : null;
};

/** Levenshtein's distance; neighbours swapped count as two. */
const editsBetween = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};
