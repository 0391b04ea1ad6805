import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CommandOf } from '../model/command.ts';
import { deleteFileKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { isFaultDue } from '../faults/fault-wait.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** So often the deletion of a file is tried. */
const triesMax = 3;

export const decideFileDeleted = (
  snapshot: RunSnapshot,
  { fileId, atMs }: CommandOf<'RecordFileDeleted'>,
): Either<Rejection, readonly Event[]> =>
  snapshot.litter.includes(fileId) ? right([{ type: 'LitterCleared', atMs, fileId, isGone: true }]) : left({ type: 'nothing_to_change' });

/** True when the file in front was tried often enough; the same failure told twice is one try. */
export const isDeleteGivenUp = (snapshot: RunSnapshot, atMs: number): boolean => {
  const {
    faults,
    litter: [fileId],
  } = snapshot;
  const record = fileId === undefined ? undefined : faults.find(({ key }) => key === deleteFileKey(fileId));
  return record !== undefined && record.count + 1 >= triesMax && isFaultDue(snapshot, record, atMs);
};

/** The file in front stays where it is until it expires. */
export const leaveInputFile = ({ litter: [fileId] }: RunSnapshot, atMs: number): readonly Event[] =>
  fileId === undefined ? [] : [{ type: 'LitterCleared', atMs, fileId, isGone: false }];
