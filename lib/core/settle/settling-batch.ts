import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { LiveBatch, SettlePosition } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { findBatch } from '../submit/submit.ts';

/** The batch that the slice is of, at the position that it begins at. */
export const settlingBatch = (
  snapshot: RunSnapshot,
  command: CommandOf<'SettleSlice'> | CommandOf<'SettleRest'>,
  at: SettlePosition,
): Either<Rejection, LiveBatch> => {
  const { batchKey } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (batch.phase !== 'ended' || batch.files === null)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const { position } = batch;
  if (position.part !== at.part || position.offset !== at.offset) {
    return left({
      type: 'stale_slice',
      expected: `${position.part}@${position.offset}`,
      given: `${at.part}@${at.offset}`,
    });
  }
  return right(batch);
};

export const haveOneLength = (columns: readonly ArrayLike<number>[]): boolean =>
  columns.every((column) => column.length === columns[0]?.length);
