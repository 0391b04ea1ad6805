import { describe, expect, it } from 'vitest';
import {
  censusOfRows,
  effectsDue,
  type FileCensus,
  type FilesCensus,
  nextDueMs,
} from '../../../lib/core/internal.ts';
import { faultOfFiles } from '../../../lib/core/poll/files-fault.ts';
import {
  accept,
  attempt,
  batchOf,
  endBatch,
  ending,
  key,
  type Scenario,
  settleRest,
  settleSuccesses,
  startRun,
  statuses,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

const rows = 40;
const ended = (how: Parameters<typeof ending>[0] = { outputFileId: 'o' }): Scenario => {
  const run = startRun();
  accept(
    run,
    Array.from({ length: rows }, () => 10),
  );
  toCreated(run, 'a');
  endBatch(run, 'a', ending(how));
  return run;
};
const file = (found: Partial<FileCensus>): FileCensus => ({
  fileId: 'o',
  lines: rows,
  malformed: 0,
  unknown: 0,
  isCut: false,
  begins: '{"id"',
  ...found,
});
const census = (answered: number, output: Partial<FileCensus>): FilesCensus => ({
  ...censusOfRows(answered),
  output: file(output),
});
const page = census(0, { lines: 3, malformed: 3, begins: '<!DOCTYPE html>' });
const files = (found: FilesCensus, object = 'raw/a/output-e1-1.jsonl') =>
  ({
    type: 'RecordFiles',
    batchKey: key('a'),
    output: found.output === null ? null : { object, bytes: 100 },
    error: found.error === null ? null : { object: 'error', bytes: 10 },
    census: found,
  }) as const;
const read = (run: Scenario, found: FilesCensus): readonly string[] =>
  attempt(run, files(found)).events.map(({ type }) => type);
/** Read as often as files are read; answers how often that was. */
const readToTheEnd = (run: Scenario, found: FilesCensus): number => {
  for (let reads = 1; ; reads += 1) {
    if (!read(run, found).includes('FaultRecorded')) return reads;
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
  }
};
const submitted = Array.from({ length: rows }, () => 'submitted');

describe('files of a batch', () => {
  it.each([
    ['a page of a proxy', page],
    ['lines in another encoding', census(0, { malformed: rows, begins: '..{.".i.d.' })],
    ['the answers of another run', census(0, { unknown: rows })],
    ['nothing', census(0, { lines: 0 })],
    ['most lines spoilt', census(19, { malformed: 21 })],
  ] as const)(
    'that hold %s are read again, and then asked about: nothing is bought again, nothing is settled',
    (_title, found) => {
      const run = ended();
      expect(readToTheEnd(run, found)).toBe(9);
      const { control } = run.state.snapshot;
      expect(control).toMatchObject({ state: 'paused', reason: 'results_unreadable' });
      expect(control.message).toContain(
        `answer ${found.rows} of its rows, and 40 answers were promised: output file o has ${found.output?.lines} lines`,
      );
      expect(batchOf(run, 'a')).toMatchObject({
        held: control.message,
        files: null,
        unreadable: { output: { object: 'raw/a/output-e1-1.jsonl' } },
      });
      expect(effectsDue(run.state.snapshot, Infinity)).toEqual([]);
      expect(statuses(run)).toEqual(submitted);
    },
  );

  it('are reported with their first bytes', () => {
    expect(faultOfFiles(batchOf(ended(), 'a'), page)?.message).toContain(
      'of which 3 are no answers; it begins "<!DOCTYPE html>"',
    );
  });

  it.each([
    ['one line of a hundred is spoilt', census(39, { lines: 100, malformed: 1 }), ['FilesStored']],
    [
      'every row is answered, whatever else is there',
      census(rows, { lines: 90, malformed: 50 }),
      ['FilesStored'],
    ],
    [
      'more lines than that are spoilt',
      census(38, { lines: rows, malformed: 2 }),
      ['FaultRecorded'],
    ],
    ['a row lacks its line', census(39, { lines: 39 }), ['FaultRecorded']],
    [
      'the last line is cut',
      census(39, { lines: rows, malformed: 1, isCut: true }),
      ['FaultRecorded'],
    ],
  ] as const)('where %s', (_title, found, events) => {
    expect(read(ended(), found)).toEqual(events);
  });

  it('with few bad lines, however often they are read, are settled as they are', () => {
    const run = ended();
    expect(readToTheEnd(run, census(30, { malformed: 10 }))).toBe(9);
    expect(run.state.snapshot.control.state).toBe('running');
    expect(batchOf(run, 'a').files?.output).toEqual({
      object: 'raw/a/output-e1-1.jsonl',
      bytes: 100,
    });
  });

  it('of a batch that expired without counts are no reason to buy again either', () => {
    const run = ended({ type: 'expired', outputFileId: 'o' });
    expect(readToTheEnd(run, page)).toBe(9);
    expect(run.state.snapshot.control.reason).toBe('results_unreadable');
  });

  it('that are whole by the next reading are settled, and nothing is remembered against them', () => {
    const run = ended();
    expect(read(run, page)).toEqual(['FaultRecorded']);
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    expect(read(run, census(rows, {}))).toEqual(['FilesStored']);
    expect(run.state.snapshot.faults).toEqual([]);
  });
});

describe('one file that is gone', () => {
  const gone = (part: 'output' | 'error', answered: number): FilesCensus => ({
    ...censusOfRows(answered),
    output: part === 'output' ? null : file({ lines: answered }),
    error: part === 'error' ? null : file({ fileId: 'e', lines: answered }),
    gone: { part, message: `the ${part} file is gone: no such file` },
  });

  it.each([39, 12])(
    'the error file: what the output file answers (%i rows) is settled, and the rest goes by its failure class',
    (answered) => {
      const run = ended({ outputFileId: 'o', errorFileId: 'e' });
      reportCounts(run, answered);
      expect(read(run, gone('error', answered))).toEqual(['FaultRecorded']);
      expect(run.state.snapshot.faults[0]?.message).toContain(
        'the error file is gone: no such file',
      );
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
      readToTheEnd(run, gone('error', answered));
      expect(run.state.snapshot.control.state).toBe('running');
      const indexes = Array.from({ length: answered }, (_, i) => i);
      settleSuccesses(run, 'a', indexes);
      settleRest(run, 'a');
      expect(statuses(run).filter((status) => status === 'completed')).toHaveLength(answered);
    },
  );

  it('the output file: its answers were paid for, and are asked about', () => {
    const run = ended({ outputFileId: 'o', errorFileId: 'e' });
    reportCounts(run, 4);
    readToTheEnd(run, gone('output', 36));
    expect(run.state.snapshot.control.reason).toBe('results_unreadable');
    expect(batchOf(run, 'a').unreadable).toMatchObject({
      output: null,
      error: { object: 'error' },
    });
  });

  /** So many were answered, the others failed. */
  const reportCounts = (run: Scenario, completed: number): void => {
    const { live, ...rest } = run.state.snapshot;
    const progress = { total: rows, completed, failed: rows - completed };
    run.state = {
      ...run.state,
      snapshot: { ...rest, live: live.map((batch) => ({ ...batch, progress })) },
    };
  };
});

describe('a batch whose answers cannot be read', () => {
  const held = (): Scenario => {
    const run = ended();
    readToTheEnd(run, census(10, { malformed: 30 }));
    expect(batchOf(run, 'a').held).not.toBeNull();
    return run;
  };
  const resolve = (run: Scenario, type: 'read_again' | 'results_lost' | 'retry') =>
    attempt(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type } });

  it.each(['read_again', 'retry'] as const)(
    'is read again where the operator says so (%s), as often as at first',
    (type) => {
      const run = held();
      resolve(run, type);
      expect(run.state.snapshot.control.state).toBe('running');
      expect(batchOf(run, 'a')).toMatchObject({ held: null, unreadable: null, files: null });
      expect(effectsDue(run.state.snapshot, run.nowMs).map((effect) => effect.type)).toContain(
        'StoreFiles',
      );
      expect(readToTheEnd(run, page)).toBe(9);
      resolve(run, type);
      expect(read(run, census(rows, {}))).toEqual(['FilesStored']);
    },
  );

  it('is read again by a resume, too', () => {
    const run = held();
    send(run, { type: 'ResumeRun' });
    expect(batchOf(run, 'a')).toMatchObject({ held: null, unreadable: null });
    expect(effectsDue(run.state.snapshot, run.nowMs).map((effect) => effect.type)).toContain(
      'StoreFiles',
    );
  });

  it('is given up by the operator alone: what the copy does answer is kept, and only the other rows go again', () => {
    const run = held();
    resolve(run, 'results_lost');
    expect(batchOf(run, 'a')).toMatchObject({
      held: null,
      unreadable: null,
      files: { output: { object: 'raw/a/output-e1-1.jsonl' } },
      position: { part: 'output', offset: 0 },
    });
    settleSuccesses(run, 'a', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    settleRest(run, 'a');
    expect(run.state.snapshot.control.state).toBe('running');
    expect(run.state.snapshot.totals).toMatchObject({ completed: 10, failed_retryable: 30 });
  });

  it('cannot be read again once its files are accepted, nor before it has ended, nor where nothing went wrong', () => {
    const run = ended();
    expect(resolve(run, 'read_again').rejection).toMatchObject({ type: 'nothing_to_change' });
    read(run, census(rows, {}));
    expect(resolve(run, 'read_again').rejection).toMatchObject({
      type: 'wrong_phase',
      phase: 'ended',
    });
  });

  it('holds a cancel, which does not confirm that its answers are lost', () => {
    const run = ended();
    send(run, { type: 'CancelRun' });
    readToTheEnd(run, page);
    expect(run.state.snapshot.control).toMatchObject({
      state: 'cancel_requested',
      reason: 'results_unreadable',
    });
    expect(batchOf(run, 'a').held).not.toBeNull();
  });
});

describe('a batch of a few rows', () => {
  const few = (found: Partial<FilesCensus>): boolean | undefined =>
    faultOfFiles(
      { ...batchOf(ended(), 'a'), requests: 2 },
      { ...census(0, { lines: 2, malformed: 2 }), ...found },
    )?.isWhole;

  it('is asked about where nothing of it came, and not where the provider spoilt its very lines', () => {
    expect(few({})).toBe(true);
    expect(few({ spoilt: 2 })).toBe(false);
    expect(few({ spoilt: 1 })).toBe(true);
    expect(few({ rows: 1, spoilt: 0 })).toBe(false);
  });
});
