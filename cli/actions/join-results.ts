import { resolve } from 'node:path';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { ResultExtra, ResultSelection } from '../../lib/core/settle/results.ts';
import type { Cell, TableColumn, TableFormat, TableStream } from '../../lib/ports/table.ts';
import type { Run } from '../../lib/run/api/run.ts';
import { memberOf } from '../../lib/run/sources/composite-source.ts';
import { behindLinks } from '../../lib/run/results/whole-file.ts';
import { besideTaken, type ChosenColumn } from '../shell/chosen-columns.ts';
import { encodingOfText, findDelimiter } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { quoted } from '../shell/quoted.ts';
import { isAsRead } from '../job/as-read.ts';
import {
  delimiterOfName,
  type InputFile,
  isRecords,
  isText,
  kindOfInput,
  standardInput,
} from '../job/input-kinds.ts';
import { pathOf } from '../job/job.ts';
import {
  type Description,
  doesNamespaceIds,
  isOfFiles,
  type JobDescription,
} from '../job/job-description.ts';
import { createFileIds } from './file-ids.ts';
import { columnsOfFile, joinedTable } from './join-table.ts';
import {
  type JoinCounts,
  type JoinedRow,
  joinByPlace,
  joinedBytes,
  keyColumns,
} from './join-rows.ts';
import { foundColumns, joinById, joinSpooledByPlace } from './join-spooled.ts';
import { openRecordFile } from '../job/record-file.ts';
import { openRowFile, type RowFile, rowIdsOf } from '../job/row-file.ts';

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
  /**
   * True where it does not hold what the run read; null: not known, or the run read no such file.
   */
  readonly hasChanged: boolean | null;
  /** What the run has in front of the ids of the file. */
  readonly idPrefix: string;
  /** True for an input of the run. */
  readonly isOwn: boolean;
}

/** The flags about the file. */
export interface FileFlags {
  /** As it was typed; undefined: the run's own input. */
  readonly given: string | undefined;
  readonly by: 'place' | 'id' | undefined;
  readonly idField: string | undefined;
  /** How to read it, where that differs from how the run read its input. */
  readonly reading: Pick<InputFile, 'delimiter' | 'encoding'>;
}

export interface MatchPlace {
  readonly cwd: string;
  readonly runId: string;
  /** The fingerprint of the source of the run. */
  readonly fingerprint: string;
  /** A command with this file. */
  readonly typed: (file: string, rest?: string) => string;
}

/** Finds the file to join. Throws a `CliFailure` that names the missing flag. */
export const matchedFileOf = async (
  { given, by, idField, reading }: FileFlags,
  description: Description | null,
  { cwd, runId, fingerprint, typed }: MatchPlace,
): Promise<MatchedFile> => {
  const job = description !== null && isOfFiles(description) ? description : null;
  const own = job === null ? null : await ownInput(job, given, cwd);
  const field = idField ?? job?.idField;
  const ids = { idField: field ?? '', keepsDigits: job?.keepsDigits ?? true };
  if (field === undefined)
    throw new CliFailure(
      `run ${runId} was not started with a file: the id field of ${given ?? 'the file'} is missing`,
      {
        hint: `Name the id field: ${typed(given ?? 'FILE', '--id-field NAME')}`,
      },
    );
  const several = (job?.inputs.length ?? 0) > 1;
  if (own !== null && job !== null) {
    const input = { ...own, ...reading };
    const path = pathOf(input, cwd);
    const inputIndex = job.inputs.indexOf(own);
    const isSame = await isAsRead(job, { inputIndex, input, path, cwd }, fingerprint);
    const sourceRef = several ? own.given : null;
    const namespace = doesNamespaceIds(job)
      ? (memberOf(fingerprint, inputIndex, job.inputs.length)?.namespace ?? null)
      : null;
    const idPrefix = namespace === null ? '' : `${namespace}:`;
    const hasChanged = isSame === null ? null : !isSame;
    const matchedBy = matching(by ?? 'place', isSame === true && field === job.idField);
    return { ...ids, input, path, by: matchedBy, sourceRef, hasChanged, idPrefix, isOwn: true };
  }
  if (given === undefined)
    throw new CliFailure(
      several
        ? `run ${runId} was started with ${job?.inputs.length} files: name one of them`
        : `run ${runId} has no input file to read again`,
      {
        hint: several
          ? `For example: ${typed(job?.inputs[0]?.given ?? 'FILE')}`
          : `Send its failed rows again without a file: batchor start --from-run ${runId}. Bad rows have no request; their errors: \`batchor results --run-id ${runId} --only invalid_row\``,
      },
    );
  if (given === standardInput)
    throw new CliFailure('--join -: standard input cannot be joined', {
      hint: `Rows are read more than once. Write them to a file, and name it: ${typed('FILE')}`,
    });
  const only = several ? undefined : job?.inputs[0];
  const input = await otherInput({ given, absolute: resolve(cwd, given) }, field, reading, only);
  const isSame =
    job === null || several
      ? null
      : await isAsRead(job, { inputIndex: 0, input, path: input.absolute, cwd }, fingerprint).catch(
          () => null,
        );
  return {
    ...ids,
    input,
    path: input.absolute,
    by: matching(
      by ?? (job !== null && !several ? 'place' : 'id'),
      isSame === true && field === job?.idField,
    ),
    sourceRef: null,
    hasChanged: isSame === null ? null : !isSame,
    idPrefix: '',
    isOwn: false,
  };
};

