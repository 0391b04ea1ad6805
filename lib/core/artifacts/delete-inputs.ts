import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CommandOf } from '../model/command.ts';
import { deleteFileKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { isFaultDue } from '../faults/fault-wait.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** How many times the deletion of one file is tried. */
const triesMax = 3;

export const decideFileDeleted = (
  snapshot: RunSnapshot,
  { fileId, atMs }: CommandOf<'RecordFileDeleted'>,
): Either<Rejection, readonly Event[]> =>
  snapshot.litter.includes(fileId)
    ? right([{ type: 'LitterCleared', atMs, fileId, isGone: true }])
    : left({ type: 'nothing_to_change' });

/** True when the first file's last try has failed. The same failure reported twice counts once. */
export const isDeleteGivenUp = (snapshot: RunSnapshot, atMs: number): boolean => {
  const {
    faults,
    litter: [fileId],
  } = snapshot;
  const record =
    fileId === undefined ? undefined : faults.find(({ key }) => key === deleteFileKey(fileId));
  return record !== undefined && record.count + 1 >= triesMax && isFaultDue(snapshot, record, atMs);
};

/** Stops deleting the first file: the provider deletes it when it expires. */
export const leaveInputFile = (
  { litter: [fileId] }: RunSnapshot,
  atMs: number,
): readonly Event[] =>
  fileId === undefined ? [] : [{ type: 'LitterCleared', atMs, fileId, isGone: false }];
