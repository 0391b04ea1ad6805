import { describe, expect, it } from 'vitest';
import {
  batchArrows,
  type BatchPhase,
  codeOfFailure,
  emptyTotals,
  failureOfCode,
  isBatchArrow,
  isItemArrow,
  isTerminalItem,
  itemArrows,
  type ItemStatus,
  sumOfTotals,
} from '../../../lib/core/internal.ts';
import { batchMoves } from '../../support/core/batch-moves.ts';
import type { State } from '../../support/core/commit.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';
import type { Row } from '../../support/core/row-table.ts';
import { unreachedBatchArrows, unreachedItemArrows } from '../../support/core/unreached.ts';

const histories = [
  ...recordHistories(250),
  ...recordHistories(60, { adopts: true }),
  ...recordHistories(120, { inline: true }),
];
const steps = histories.flatMap((history) => history.steps);

const countBy = (rows: readonly Row[]): Readonly<Record<ItemStatus, number>> => {
  const counts = { ...emptyTotals } as Record<ItemStatus, number>;
  for (const row of rows) counts[row.status] += 1;
  return counts;
};
const sumBy = (rows: readonly Row[], value: (row: Row) => number): number =>
  rows.reduce((sum, row) => sum + value(row), 0);
const differ = (what: string, actual: unknown, expected: unknown): string | null =>
  JSON.stringify(actual) === JSON.stringify(expected)
    ? null
    : `${what}: ${JSON.stringify(actual)}, but the rows say ${JSON.stringify(expected)}`;

