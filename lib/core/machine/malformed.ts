import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isAscending, isDistinct, isMeasure, isWithin } from '../codec/column.ts';
import type { AcceptedSlice, Column, Command, RowSlice } from '../model/command.ts';
import { CommandType } from '../codec/command-type.ts';
import { pathOfError } from '../codec/event-record.ts';
import { failureClasses } from '../values/failure.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { stoppedBeforeLimit } from '../settle/output-bound.ts';

/**
 * The command with its columns and fields as the rules read them, or `malformed_command`, which
 * names the field. What came through `JSON.stringify` as it was, typed arrays and all, is refused
 * here, and never half accepted. O(slice) at most; a typed array's entries are checked only where a
 * rule counts by them.
 */
export const wellFormed = (snapshot: RunSnapshot, command: Command): Either<Rejection, Command> => {
  const read = CommandType.decode(command);
  if (isLeft(read))
    return left({
      type: 'malformed_command',
      message: `${nameOf(command)}: ${pathOfError(read.left)} is malformed`,
    });
  const fault = faultOfColumns(snapshot, read.right);
  return fault === null
    ? right(read.right)
    : left({ type: 'malformed_command', message: `${read.right.type}: ${fault}` });
};

const nameOf = (command: unknown): string => {
  const type =
    typeof command === 'object' && command !== null && 'type' in command ? command.type : undefined;
  return typeof type === 'string' ? type : 'a command';
};

const faultOfColumns = (snapshot: RunSnapshot, command: Command): string | null => {
  const { itemCount } = snapshot.ingest;
  switch (command.type) {
    case 'AcceptSlice':
      return command.slice === null ? null : faultOfAccepted(command.slice);
    case 'PlanBatch':
    case 'AdoptBatch': {
      const { indexes, bytes, tokens, inputs } = command.window;
      return (
        faultOfMoved('window', { indexes, bytes, tokens }, itemCount) ??
        faultOfCounts('window.inputs', inputs, indexes.length)
      );
    }
    case 'SettleSlice': {
      const { lines, open } = command;
      return (
        faultOfCounts('open', open, lines.indexes.length, 0, 2) ??
        faultOfOpen(lines.indexes, open, itemCount) ??
        faultOfCounts('lines.offsets', lines.offsets, lines.indexes.length) ??
        faultOfCounts('lines.lengths', lines.lengths, lines.indexes.length)
      );
    }
    case 'SettleRest': {
      const { rows, codes, parts, offsets, lengths, outputTokens } = command;
      const count = rows.indexes.length;
      return (
        faultOfMoved('rows', rows, itemCount) ??
        faultOfCounts('rows.charged', rows.charged, count) ??
        faultOfCounts('rows.uncharged', rows.uncharged, count) ??
        faultOfCounts('codes', codes, count, -1, failureClasses.length) ??
        faultOfCounts('parts', parts, count, 0, 3) ??
        faultOfCounts('offsets', offsets, count) ??
        faultOfCounts('lengths', lengths, count) ??
        faultOfCounts('outputTokens', outputTokens ?? null, count, stoppedBeforeLimit)
      );
    }
    case 'RecordInputRefused': {
      const { said, indexes } = command;
      // Without them it is a refusal that names no row.
      return indexes.length === 0
        ? null
        : faultOfCounts('indexes', indexes, said.length, 0, itemCount);
    }
    case 'RequeueRows':
    case 'FailPending':
      return faultOfMoved('rows', command.rows, itemCount);
    case 'SettleShared': {
      const { indexes, of, codes } = command.rows;
      return (
        faultOfCounts('rows.indexes', indexes, indexes.length, 0, itemCount) ??
        (isDistinct(indexes) ? null : 'rows.indexes names a row twice') ??
        faultOfCounts('rows.of', of, indexes.length, 1, snapshot.resultSequence + 1) ??
        faultOfCounts('rows.codes', codes, indexes.length, -1, failureClasses.length)
      );
    }
    default:
      return null;
  }
};

/** Integers from `min` on, below `end`, as many as there are rows. */
const faultOfCounts = (
  name: string,
  column: Column | null,
  count: number,
  min = 0,
  end = Infinity,
): string | null => {
  if (column === null) return null;
  if (column.length !== count)
    return `${name} has ${column.length} entries for ${count} rows: columns of a slice have one length`;
  return isWithin(column, min, end)
    ? null
    : `${name} holds integers of at least ${min}${end === Infinity ? '' : `, below ${end}`}`;
};
const faultOfMeasures = (name: string, column: Column | null, count: number): string | null => {
  if (column === null) return null;
  if (column.length !== count)
    return `${name} has ${column.length} entries for ${count} rows: columns of a slice have one length`;
  return isMeasure(column) ? null : `${name} holds finite numbers of at least 0`;
};

/** Rows that move together, in item order. */
const faultOfMoved = (
  name: string,
  rows: Pick<RowSlice, 'indexes' | 'bytes' | 'tokens'>,
  itemCount: number,
): string | null => {
  const count = rows.indexes.length;
  return (
    faultOfCounts(`${name}.indexes`, rows.indexes, count, 0, itemCount) ??
    (isAscending(rows.indexes) ? null : `${name}.indexes is not in item order`) ??
    faultOfCounts(`${name}.bytes`, rows.bytes, count) ??
    faultOfMeasures(`${name}.tokens`, rows.tokens, count)
  );
};

const faultOfAccepted = ({
  fromIndex,
  itemIds,
  requestLengths,
  itemLengths,
  tokens,
  inputs,
  badOffsets,
  sameAs,
}: AcceptedSlice): string | null => {
  const count = itemIds.length;
  return (
    faultOfCounts('slice.requestLengths', requestLengths, count) ??
    faultOfCounts('slice.itemLengths', itemLengths, count) ??
    faultOfMeasures('slice.tokens', tokens, count) ??
    faultOfCounts('slice.inputs', inputs, count) ??
    faultOfCounts('slice.badOffsets', badOffsets, badOffsets.length, 0, count) ??
    faultOfCounts('slice.sameAs', sameAs, count, 0, fromIndex + count)
  );
};

/** Of a line that settles no row, the index may be anything, such as -1: no rule reads it. */
const faultOfOpen = (indexes: Column, open: Column, itemCount: number): string | null => {
  for (let i = 0; i < indexes.length; i += 1) {
    const index = indexes[i] as number;
    if (open[i] === 1 && !(Number.isInteger(index) && index >= 0 && index < itemCount))
      return 'lines.indexes holds a row that the run does not have';
  }
  return null;
};
