import { describe, expect, it } from 'vitest';
import { nextDueMs } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  batchOf,
  dueTypes,
  key,
  plan,
  type Scenario,
  startRun,
  send,
} from '../../support/core/scenario.ts';

describe('a create whose input file is gone', () => {
  const refuse = (
    run: Scenario,
    type: 'input_missing' | 'input_pending' | 'refused',
    message: string,
  ): void => {
    const { createAttempt } = batchOf(run, 'a');
    send(run, {
      type: 'RecordCreateRefused',
      batchKey: key('a'),
      createAttempt,
      refusal: {
        type,
        message,
        retryAfterMs: null,
        statedTokensMax: null,
        statedRequestsMax: null,
      },
    });
  };
  const upload = (run: Scenario): void => {
    const createAttempt = batchOf(run, 'a').createAttempt + 1;
    const inputFileId = `file-${createAttempt}`;
    send(run, {
      type: 'RecordUpload',
      batchKey: key('a'),
      createAttempt,
      inputFileId,
      expiresAtMs: null,
    });
    send(run, { type: 'BeginCreate', batchKey: key('a') });
  };
  const fresh = (): Scenario => {
    const run = startRun(makeConfig({ deletesInputFiles: true }));
    accept(run, [10]);
    plan(run, 'a');
    upload(run);
    return run;
  };

  it('uploads it again, at once, as the next attempt, and is held after a few', () => {
    const run = fresh();
    for (let attempts = 1; attempts <= 3; attempts += 1) {
      run.nowMs += 120_000;
      refuse(run, 'input_missing', 'No such File object');
      expect(batchOf(run, 'a')).toMatchObject({
        phase: 'planned',
        inputFileId: null,
        createAttempt: attempts,
        held: null,
      });
      expect(dueTypes(run)).toEqual(['UploadBatch']);
      upload(run);
    }
    run.nowMs += 120_000;
    refuse(run, 'input_missing', 'No such File object');
    expect(batchOf(run, 'a').held).toMatch(/^4 creates of batch a .*No such File object.*--retry/u);
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'provider_refused',
    });
    send(run, { type: 'ResumeRun' });
    expect(batchOf(run, 'a').replans).toBe(0);
    expect(dueTypes(run)).toEqual(['UploadBatch']);
  });

  /**
   * Created again when it is due, until something else follows; answers how long that took, and how
   * often it was tried.
   */
  const tried = (
    run: Scenario,
    type: 'input_missing' | 'input_pending',
  ): { readonly ms: number; readonly tries: number } => {
    const begunMs = run.nowMs;
    for (let tries = 1; ; tries += 1) {
      refuse(run, type, 'not yet');
      if (batchOf(run, 'a').phase !== 'uploaded' || batchOf(run, 'a').held !== null)
        return { ms: run.nowMs - begunMs, tries };
      expect(batchOf(run, 'a').inputFileId).toBe('file-1');
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
      send(run, { type: 'BeginCreate', batchKey: key('a') });
    }
  };

  it('is waited for, some minutes after its upload: files appear late', () => {
    const run = fresh();
    const { ms, tries } = tried(run, 'input_missing');
    expect(ms).toBeGreaterThanOrEqual(120_000);
    expect(ms).toBeLessThan(600_000);
    expect(tries).toBeLessThan(12);
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'planned', inputFileId: null });
  });

  it('or is there and not processed yet, is tried again with the same file for half an hour; then the batch is held', () => {
    const run = fresh();
    const { ms, tries } = tried(run, 'input_pending');
    expect(ms).toBeGreaterThan(1_800_000);
    expect(ms).toBeLessThan(3 * 3_600_000);
    expect(tries).toBeLessThan(20);
    expect(batchOf(run, 'a')).toMatchObject({
      phase: 'uploaded',
      held: 'not yet',
      inputFileId: 'file-1',
    });
    expect(run.state.snapshot.control.reason).toBe('provider_refused');
  });

  it.each([
    [
      'resolve --retry',
      { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'retry' } },
    ],
    ['resume', { type: 'ResumeRun' }],
  ] as const)(
    'or that is refused for any other reason until it is held is uploaded again by `%s`',
    (_title, command) => {
      const run = fresh();
      for (let refusals = 1; refusals <= 4; refusals += 1) {
        if (refusals > 1) send(run, { type: 'BeginCreate', batchKey: key('a') });
        refuse(run, 'refused', 'the service says no');
        run.nowMs += 10_000_000;
      }
      expect(batchOf(run, 'a')).toMatchObject({ phase: 'uploaded', held: 'the service says no' });
      send(run, command);
      expect(dueTypes(run)).toContain('UploadBatch');
      expect(run.state.snapshot.litter).toEqual(['file-1']);
    },
  );
});
