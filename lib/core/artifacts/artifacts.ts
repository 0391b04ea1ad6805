import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CommandOf } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import { isFinished, type RunSnapshot } from '../model/snapshot.ts';

type Decision = Either<Rejection, readonly Event[]>;

/** Longer destinations are cut: they are for people. */
export const destinationCharsMax = 1_000;

/**
 * The run was written out. A finished run has no more results to come, so that any export of it
 * holds them all.
 */
export const decideExported = (
  snapshot: RunSnapshot,
  { type: _, ...exported }: CommandOf<'RecordExported'>,
): Decision =>
  isFinished(snapshot)
    ? right([
        {
          type: 'ArtifactsExported',
          ...exported,
          destination: exported.destination.slice(0, destinationCharsMax),
        },
      ])
    : left({ type: 'run_not_finished' });

/**
 * The intent, before anything is removed. What the provider gave goes only where a copy of it was
 * made.
 */
export const decidePrune = (
  snapshot: RunSnapshot,
  { atMs, raw }: CommandOf<'PruneArtifacts'>,
): Decision => {
  const { exported, areRequestsPruned, isRawPruned } = snapshot.artifacts;
  if (!isFinished(snapshot)) return left({ type: 'run_not_finished' });
  if (raw && !isRawPruned && exported === null) return left({ type: 'not_exported' });
  if (areRequestsPruned && (isRawPruned || !raw)) return left({ type: 'nothing_to_change' });
  return right([{ type: 'ArtifactsPruned', atMs, raw }]);
};

export const decideCompacted = (
  { artifacts }: RunSnapshot,
  { atMs, object }: CommandOf<'RecordCompacted'>,
): Decision =>
  artifacts.unkept.includes(object)
    ? right([{ type: 'RawFileCompacted', atMs, object }])
    : left({ type: 'nothing_to_change' });
