import type { Column } from '../model/command.ts';
import type { Event, FailedRows } from '../model/event.ts';
import { codeOfFailure } from '../values/failure.ts';
import type { FailureTally, LineSpan } from '../values/judged.ts';

/**
 * The failures of a run by class, the most frequent first; null: not known, because an earlier
 * release began the run. O(rows of the event).
 */
export const failuresAfter = (
  known: readonly FailureTally[] | null,
  event: Event,
): readonly FailureTally[] | null => {
  if (known === null) return null;
  switch (event.type) {
    case 'ItemsAccepted':
      return added(known, codeOfFailure('invalid_row'), event.slice.badOffsets.length, null);
    case 'PendingFailed':
    case 'LinesDropped':
      return added(known, event.code, event.indexes.length, null);
    case 'SharedFailed':
      return addedAll(known, event.codes, () => null);
    case 'ItemsSettled':
      return addedAll(known, event.failed.codes, (at) => spanOf(event, event.failed, at));
    default:
      return known;
  }
};

const spanOf = (
  {
    outputObject,
    errorObject,
  }: { readonly outputObject: string | null; readonly errorObject: string | null },
  { parts, offsets, lengths }: FailedRows,
  at: number,
): LineSpan | null => {
  const object = parts[at] === 1 ? outputObject : parts[at] === 2 ? errorObject : null;
  return object === null
    ? null
    : { object, offset: offsets[at] as number, length: lengths[at] as number };
};

const addedAll = (
  known: readonly FailureTally[],
  codes: Column,
  lineAt: (at: number) => LineSpan | null,
): readonly FailureTally[] => {
  const found = new Map<number, { count: number; line: LineSpan | null }>();
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] as number;
    const tally = found.get(code);
    if (tally === undefined) found.set(code, { count: 1, line: lineAt(at) });
    else {
      tally.count += 1;
      tally.line ??= lineAt(at);
    }
  }
  return [...found].reduce((all, [code, { count, line }]) => added(all, code, count, line), known);
};

const added = (
  known: readonly FailureTally[],
  code: number,
  count: number,
  line: LineSpan | null,
): readonly FailureTally[] => {
  if (count === 0) return known;
  const before = known.find((tally) => tally.code === code);
  const now = { code, count: (before?.count ?? 0) + count, line: before?.line ?? line };
  return [...known.filter((tally) => tally.code !== code), now].sort(
    (a, b) => b.count - a.count || a.code - b.code,
  );
};
