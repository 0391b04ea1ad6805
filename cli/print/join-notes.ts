import type { JsonObject } from '../../lib/core/json/json.ts';
import type { JoinedResults, MatchedFile } from '../actions/join-results.ts';

/**
 * Notes before the rows are written. `output`: the file of failed inputs; null: results are joined.
 */
export const before = (
  { renamed, encoding, inputEncoding }: JoinedResults,
  {
    file,
    runId,
    output,
    isForExcel,
  }: {
    readonly file: MatchedFile;
    readonly runId: string;
    readonly output: string | null;
    readonly isForExcel: boolean;
  },
): readonly string[] => {
  const { given } = file.input;
  return [
    ...renamed.map(
      ({ from, to }) =>
        `batchor: ${given} already has a column ${JSON.stringify(from)}: the column of the results is named ${to}`,
    ),
    ...changeNotes(file, runId),
    ...(inputEncoding === 'utf-8'
      ? []
      : [encodingNote({ given, output, encoding, inputEncoding, isForExcel })]),
  ];
};

const changeNotes = (
  { input, by, hasChanged, isOwn }: MatchedFile,
  runId: string,
): readonly string[] => {
  if (by === 'place' || hasChanged !== true) return [];
  const what = isOwn
    ? `has changed since run ${runId} read it`
    : `is not the file that run ${runId} read`;
  return [
    `batchor: warning: ${input.given} ${what}. Only ids are compared: a result belongs to the row as it was then, which may not be the row beside it`,
  ];
};

const encodingNote = (of: {
  readonly given: string;
  readonly output: string | null;
  readonly encoding: string;
  readonly inputEncoding: string;
  readonly isForExcel: boolean;
}): string => {
  const { given, output, encoding, inputEncoding, isForExcel } = of;
  if (output === null)
    return `batchor: ${given} is in ${inputEncoding}; the joined rows are written as UTF-8${isForExcel ? '' : ' (for Excel, add --excel)'}`;
  return encoding === inputEncoding
    ? `batchor: ${output} is written in ${encoding}, as ${given} is: the same flags read it`
    : `batchor: ${output} is written as UTF-8, while ${given} is in ${inputEncoding}: read it without --encoding`;
};

/** Notes about rows that were written otherwise than expected. */
export const after = (totals: JsonObject, given: string): readonly string[] => {
  const count = (name: string): number => Number(totals[name] ?? 0);
  const [rows, unmatched, repeated, damaged, undecodable] = [
    count('row_count'),
    count('unmatched_count'),
    count('repeated_id_count'),
    count('unextended_count'),
    count('undecodable_count'),
  ];
  return [
    ...(unmatched === 0
      ? []
      : [`batchor: ${unmatched} of ${rows} rows of ${given} have no result in the run`]),
    ...(repeated === 0
      ? []
      : [
          `batchor: ${repeated} rows of ${given} share their ids with other rows of the file, and get no result: ids alone do not say whose it is. Give each row its own id, or join the file as the run read it`,
        ]),
    ...(damaged === 0
      ? []
      : [
          `batchor: ${damaged} damaged rows of ${given} are written unchanged, without new columns`,
        ]),
    ...(undecodable === 0
      ? []
      : [
          `batchor: ${undecodable} rows of ${given} hold bytes that are not text in its encoding: U+FFFD is written in their place`,
        ]),
  ];
};
