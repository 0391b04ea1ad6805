import type { LineColumns } from './line-columns.ts';

/**
 * What stored files say, from their download until they are settled: a file is read once, unless
 * another process settles it.
 */
export interface LinesKept {
  /** `object`: the file's name in the payload plane, which no other reading has. */
  keep(object: string, lines: LineColumns): void;
  /** Null: the file is to be read. */
  of(object: string): LineColumns | null;
  forget(object: string): void;
}

/** 29 MB. What does not fit is read again from where it is stored. */
const linesMax = 400_000;

export const createLinesKept = (): LinesKept => {
  const kept = new Map<string, LineColumns>();
  let count = 0;
  const forget = (object: string): void => {
    count -= kept.get(object)?.count ?? 0;
    kept.delete(object);
  };
  return {
    keep(object, lines) {
      forget(object);
      kept.set(object, lines);
      count += lines.count;
      for (const oldest of kept.keys()) {
        if (count <= linesMax) return;
        forget(oldest);
      }
    },
    of: (object) => kept.get(object) ?? null,
    forget,
  };
};
