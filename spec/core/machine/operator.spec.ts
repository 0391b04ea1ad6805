import { describe, expect, it } from 'vitest';
import { isFinished } from '../../../lib/core/internal.ts';
import { isCancelSent, isSubmitted, uncancelledBatches } from '../../../lib/core/machine/goals.ts';
import { isGranted } from '../../../lib/core/machine/granted.ts';
import { canProgress, standstillOf } from '../../../lib/core/machine/progress.ts';
import { emptySnapshot, isCreated } from '../../../lib/core/model/snapshot.ts';
import { faultOfConfig } from '../../../lib/core/model/config.ts';
import { acceptableRows } from '../../../lib/core/source/source.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';

describe('what an operator waits for', () => {
  const histories = recordHistories(60);

  it('is granted once the command for it was accepted', () => {
    const seen = new Set<string>();
    const law = breaches(histories, ({ command, after, rejection, events }) => {
      if (
        command.type !== 'PauseRun' &&
        command.type !== 'ResumeRun' &&
        command.type !== 'CancelRun' &&
        command.type !== 'ResolveBatch'
      )
        return null;
      if (rejection !== null || events.length === 0) return null;
      seen.add(command.type === 'ResolveBatch' ? command.resolution.type : command.type);
      return isGranted(after.snapshot, command) ? null : 'it was accepted, and is not granted';
    });
    expect(law).toEqual([]);
    expect([...seen]).toEqual(
      expect.arrayContaining(['PauseRun', 'ResumeRun', 'CancelRun', 'retry', 'results_lost']),
    );
  });

  it('is not reached while a create is under way, a row can be sent, or a cancel is left', () => {
    const counts = { submitted: 0, cancelSent: 0 };
    const law = breaches(histories, ({ after: { snapshot } }) => {
      if (!isCreated(snapshot)) return null;
      const isUnsent = snapshot.live.some(({ phase }) => phase === 'creating');
      if (isSubmitted(snapshot)) {
        counts.submitted += 1;
        if (isUnsent) return 'a create is under way';
        if (snapshot.control.state !== 'paused' && !snapshot.ingest.isComplete)
          return 'the input is not read';
      }
      if (isCancelSent(snapshot)) {
        counts.cancelSent += 1;
        if (isUnsent || snapshot.totals.pending > 0) return 'there is something to send';
        const left = uncancelledBatches(snapshot).filter(
          ({ held, batchKey }) =>
            held === null && !snapshot.faults.some(({ key }) => key.includes(batchKey)),
        );
        if (left.length > 0) return 'a batch was not asked to cancel';
      }
      return null;
    });
    expect(law).toEqual([]);
    expect(Math.min(counts.submitted, counts.cancelSent)).toBeGreaterThan(10);
  });

  it('hears of every run that cannot progress: a pause, held batches, or a missing source', () => {
    const seen = new Set<string>();
    const law = breaches(histories, ({ after: { snapshot }, command: { atMs } }) => {
      if (!isCreated(snapshot) || isFinished(snapshot)) return null;
      for (const hasSource of [true, false]) {
        if (canProgress(snapshot, hasSource, atMs)) continue;
        const still = standstillOf(snapshot);
        seen.add(still.type);
        if (still.type === 'source_missing' && (hasSource || snapshot.ingest.isComplete))
          return 'no source is missing';
        if (still.type === 'paused' && snapshot.control.state !== 'paused') return 'it runs';
        if ('held' in still && !still.held.every(({ held }) => held !== null))
          return 'a batch is not held';
      }
      return null;
    });
    expect(law).toEqual([]);
    expect([...seen]).toEqual(expect.arrayContaining(['paused', 'source_missing']));
  });
});

describe('rows that cannot be items', () => {
  it('stop a slice in front of the first of them, or are recorded with the others', () => {
    expect(acceptableRows({ badRows: 'fail' }, 5, [3, 1])).toBe(1);
    expect(acceptableRows({ badRows: 'fail' }, 5, [0])).toBe(0);
    expect(acceptableRows({ badRows: 'fail' }, 5, [])).toBe(5);
    expect(acceptableRows({ badRows: 'record' }, 5, [0, 1])).toBe(5);
  });
});

describe('the run before it is created', () => {
  it('has a whole config, of no provider', () => {
    expect(isCreated(emptySnapshot)).toBe(false);
    expect(faultOfConfig(emptySnapshot.config)).toBeNull();
  });
});
