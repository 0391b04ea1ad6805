import { describe, expect, it } from 'vitest';
import type { ProviderBatchId } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  key,
  startRun,
  listedBatch,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

describe('an operator’s command', () => {
  it('that answers are lost is not taken of a batch with which nothing is wrong: its rows would be paid for twice', () => {
    const run = startRun(makeConfig());
    accept(run, [10, 10]);
    toCreated(run, 'a');
    const said = attempt(run, {
      type: 'ResolveBatch',
      batchKey: key('a'),
      resolution: { type: 'results_lost' },
    });
    expect(said.rejection?.type).toBe('nothing_to_change');
  });

  it('that a batch exists is not taken for one that is another of this run', () => {
    const run = startRun(makeConfig());
    accept(run, [10, 10], false);
    run.nowMs += 10_000_000;
    toCreated(run, 'a');
    accept(run, [10, 10]);
    toCreating(run, 'b');
    send(run, {
      type: 'RecordCreateUnclear',
      batchKey: key('b'),
      createAttempt: 1,
      message: 'lost',
    });
    const found = listedBatch('b', 0, {
      batchKey: null,
      inputFileId: null,
      providerBatchId: 'at-a' as ProviderBatchId,
    });
    const said = attempt(run, {
      type: 'ResolveBatch',
      batchKey: key('b'),
      resolution: { type: 'exists', found },
    });
    expect(said.rejection?.type).toBe('malformed_command');
  });
});
