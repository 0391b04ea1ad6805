import { describe, expect, it } from 'vitest';
import {
  openaiTraits,
  type ProviderBatchId,
  type ServiceTraits,
} from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  batchOf,
  dueTypes,
  key,
  plan,
  type Scenario,
  send,
  startRun,
  statuses,
  toCreated,
} from '../../support/core/scenario.ts';

const at = (traits: Partial<ServiceTraits>, requestsMax = 1): Scenario =>
  startRun({
    ...makeConfig({ chunk: { requestsMax } }),
    traits: { ...openaiTraits, ...traits },
  });
const hourMs = 3_600_000;
const poll = (run: Scenario): void => {
  const observation = {
    batchKey: key('a'),
    providerBatchId: 'at-a' as ProviderBatchId,
    providerStatus: 'in_progress',
    isAccepted: true,
    progress: null,
    ending: null,
  };
  send(run, { type: 'RecordPoll', asked: [key('a')], observations: [observation] });
};

describe('a run at a service', () => {
  it('that cannot cancel asks for no cancel, and waits for its batches', () => {
    const run = at({ cancel: false });
    accept(run, [10]);
    toCreated(run, 'a');
    send(run, { type: 'CancelRun' });
    expect(dueTypes(run)).not.toContain('CancelBatch');
    expect(batchOf(run, 'a').phase).toBe('created');
    const other = at({});
    accept(other, [10]);
    toCreated(other, 'a');
    send(other, { type: 'CancelRun' });
    expect(dueTypes(other)).toContain('CancelBatch');
  });

  it('that takes one batch at a time gets no second create beside it', () => {
    const run = at({ liveBatchesMax: 1 });
    accept(run, [10, 10]);
    toCreated(run, 'a');
    plan(run, 'b');
    send(run, {
      type: 'RecordUpload',
      batchKey: key('b'),
      createAttempt: 1,
      inputFileId: 'file-b',
      expiresAtMs: null,
    });
    expect(dueTypes(run)).not.toContain('BeginCreate');
  });

  it('that limits a request line fails a row whose line is longer, and no other', () => {
    const run = at({ lineBytesMax: 15 }, 10);
    accept(run, [10, 16, 15]);
    plan(run, 'a');
    expect(statuses(run)).toEqual([
      'queued_local',
      'failed_permanent: request_too_large',
      'queued_local',
    ]);
  });

  it('that counts at the end is not called overdue for hours without news; one that counts is', () => {
    const overdue = (counts: ServiceTraits['counts']): string | null => {
      const run = at({ counts });
      accept(run, [10]);
      toCreated(run, 'a');
      poll(run);
      run.nowMs += 8 * hourMs;
      poll(run);
      return batchOf(run, 'a').overdue?.reason ?? null;
    };
    expect(overdue('at_end')).toBeNull();
    expect(overdue('live')).toBe('unchanged');
  });
});