/** A row of what the run read is known by its place, also where another row has its id. */
const matching = (by: MatchedFile['by'], isProved: boolean): MatchedFile['by'] =>
  isProved ? 'place' : by;

const ownInput = async (
  { inputs }: JobDescription,
  given: string | undefined,
  cwd: string,
): Promise<InputFile | null> => {
  const files = inputs.filter((input) => input.given !== standardInput);
  if (given === undefined) return inputs.length === 1 ? (files[0] ?? null) : null;
  const path = await behindLinks(resolve(cwd, given));
  for (const input of files) if ((await behindLinks(pathOf(input, cwd))) === path) return input;
  return null;
};

/**
 * A file that is no input of the run is read by its extension and the flags, else as the run read
 * its own.
 */
const otherInput = async (
  bare: InputFile,
  idField: string,
  reading: FileFlags['reading'],
  own: InputFile | undefined,
): Promise<InputFile> => {
  const kind = kindOfInput(bare);
  if (!isText(kind)) return bare;
  const encoding = reading.encoding ?? own?.encoding;
  const encoded = {
    ...bare,
    ...(encoding === undefined ? {} : { encoding }),
    ...(own?.rowBytesMax === undefined ? {} : { rowBytesMax: own.rowBytesMax }),
  };
  // The byte order mark of another file may say otherwise.
  const isReadable = reading.encoding !== undefined || (await encodingOfText(encoded)) !== null;
  const input = isReadable ? encoded : bare;
  if (kind !== 'csv') return input;
  const asOwn = { ...input, ...(own?.quote === undefined ? {} : { quote: own.quote }) };
  return {
    ...asOwn,
    delimiter:
      reading.delimiter ??
      (await findDelimiter(asOwn, idField)) ??
      own?.delimiter ??
      delimiterOfName(bare.given),
  };
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
  /** The command that writes the results alone. */
  readonly tableHint: string;
  readonly isForExcel: boolean;
  /** A table; null: the rows as they stand in the file, or as JSON lines. */
  readonly format: TableFormat | null;
  /** Joins the results so far, also of a run that is not finished. */
  readonly isPartial: boolean;
}

export interface JoinedResults {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The counts of rows, once all chunks are read. */
  readonly totals: () => JsonObject;
  /** Columns that have another name than was asked for, because it was taken. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Closes the file; to be called though no chunk was read. */
  readonly close: () => Promise<void>;
  /** Encodings of what is written, and of the file. */
  readonly encoding: string;
  readonly inputEncoding: string;
}

/**
 * The file's rows with columns of the results. With `only`, the rows that have such a result, and
 * no others.
 */
export const joinResults = async (run: Run, options: JoinOptions): Promise<JoinedResults> => {
  const { file, columns, only, include, byIdHint, tableHint, isForExcel, isPartial, format } =
    options;
  requireUnchanged(file, run.runId, byIdHint);
  const chosen = columns ?? usualColumns(run);
  const names = chosen.map(({ column }) => column);
  const counts: JoinCounts = {
    rows: 0,
    matched: 0,
    known: 0,
    read: 0,
    repeated: 0,
    unextended: 0,
    undecodable: 0,
  };
  // Without new columns, rows are copied in the encoding of the file.
  const rows =
    isRecords(file.input) || format !== null
      ? await openRecordFile(file.input, file.path, {
          ...file,
          otherwise: format === null ? tableHint : null,
        })
      : await openRowFile(file.input, file.path, {
          ...file,
          ...(chosen.length === 0 ? { isRaw: true } : {}),
        });
  const own = format === null ? [] : await columnsOfFile(file.input, file.path, file);
  const named = besideTaken(chosen, format === null ? rows.names : own.map(({ name }) => name));
  const typed = (table: TableStream, keys: number): readonly TableColumn[] =>
    named.map(({ name }, at) => ({ name, type: table.columns[keys + at]?.type ?? 'text' }));
  const joining = { file, byIdHint, only, isPartial, counts, names, include, typed };
  // Refuses unknown columns before a note is printed.
  const { joined, types } = await (file.by === 'place' ? placed : found)(rows, run, joining).catch(
    async (error: unknown) => {
      await rows.close();
      throw error;
    },
  );
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const drops = only !== undefined;
    if (format === null) yield* joinedBytes(rows, joined, types, { counts, drops, isForExcel });
    else {
      const { isText } = format;
      yield* format.encode(joinedTable(joined, { own, added: types, counts, drops, isText }));
    }
    // Before the file is in place: none of its rows is one of the run.
    if (file.by === 'id') requireKnown(counts, file, run.runId);
  }
  return {
    chunks: chunks(),
    close: () => rows.close(),
    encoding: rows.encoding,
    inputEncoding: rows.inputEncoding,
    totals: () => ({
      joined: file.input.given,
      encoding: rows.encoding,
      row_count: counts.rows,
      matched_count: counts.matched,
      unmatched_count: counts.rows - counts.matched,
      ...(counts.repeated === 0 ? {} : { repeated_id_count: counts.repeated }),
      ...(counts.unextended === 0 ? {} : { unextended_count: counts.unextended }),
      ...(counts.undecodable === 0 ? {} : { undecodable_count: counts.undecodable }),
    }),
    renamed: named.flatMap(({ name }, at) =>
      name === chosen[at]?.name ? [] : [{ from: chosen[at]?.name ?? '', to: name }],
    ),
  };
};

