import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  decide,
  effectsDue,
  emptySnapshot,
  evolve,
  type Event,
  InvariantViolation,
  type RunId,
  step,
} from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';

const create = { type: 'CreateRun', atMs: 5, runId: 'run' as RunId, config: makeConfig() } as const;

describe('step', () => {
  it('is decide, evolve and effectsDue in one', () => {
    const stepped = step(emptySnapshot, create, 5);
    const decided = decide(emptySnapshot, create);
    if (isLeft(stepped) || isLeft(decided)) throw new Error('a run can be created');
    const snapshot = decided.right.reduce(evolve, emptySnapshot);
    expect(stepped.right).toEqual({
      events: decided.right,
      snapshot,
      effects: effectsDue(snapshot, 5),
    });
    expect(stepped.right.effects.map((effect) => effect.type)).toEqual(['IngestSlice']);
  });

  it('passes a rejection on', () => {
    expect(step(emptySnapshot, { type: 'ResumeRun', atMs: 5 }, 5)).toEqual({
      _tag: 'Left',
      left: { type: 'not_created' },
    });
  });
});

describe('evolve', () => {
  it('counts a version per event, and keeps the time of the last', () => {
    const decided = decide(emptySnapshot, create);
    if (!isRight(decided)) throw new Error('a run can be created');
    expect(decided.right.reduce(evolve, emptySnapshot)).toMatchObject({
      version: 1,
      createdAtMs: 5,
      updatedAtMs: 5,
    });
  });

  it('throws an InvariantViolation on what cannot be: our bug, not an answer', () => {
    const impossible: Event = {
      type: 'BatchUploaded',
      atMs: 1,
      batchKey: 'unknown' as never,
      inputFileId: 'f',
      expiresAtMs: null,
    };
    expect(() => evolve(emptySnapshot, impossible)).toThrow(InvariantViolation);
  });
});
