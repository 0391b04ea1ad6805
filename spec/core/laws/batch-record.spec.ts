import { describe, expect, it } from 'vitest';
import {
  type BatchRecord,
  countOfIndexSet,
  type Event,
  assignmentError,
  faultOfRecord,
  gaveOutcome,
  indexesOf,
  recordAfter,
  recordsAfter,
  emptyUsage,
} from '../../../lib/core/internal.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';
import type { Row, Rows } from '../../support/core/row-table.ts';

const histories = recordHistories(80);

/** Every record at each step, folded step by step as a store does. */
const recordsOf = new Map(
  histories.map((history) => {
    const known = new Map<BatchRecord['batchKey'], BatchRecord>();
    return [
      history.seed,
      new Map(
        history.steps.map((step) => {
          for (const [key, record] of recordsAfter((batchKey) => known.get(batchKey), step.events))
            known.set(key, record);
          return [step, [...known.values()]];
        }),
      ),
    ];
  }),
);

const placeOf = (row: Row): number =>
  row.status === 'pending' || row.status === 'failed_retryable' ? 0 : row.batchNo;
const rowsOf = (rows: Rows, batchNo: number) => {
  const mine = rows.filter((row) => placeOf(row) === batchNo);
  const count = (...statuses: readonly string[]): number =>
    mine.filter((row) => statuses.includes(row.status)).length;
  return {
    completed: count('completed'),
    failed: count('failed_permanent'),
    open: count('queued_local', 'submitted'),
  };
};

describe('what is remembered of a batch', () => {
  it('agrees with the rows and the live batches after every step', () => {
    let compared = 0;
    const found = breaches(histories, (step, { seed }) => {
      const { snapshot, rows } = step.after;
      const records = recordsOf.get(seed)?.get(step) ?? [];
      if (records.length !== snapshot.batchCount)
        return `${records.length} records, ${snapshot.batchCount} batches`;
      for (const row of rows) {
        const fault = assignmentError(row.status, placeOf(row), row.sameAs !== null);
        if (fault !== null) return `row ${row.index}: ${fault}`;
      }
      for (const record of records) {
        compared += 1;
        const live = snapshot.live.find((batch) => batch.batchKey === record.batchKey);
        const fault = faultOfRecord(record, rowsOf(rows, record.batchNo), live !== undefined);
        if (fault !== null) return `batch ${record.batchNo}: ${fault}`;
        if (live === undefined) continue;
        const {
          batchNo,
          requests,
          inputFileId,
          providerBatchId,
          providerStatus,
          ending,
          files,
          phase,
        } = live;
        // A file that was uploaded anew has a number of its own, before its create is begun.
        const createAttempt =
          phase === 'planned' || phase === 'uploaded' ? record.createAttempt : live.createAttempt;
        const shown = {
          batchNo,
          requests,
          createAttempt,
          inputFileId,
          providerBatchId,
          providerStatus,
          ending,
          files,
        };
        const remembered = Object.fromEntries(
          Object.keys(shown).map((key) => [key, record[key as keyof typeof shown]]),
        );
        if (JSON.stringify(remembered) !== JSON.stringify(shown))
          return `${JSON.stringify(remembered)} is not ${JSON.stringify(shown)}`;
      }
      return null;
    });
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThan(5_000);
  });

  it('holds as many outcomes of each row as the row has attempts, after every step', () => {
    let compared = 0;
    const found = breaches(histories, (step, { seed }) => {
      const outcomes = new Map<number, number>();
      for (const record of recordsOf.get(seed)?.get(step) ?? []) {
        for (const index of indexesOf(record.indexes)) {
          const row = step.after.rows[index] as Row;
          if (gaveOutcome(record, { status: row.status, batchNo: placeOf(row) }))
            outcomes.set(index, (outcomes.get(index) ?? 0) + 1);
        }
      }
      for (const row of step.after.rows) {
        compared += 1;
        const given = outcomes.get(row.index) ?? 0;
        if (row.charged + row.uncharged !== given)
          return `row ${row.index}: ${row.charged} + ${row.uncharged} attempts, ${given} outcomes`;
      }
      return null;
    });
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThan(20_000);
  });

  it('is the same whether events are folded one by one or commit by commit', () => {
    for (const history of histories.slice(0, 20)) {
      const events = history.steps.flatMap((step) => step.events);
      for (const [key, record] of recordsAfter(() => undefined, events)) {
        const own = events.filter((event: Event) => 'batchKey' in event && event.batchKey === key);
        expect(own.reduce<BatchRecord | null>(recordAfter, null)).toEqual(record);
        expect(countOfIndexSet(record.indexes)).toBe(record.requests);
      }
    }
  });
});

describe('the laws of a batch find when', () => {
  const sound: BatchRecord = {
    batchNo: 1,
    batchKey: 'b' as BatchRecord['batchKey'],
    state: 'settled',
    indexes: [0, 4],
    requests: 4,
    inputTokens: 9,
    usage: emptyUsage,
    createAttempt: 1,
    inputFileId: 'f',
    providerBatchId: null,
    providerStatus: 'completed',
    ending: null,
    files: null,
    completedCount: 2,
    failedCount: 1,
    retriedCount: 1,
  };
  const rows = { completed: 2, failed: 1, open: 0 };
  it.each<[string, Partial<BatchRecord>, Partial<typeof rows>, boolean]>([
    ['a request is missing', { indexes: [0, 3] }, {}, false],
    ['an outcome is missing', { retriedCount: 0 }, {}, false],
    ['a row is completed that it does not count', {}, { completed: 3 }, false],
    ['a row failed that it does not count', {}, { failed: 2 }, false],
    ['a row is still open in it', {}, { open: 1 }, false],
    ['the run still has it', {}, {}, true],
    ['it was dropped with outcomes', { state: 'dropped' }, {}, false],
    [
      'it is live, and not all of its rows are accounted for',
      { state: 'live', retriedCount: 0 },
      {},
      true,
    ],
  ])('%s', (_name, change, counted, isLive) => {
    expect(faultOfRecord(sound, rows, false)).toBeNull();
    expect(faultOfRecord({ ...sound, ...change }, { ...rows, ...counted }, isLive)).not.toBeNull();
  });
});
