import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CommandOf } from '../model/command.ts';
import type { Event, EventOf } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import { isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { clearFault } from '../model/changes.ts';
import { compactEffectKey, deleteFileKey, type Effect } from '../model/effect.ts';
import type { DueKeys } from '../faults/fault-wait.ts';

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

type ArtifactsEvent = EventOf<
  'ArtifactsExported' | 'ArtifactsPruned' | 'RawFileCompacted' | 'LitterCleared'
>;

/** Files are exported, made compact, pruned; input files at the provider are deleted. */
export const evolveArtifacts = (s: RunSnapshot, event: ArtifactsEvent): RunSnapshot => {
  const { artifacts } = s;
  switch (event.type) {
    case 'LitterCleared':
      return {
        ...clearFault(s, deleteFileKey(event.fileId)),
        litter: s.litter.filter((fileId) => fileId !== event.fileId),
      };
    case 'ArtifactsExported': {
      const { type: _, ...exported } = event;
      return { ...s, artifacts: { ...artifacts, exported } };
    }
    case 'ArtifactsPruned':
      return {
        ...s,
        artifacts: {
          ...artifacts,
          areRequestsPruned: true,
          isRawPruned: artifacts.isRawPruned || event.raw,
        },
      };
    case 'RawFileCompacted': {
      const unkept = artifacts.unkept.filter((object) => object !== event.object);
      return {
        ...clearFault(s, compactEffectKey(event.object)),
        artifacts: { ...artifacts, unkept },
      };
    }
  }
};

/** Input files to delete at the provider, one after the other. */
export const deletesDue = (
  { litter: [fileId] }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  fileId !== undefined && isDue(deleteFileKey(fileId)) ? [{ type: 'DeleteFile', fileId }] : [];

/** Raw files that are not kept are made compact, one after the other. */
export const compactsDue = (
  {
    artifacts: {
      unkept: [object],
    },
  }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  object !== undefined && isDue(compactEffectKey(object)) ? [{ type: 'CompactFile', object }] : [];

/**
 * The objects that an event names: once it is committed, the run needs them. An owner that died may
 * have left others, which the next owner deletes.
 */
export const objectsNamedBy = (event: Event): readonly string[] => {
  switch (event.type) {
    case 'ItemsAccepted':
      return named(event.slice.requestObject, event.slice.itemObject);
    case 'FilesStored':
    case 'AnswersUnreadable':
      return named(event.output?.object, event.error?.object);
    case 'ItemsCompleted':
      return [event.object];
    case 'ItemsSettled':
      return named(event.outputObject, event.errorObject);
    default:
      return [];
  }
};

const named = (...names: readonly (string | null | undefined)[]): readonly string[] =>
  names.filter((name) => name !== null && name !== undefined);
