import { describe, expect, it } from 'vitest';
import type { RefusedLine } from '../../../lib/core/model/batch.ts';
import { customIdsOf } from '../../../lib/core/values/custom-ids.ts';
import { withLinesOfIds } from '../../../lib/core/submit/refused-ids.ts';

const ids = customIdsOf({ customIds: { nonce: '0abc12yz', isStamped: true } });
const detail = { code: null, message: null, param: null, failureClass: null };
const said = (...lines: readonly number[]): readonly RefusedLine[] =>
  lines.map((line) => ({ line, ...detail }));
const named = (customId: string, line: number | null = null) => ({ customId, line, ...detail });
/** Rows 10 to 12 and 20: lines 1 to 4. */
const rows = [10, 13, 20, 21];
const linesOf = (
  lines: readonly number[],
  ...refused: readonly ReturnType<typeof named>[]
): readonly number[] => withLinesOfIds(said(...lines), refused, rows, ids).map(({ line }) => line);

describe('requests that are named by their ids', () => {
  it('stand at the lines where the batch has them', () => {
    expect(linesOf([], named(ids.of(20)), named(ids.of(11)))).toEqual([2, 4]);
  });

  it('are believed over the number beside them, and lines without an id stay', () => {
    expect(linesOf([1, 2], named(ids.of(12), 2))).toEqual([1, 3]);
    expect(linesOf([3], named(ids.of(12), 3))).toEqual([3]);
  });

  it('say nothing where the batch does not hold them', () => {
    expect(linesOf([2], named(ids.of(13), 2), named('r9abc12yz-11', 1), named('theirs'))).toEqual([
      2,
    ]);
  });
});