/** By place, an answer would stand beside a question that was never asked. */
const requireUnchanged = (
  { input, by, hasChanged, isOwn }: MatchedFile,
  runId: string,
  byIdHint: string,
): void => {
  if (by !== 'place' || hasChanged !== true) return;
  throw new CliFailure(
    isOwn
      ? `${input.given} has changed since run ${runId} read it: its rows may not be those that were asked`
      : `${input.given} is not the file that run ${runId} was started with`,
    { hint: isOwn ? `Restore the file. ${byIdHint}` : byIdHint },
  );
};

const requireKnown = (counts: JoinCounts, { input, idField }: MatchedFile, runId: string): void => {
  if (counts.read === 0 || counts.known > 0) return;
  throw new CliFailure(
    `none of the ${counts.read} rows of ${input.given} has an id that run ${runId} knows`,
    {
      hint: `Check the id field (--id-field ${quoted(idField)}) and the encoding (--encoding) of the file. Ids of run ${runId}: batchor results --run-id ${runId} --columns item_id`,
    },
  );
};

type Typed = (table: TableStream, keys: number) => readonly TableColumn[];
interface Joined {
  readonly joined: AsyncIterable<readonly JoinedRow[]>;
  readonly types: readonly TableColumn[];
}

interface Joining extends Pick<
  JoinOptions,
  'file' | 'byIdHint' | 'only' | 'isPartial' | 'include'
> {
  readonly names: readonly string[];
  readonly counts: JoinCounts;
  readonly typed: Typed;
}

/** Results in the order of the items, which is that of the run's own file. */
const placed = async (
  rows: RowFile,
  run: Run,
  { file, byIdHint, only, isPartial, include, names, typed }: Joining,
): Promise<Joined> => {
  const table = await run.table({
    ...(isPartial ? {} : { order: 'input' }),
    include,
    columns: [...keyColumns, ...names],
    ...(only === undefined ? {} : { only }),
  });
  const messages = { given: file.input.given, byIdHint };
  const { sourceRef } = file;
  // Results so far come in the order in which rows ended.
  const joined = isPartial
    ? joinSpooledByPlace(rows, table, {
        sourceRef,
        rowCount: run.snapshot().ingest.itemCount,
        messages,
      })
    : joinByPlace(rows, table, sourceRef, messages);
  return { joined, types: typed(table, keyColumns.length) };
};

const found = async (
  rows: RowFile,
  run: Run,
  { file, only, isPartial, counts, include, names, typed }: Joining,
): Promise<Joined> => {
  const { input, path, idPrefix } = file;
  const table = await run.table({
    ...(isPartial ? {} : { order: 'input' }),
    include,
    columns: [...foundColumns, ...names],
  });
  const ids = createFileIds();
  for await (const page of rowIdsOf(input, path, file))
    ids.add(page.map((id) => (id === null ? null : idPrefix + id)));
  const isWanted = (status: Cell, errorClass: Cell): boolean => {
    if (only === undefined || only === 'all') return true;
    if (only === 'completed' || only === 'failed')
      return (status === 'completed') === (only === 'completed');
    return only.some((name) => name === errorClass);
  };
  return {
    joined: joinById(rows, table, { ids, isWanted, counts, idPrefix }),
    types: typed(table, foundColumns.length),
  };
};

/**
 * The text of the answer and what became of the row; the answer as JSON too, where it may be more
 * than a text.
 */
const usualColumns = (run: Run): readonly ChosenColumn[] => {
  const { structuredOutput, provider } = run.snapshot().config;
  const isText =
    structuredOutput === null &&
    ['responses', 'chat.completions', 'completions'].includes(provider.endpoint);
  return ['status', 'output_text', ...(isText ? [] : ['output']), 'error_message'].map(
    (column) => ({ name: column, column }),
  );
};
