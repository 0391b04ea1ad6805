import { describe, expect, it } from 'vitest';
import { censusOfRows, type ProviderBatchId } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  ending,
  key,
  type Scenario,
  startRun,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

describe('an ended batch', () => {
  const created = (): Scenario => {
    const run = startRun(makeConfig());
    accept(run, [10, 10]);
    toCreated(run, 'a');
    return run;
  };
  const poll = (run: Scenario, completed: number | null, outputFileId: string | null) =>
    attempt(run, {
      type: 'RecordPoll',
      asked: [key('a')],
      observations: [
        {
          batchKey: key('a'),
          providerBatchId: 'at-a' as ProviderBatchId,
          providerStatus: 'completed',
          isAccepted: true,
          progress: completed === null ? null : { total: 2, completed, failed: 0 },
          ending: ending({ outputFileId }),
        },
      ],
    }).events.map((event) => event.type);

  it.each([
    ['no counts', null],
    ['counts of nothing', 0],
  ])(
    'that is completed, and has %s and no file at all, is checked again before its rows are billed again',
    (_title, completed) => {
      expect(poll(created(), completed, null)).toEqual(['FaultRecorded']);
    },
  );

  it('whose files are late is given its hour, however long it could not be seen before', () => {
    const run = created();
    for (let i = 0; i < 30; i += 1) {
      send(run, { type: 'RecordPoll', asked: [key('a')], observations: [] });
      run.nowMs += 10_000_000;
    }
    expect(poll(run, 2, null)).toEqual(['FaultRecorded']);
  });

  it('whose files are short is given its readings, however often they could not be read before', () => {
    const run = created();
    poll(run, 2, 'o');
    for (let i = 0; i < 12; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: 'batch:a' as never,
        fault: 'transient',
        message: 'no',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    send(run, {
      type: 'RecordFiles',
      batchKey: key('a'),
      output: { object: 'o', bytes: 10 },
      error: null,
      census: censusOfRows(1),
    });
    expect(batchOf(run, 'a').files).toBeNull();
  });

  it('without counts, whose file holds too few lines, is read again', () => {
    const run = created();
    poll(run, null, 'o');
    send(run, {
      type: 'RecordFiles',
      batchKey: key('a'),
      output: { object: 'o', bytes: 10 },
      error: null,
      census: censusOfRows(1),
    });
    expect(batchOf(run, 'a').files).toBeNull();
  });
});
