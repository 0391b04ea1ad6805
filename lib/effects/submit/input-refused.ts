import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command, CommandOf } from '../../core/model/command.ts';
import type { BatchKey } from '../../core/values/ids.ts';
import { customIdsOf } from '../../core/values/custom-ids.ts';
import { indexesOf } from '../../core/values/index-set.ts';
import { withLinesOfIds } from '../../core/submit/refused-ids.ts';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import type { InputRefusal, PortError } from '../../ports/port-error.ts';
import type { OwnedRun } from '../../ports/run-store.ts';

interface AskedBatch {
  readonly batchKey: BatchKey;
  readonly createAttempt: number;
}

/**
 * What the provider says against the input file itself; null where the refusal is of another kind.
 */
export const inputRefusalIn = (error: PortError): InputRefusal | null =>
  error.type === 'refused' ? (error.input ?? null) : null;

/**
 * The command that records the refusal, without the rows: enough where the file is too large and
 * can be split.
 */
export const inputRefusedCommand = (
  { batchKey, createAttempt }: AskedBatch,
  { message }: { readonly message: string },
  { isTooLarge, statedBytesMax, said }: InputRefusal,
  atMs: number,
): CommandOf<'RecordInputRefused'> => ({
  type: 'RecordInputRefused',
  atMs,
  batchKey,
  createAttempt,
  message,
  isTooLarge,
  statedBytesMax,
  said,
  indexes: [],
});

/**
 * The same with the row of each line that is named, read from what is remembered of the batch: its
 * rows, in the order of the lines.
 */
export const withRowsOfLines = (
  run: Pick<OwnedRun, 'batches' | 'snapshot'>,
  command: CommandOf<'RecordInputRefused'>,
  { ids = [] }: InputRefusal,
): TE.TaskEither<PortError, Command> => {
  const batch = run.snapshot.live.find(({ batchKey }) => batchKey === command.batchKey);
  if (batch === undefined) return TE.right(command);
  return pipe(
    run.batches(batch.batchNo, 1),
    TE.map(([record]) => {
      if (record?.batchKey !== command.batchKey) return command;
      const said = withLinesOfIds(
        command.said,
        ids,
        record.indexes,
        customIdsOf(run.snapshot.config),
      );
      return named({ ...command, said }, record);
    }),
  );
};

const named = (
  command: CommandOf<'RecordInputRefused'>,
  { indexes, requests }: BatchRecord,
): CommandOf<'RecordInputRefused'> => {
  // A single request that is too large is the line at fault, whatever is said.
  const isAlone = command.isTooLarge && requests === 1;
  const own = isAlone
    ? [
        {
          line: 1,
          code: 'file_too_large',
          message: command.message,
          param: null,
          failureClass: null,
        },
      ]
    : command.said;
  const rows = Array.from(indexesOf(indexes));
  const said = own.filter(({ line }) => rows[line - 1] !== undefined);
  return { ...command, said, indexes: said.map(({ line }) => rows[line - 1] as number) };
};