describe('whatever is asked and answered, in whatever order', () => {
  it('decide and evolve throw nothing', () => {
    expect(steps.length).toBeGreaterThan(10_000);
    expect(breaches(histories, ({ thrown }) => thrown)).toEqual([]);
  });

  it('every accepted row is in exactly one of the statuses, and the totals count them', () => {
    const law = ({ snapshot, rows }: State): string | null =>
      differ('totals', snapshot.totals, countBy(rows)) ??
      differ('accepted', snapshot.ingest.itemCount, rows.length) ??
      differ('sum of totals', sumOfTotals(snapshot.totals), rows.length) ??
      differ(
        'bad rows',
        snapshot.ingest.badRowCount,
        rows.filter((row) => row.failure === 'invalid_row').length,
      );
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('failures are counted by class, the most frequent first, and each line named is one of that class', () => {
    const law = ({ snapshot, rows }: State): string | null => {
      const failed = rows.filter((row) => row.status === 'failed_permanent');
      const codes = [
        ...new Set(failed.map((row) => codeOfFailure(row.failure ?? 'malformed_result'))),
      ];
      const expected = codes
        .map((code) => ({
          code,
          count: failed.filter((row) => row.failure === failureOfCode(code)).length,
        }))
        .sort((a, b) => b.count - a.count || a.code - b.code);
      return differ(
        'failures',
        (snapshot.failures ?? []).map(({ code, count }) => ({ code, count })),
        expected,
      );
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
    const last = histories.flatMap(
      ({ steps: all }) => all[all.length - 1]?.after.snapshot.failures ?? [],
    );
    expect(last.some(({ line }) => line !== null)).toBe(true);
  });

  it('the backlog is the sum of the pending rows', () => {
    const law = ({ snapshot, rows }: State): string | null => {
      const pending = rows.filter((row) => row.status === 'pending');
      const { bytes, tokens } = snapshot.backlog;
      return differ(
        'backlog',
        { bytes, tokens },
        { bytes: sumBy(pending, (row) => row.bytes), tokens: sumBy(pending, (row) => row.tokens) },
      );
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('the backoff buckets count the rows that wait, by due time, soonest first', () => {
    const law = ({ snapshot, rows }: State): string | null => {
      const waiting = rows.filter((row) => row.status === 'failed_retryable');
      const dueTimes = [...new Set(waiting.map((row) => row.dueAtMs))].sort((a, b) => a - b);
      const expected = dueTimes.map((dueAtMs) => ({
        dueAtMs,
        count: waiting.filter((row) => row.dueAtMs === dueAtMs).length,
      }));
      return differ('backoff', snapshot.backoff, expected);
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('an item is in at most one live batch, and a live batch holds the rows that it says', () => {
    const law = ({ snapshot, rows }: State): string | null => {
      const held = rows.filter(
        (row) => row.status === 'queued_local' || row.status === 'submitted',
      );
      const byBatch = (batchNo: number, status: ItemStatus): number =>
        held.filter((row) => row.batchNo === batchNo && row.status === status).length;
      const expected = snapshot.live.map(({ batchNo, phase, requests, settledRows }) => {
        const isThere = phase === 'created' || phase === 'ended';
        return {
          batchNo,
          queued: isThere ? 0 : requests,
          submitted: isThere ? requests - settledRows : 0,
        };
      });
      const actual = snapshot.live.map(({ batchNo }) => ({
        batchNo,
        queued: byBatch(batchNo, 'queued_local'),
        submitted: byBatch(batchNo, 'submitted'),
      }));
      const homeless = held.filter(
        (row) => !snapshot.live.some((batch) => batch.batchNo === row.batchNo),
      );
      return (
        differ('live batches', expected, actual) ?? differ('rows of no live batch', [], homeless)
      );
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('terminal rows stay as they are', () => {
    expect(steps.some((step) => step.after.rows.some((row) => isTerminalItem(row.status)))).toBe(
      true,
    );
    const law = (before: State, after: State): string | null => {
      const changed = before.rows.filter(
        (row) => isTerminalItem(row.status) && after.rows[row.index] !== row,
      );
      return changed.length === 0 ? null : JSON.stringify(changed);
    };
    expect(breaches(histories, ({ before, after }) => law(before, after))).toEqual([]);
  });

  it('terminal rows have the result sequences 1, 2, 3, … without gaps', () => {
    const law = ({ snapshot, rows }: State): string | null => {
      const sequences = rows.filter((row) => isTerminalItem(row.status)).map((row) => row.sequence);
      const expected = Array.from({ length: snapshot.resultSequence }, (_, i) => i + 1);
      return differ(
        'sequences',
        expected,
        sequences.sort((a, b) => a - b),
      );
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('a row ends with the row that was sent for it, as that one did, and no later than everything else', () => {
    expect(
      steps.some((step) =>
        step.after.rows.some((row) => row.sameAs !== null && row.status === 'completed'),
      ),
    ).toBe(true);
    expect(
      steps.some((step) =>
        step.after.rows.some((row) => row.sameAs !== null && row.status === 'failed_permanent'),
      ),
    ).toBe(true);
    const law = ({ snapshot, rows }: State): string | null => {
      const followers = rows.filter((row) => row.sameAs !== null);
      const { sharing } = snapshot;
      const known = followers.find((row) => {
        const sent = rows[row.sameAs as number] as Row;
        if (sent.sameAs !== null || row.batchNo !== 0 || row.charged + row.uncharged !== 0)
          return true;
        if (row.status !== 'shared')
          return (
            row.status !== sent.status ||
            row.failure !== sent.failure ||
            row.sequence <= sent.sequence
          );
        // Every row that could have ended, by what is known, has.
        return (
          sent.sequence > 0 &&
          sent.sequence <= sharing.until.sequence &&
          row.index < sharing.until.index
        );
      });
      return known === undefined
        ? differ('shared rows', sharing.rows, followers.length)
        : JSON.stringify(known);
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('a finished run has no open row, no live batch, and says whether any row failed', () => {
    expect(steps.some((step) => step.after.snapshot.status === 'completed')).toBe(true);
    const law = ({ snapshot, rows }: State): string | null => {
      if (snapshot.status === 'running') return null;
      const open = rows.filter((row) => !isTerminalItem(row.status));
      const isWhole = snapshot.ingest.isComplete || snapshot.control.state === 'cancel_requested';
      if (open.length > 0 || snapshot.live.length > 0 || !isWhole) return 'it is not over';
      return (snapshot.status === 'completed') === rows.every((row) => row.status === 'completed')
        ? null
        : snapshot.status;
    };
    expect(breaches(histories, ({ after }) => law(after))).toEqual([]);
  });

  it('nothing leaves `cancel_requested`, and only a running run is paused', () => {
    const law = (before: State, after: State, types: readonly string[]): string | null => {
      const [from, to] = [before.snapshot.control.state, after.snapshot.control.state];
      if (from === 'cancel_requested' && to !== from) return `${from} > ${to}`;
      return types.filter((type) => type === 'RunPaused').length > (from === 'running' ? 1 : 0)
        ? `paused while ${from}`
        : null;
    };
    expect(
      breaches(histories, ({ before, after, events }) =>
        law(
          before,
          after,
          events.map((event) => event.type),
        ),
      ),
    ).toEqual([]);
  });
});

describe('the tables of states', () => {
  const name = (from: ItemStatus | BatchPhase | null, to: ItemStatus | BatchPhase): string =>
    `${from ?? ''}>${to}`;

  it('hold every move of every item', () => {
    const duplicates = steps
      .flatMap((step) => step.moves)
      .filter(({ from, to }) => !isItemArrow(from, to));
    expect(duplicates).toEqual([]);
  });

  it('hold every move of every batch', () => {
    expect(
      breaches(
        histories,
        (step) =>
          batchMoves(step).find(({ from, to }) => !isBatchArrow(from, to))?.batchKey ?? null,
      ),
    ).toEqual([]);
  });

  it('hold no item arrow that never happens', () => {
    const seen = new Set(steps.flatMap((step) => step.moves).map(({ from, to }) => name(from, to)));
    expect(
      itemArrows.map(({ from, to }) => name(from, to)).filter((arrow) => !seen.has(arrow)),
    ).toEqual(unreachedItemArrows);
  });

  it('hold no batch arrow that never happens', () => {
    const seen = new Set(steps.flatMap(batchMoves).map(({ from, to }) => name(from, to)));
    expect(
      batchArrows.map(({ from, to }) => name(from, to)).filter((arrow) => !seen.has(arrow)),
    ).toEqual(unreachedBatchArrows);
  });
});
