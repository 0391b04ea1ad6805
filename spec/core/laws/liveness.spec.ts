import { describe, expect, it } from 'vitest';
import { isFinished } from '../../../lib/core/internal.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';

/** First failures of every kind; then none, and a paused run is resumed. */
const histories = [...recordHistories(250), ...recordHistories(80, { inline: true })];
const dayMs = 86_400_000;

describe('once faults stop', () => {
  it('every run ends, in bounded time, whatever became of its creates', () => {
    const unfinished = histories.filter(
      (history) => history.stuck !== null || !isFinished(history.last.snapshot),
    );
    expect(unfinished.map(({ seed, stuck }) => `playHistory(${seed}): ${stuck}`)).toEqual([]);
    const slow = histories.filter(
      (history) => history.endMs - history.last.snapshot.createdAtMs > dayMs,
    );
    expect(slow.map(({ seed }) => `playHistory(${seed})`)).toEqual([]);
  });

  it('a cancelled run ends like any other', () => {
    const cancelled = histories.filter(
      (history) => history.last.snapshot.control.state === 'cancel_requested',
    );
    expect(cancelled.length).toBeGreaterThan(10);
    expect(
      cancelled
        .filter((history) => !isFinished(history.last.snapshot))
        .map(({ seed }) => `playHistory(${seed})`),
    ).toEqual([]);
  });
});

describe('where nothing ever goes wrong', () => {
  it('every row that fits a batch is completed at its first attempt', () => {
    const smooth = recordHistories(100, { turnsMax: 0 });
    expect(
      smooth
        .filter((history) => !isFinished(history.last.snapshot))
        .map(({ seed }) => `playHistory(${seed}, { turnsMax: 0 })`),
    ).toEqual([]);
    const rows = smooth.flatMap((history) => history.last.rows);
    expect(rows.length).toBeGreaterThan(300);
    expect(
      rows
        .filter((row) => row.status === 'completed')
        .every((row) => row.charged === (row.sameAs === null ? 1 : 0) && row.uncharged === 0),
    ).toBe(true);
    const failures = new Set(rows.flatMap((row) => row.failure ?? []));
    expect([...failures].sort()).toEqual(['invalid_row', 'request_too_large']);
  });
});

describe('the provider', () => {
  it('is never asked twice for one create, nor for rows that it is working on', () => {
    expect(
      histories.flatMap(({ seed, world }) =>
        world.crimes.map((crime) => `playHistory(${seed}): ${crime}`),
      ),
    ).toEqual([]);
  });

  it('is asked to create nothing while four creates are unconfirmed', () => {
    const law = (unconfirmed: number, types: readonly string[]): string | null =>
      unconfirmed >= 4 && types.includes('CreateBegun') ? `${unconfirmed} are unconfirmed` : null;
    expect(
      breaches(histories, ({ before, events }) =>
        law(
          before.snapshot.live.filter((batch) => batch.phase === 'indeterminate').length,
          events.map((event) => event.type),
        ),
      ),
    ).toEqual([]);
  });
});
