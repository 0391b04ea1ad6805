import { resolve } from 'node:path';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { ResultExtra, ResultSelection } from '../../lib/core/settle/results.ts';
import type { Cell, TableColumn, TableStream } from '../../lib/ports/table.ts';
import type { Run, TableOptions } from '../../lib/run/api/run.ts';
import { behindLinks } from '../../lib/run/results/whole-file.ts';
import { besideTaken, type ChosenColumn } from '../shell/chosen-columns.ts';
import { findDelimiter } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { delimiterOfName, type InputFile, kindOfInput, standardInput } from '../job/input-kinds.ts';
import { pathOf } from '../job/job.ts';
import { type Description, isOfFiles, type JobDescription } from '../job/job-description.ts';
import { foundColumns, type JoinCounts, type JoinedRow, joinById, joinByPlace, joinedBytes, keyColumns } from './join-rows.ts';
import { openRowFile, type RowFile } from '../job/row-file.ts';

/** A file of the user, and how its rows are matched with the rows of the run. */
export interface MatchedFile {
  readonly input: InputFile;
  readonly path: string;
  readonly idField: string;
  /** Reads numbers as the run did, since ids may be numbers. */
  readonly keepsDigits: boolean;
  readonly by: 'place' | 'id';
  /** The name in the lineage of the run's rows, where the run has rows of several files. */
  readonly sourceRef: string | null;
}

/** The flags about the file. */
export interface FileFlags {
  /** As it was typed; undefined: the run's own input. */
  readonly given: string | undefined;
  readonly by: 'place' | 'id' | undefined;
  readonly idField: string | undefined;
}

/** Finds the file to join. Throws a `CliFailure` that names the missing flag. */
export const matchedFileOf = async (
  { given, by, idField }: FileFlags,
  description: Description | null,
  { cwd, runId, typed }: { readonly cwd: string; readonly runId: string; readonly typed: (file: string, rest?: string) => string },
): Promise<MatchedFile> => {
  const job = description !== null && isOfFiles(description) ? description : null;
  const own = job === null ? null : await ownInput(job, given, cwd);
  const field = idField ?? job?.idField;
  const keepsDigits = job?.keepsDigits ?? true;
  if (field === undefined)
    throw new CliFailure(`run ${runId} was not started with a file: the id field of ${given ?? 'the file'} is missing`, {
      hint: `Name the id field: ${typed(given ?? 'FILE', '--id-field NAME')}`,
    });
  const several = (job?.inputs.length ?? 0) > 1;
  if (own !== null && job !== null)
    return { input: own, path: pathOf(own, cwd), idField: field, keepsDigits, by: by ?? 'place', sourceRef: several ? own.given : null };
  if (given === undefined)
    throw new CliFailure(
      several
        ? `run ${runId} was started with ${job?.inputs.length} files: name one of them`
        : `run ${runId} has no input file to read again`,
      {
        hint: several
          ? `For example: ${typed(job?.inputs[0]?.given ?? 'FILE')}`
          : `Send its failed rows again without a file: batchor start --from-run ${runId}`,
      },
    );
  const input = await otherInput(given, resolve(cwd, given), field);
  return {
    input,
    path: input.absolute,
    idField: field,
    keepsDigits,
    by: by ?? (job !== null && !several ? 'place' : 'id'),
    sourceRef: null,
  };
};

const ownInput = async ({ inputs }: JobDescription, given: string | undefined, cwd: string): Promise<InputFile | null> => {
  const files = inputs.filter((input) => input.given !== standardInput);
  if (given === undefined) return inputs.length === 1 ? (files[0] ?? null) : null;
  const path = await behindLinks(resolve(cwd, given));
  for (const input of files) if ((await behindLinks(pathOf(input, cwd))) === path) return input;
  return null;
};

/** A file that is no input of the run is read by its extension. */
const otherInput = async (given: string, absolute: string, idField: string): Promise<InputFile> => {
  const input = { given, absolute };
  if (kindOfInput(input) !== 'csv') return input;
  return { ...input, delimiter: (await findDelimiter(input, idField)) ?? delimiterOfName(given) };
};

/** What to write for each row. */
export interface JoinOptions {
  readonly file: MatchedFile;
  /** Null: the default columns. */
  readonly columns: readonly ChosenColumn[] | null;
  readonly only: ResultSelection | undefined;
  readonly include: readonly ResultExtra[];
  /** The command that matches by ids. */
  readonly byIdHint: string;
}

export interface JoinedResults {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The counts of rows, once all chunks are read. */
  readonly totals: () => JsonObject;
  /** Columns that have another name than was asked for, because it was taken. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

/** The file's rows with columns of the results. With `only`, the rows that have such a result, and no others. */
export const joinResults = async (run: Run, { file, columns, only, include, byIdHint }: JoinOptions): Promise<JoinedResults> => {
  const chosen = columns ?? usualColumns(run);
  const names = chosen.map(({ column }) => column);
  const counts: JoinCounts = { rows: 0, matched: 0, unextended: 0 };
  const rows = await openRowFile(file.input, file.path, file);
  const named = besideTaken(chosen, rows.names);
  const typed = (table: TableStream, keys: number): readonly TableColumn[] =>
    named.map(({ name }, at) => ({ name, type: table.columns[keys + at]?.type ?? 'text' }));
  const selected = only === undefined ? {} : { only };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      const { joined, types } =
        file.by === 'place'
          ? await placed(rows, { file, byIdHint }, typed, () =>
              run.table({ order: 'input', include, columns: [...keyColumns, ...names], ...selected }),
            )
          : await found(rows, run, { include, columns: [...foundColumns, ...names], only }, typed);
      yield* joinedBytes(rows, joined, types, { counts, drops: only !== undefined });
    } finally {
      await rows.close();
    }
  }
  return {
    chunks: chunks(),
    totals: () => ({
      joined: file.input.given,
      row_count: counts.rows,
      matched_count: counts.matched,
      unmatched_count: counts.rows - counts.matched,
      ...(counts.unextended === 0 ? {} : { unextended_count: counts.unextended }),
    }),
    renamed: named.flatMap(({ name }, at) => (name === chosen[at]?.name ? [] : [{ from: chosen[at]?.name ?? '', to: name }])),
  };
};

type Typed = (table: TableStream, keys: number) => readonly TableColumn[];
interface Joined {
  readonly joined: AsyncIterable<readonly JoinedRow[]>;
  readonly types: readonly TableColumn[];
}

const placed = async (
  rows: RowFile,
  { file, byIdHint }: Pick<JoinOptions, 'file' | 'byIdHint'>,
  typed: Typed,
  open: () => Promise<TableStream>,
): Promise<Joined> => {
  const table = await open();
  const joined = joinByPlace(rows, table, file.sourceRef, { given: file.input.given, byIdHint });
  return { joined, types: typed(table, keyColumns.length) };
};

const found = async (
  rows: RowFile,
  run: Run,
  { only, ...options }: Required<Pick<TableOptions, 'include' | 'columns'>> & Pick<JoinOptions, 'only'>,
  typed: Typed,
): Promise<Joined> => {
  const types = typed(await run.table({ ...options, limit: 0 }), foundColumns.length);
  const isWanted = (status: Cell, errorClass: Cell): boolean => {
    if (only === undefined || only === 'all') return true;
    if (only === 'completed' || only === 'failed') return (status === 'completed') === (only === 'completed');
    return only.some((name) => name === errorClass);
  };
  return { joined: joinById(rows, isWanted, (itemIds) => run.table({ ...options, itemIds })), types };
};

/** The text of the answer and what became of the row; the answer as JSON too, where it may be more than a text. */
const usualColumns = (run: Run): readonly ChosenColumn[] => {
  const { structuredOutput, provider } = run.snapshot().config;
  const isText = structuredOutput === null && ['responses', 'chat.completions', 'completions'].includes(provider.endpoint);
  return ['status', 'output_text', ...(isText ? [] : ['output']), 'error_message'].map((column) => ({ name: column, column }));
};
