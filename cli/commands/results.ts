import { resolve } from 'node:path';
import { Command, Option } from 'clipanion';
import type { ResultExtra, ResultSelection } from '../../lib/core/settle/results.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { Run } from '../../lib/run/api/run.ts';
import { type ChosenColumn, chosenColumnsOf } from '../shell/chosen-columns.ts';
import { columnFormatOf, joinedTableFormat } from '../compose.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { choice, wholeNumber } from '../shell/flags.ts';
import { type Description, isOfFiles } from '../job/job-description.ts';
import type { InputFile } from '../job/input-kinds.ts';
import { onlyOf } from '../shell/only-flag.ts';
import { requireOutsideStore } from '../shell/outside-store.ts';
import { commandLine, type Place, quoted } from '../shell/place.ts';
import type { StoredRun } from '../job/stored-run.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import {
  formatNote,
  joinedFormatOf,
  requireJoinable,
  requirePlace,
  resultFormatOf,
} from '../print/table-formats.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store only: no key, no network. */
export class ResultsCommand extends RunCommand {
  static override readonly paths = [['results']];
  static override readonly usage = Command.Usage({
    description: 'Print the results of a run, one per input row, in input order',
    details: `
      For an unfinished run, use \`--partial\`: it prints the results so far in the order in which rows ended, each with its
      \`sequence\`. \`--after-sequence\` continues after that number. \`--output\` writes the complete file or none, and prints the
      count on stdout.

      The format is JSON lines, or a table with a column per field: CSV, Parquet or Arrow, by \`--format\` or the file name.
      \`--only\` selects rows, \`--columns\` selects columns. \`--join\` writes your input file with columns of the results added;
      \`--failed-inputs\` writes its failed rows. \`--summary\` prints counts instead of results.
    `,
    examples: [
      ['To a file', '$0 results --run-id reviews --output answers.jsonl'],
      ['As a table', '$0 results --run-id reviews --output answers.parquet'],
      [
        'Next to the columns of your input',
        '$0 results --run-id reviews --join reviews.csv --output answered.csv --columns answer=output_text,cost_usd',
      ],
      [
        'Failed rows, with the error',
        '$0 results --run-id reviews --only failed --columns item_id,error_class,error_message --format csv',
      ],
      [
        'Failed input rows, to send them again',
        '$0 results --run-id reviews --failed-inputs failed.csv',
      ],
      ['Counts only', '$0 results --run-id reviews --summary'],
    ],
  });

  readonly output = Option.String('--output', { description: 'File to write (default: stdout)' });
  readonly format = Option.String('--format', {
    description: 'Format: jsonl, csv, parquet or arrow (default: by the file name, else jsonl)',
  });
  readonly excel = Option.Boolean('--excel', false, {
    description:
      'With CSV: write a byte order mark and CRLF, so that Excel reads UTF-8. Texts that begin with = + - @ are not changed',
  });
  readonly only = Option.String('--only', {
    description:
      'Select rows: failed, completed, all (default), or failure classes separated by commas',
  });
  readonly columns = Option.Array('--columns', [], {
    description:
      'Select columns, in this order, separated by commas; name=column renames one (repeatable)',
  });
  readonly join = Option.String('--join', {
    description:
      'File to write with columns of the results added: CSV and JSON lines as they are, others as JSON lines; or, by --format or the name of --output, as CSV, Parquet or Arrow',
  });
  readonly joinBy = Option.String('--join-by', {
    description:
      "With --join: place matches row by row with the run's own input, id matches any file by ids (default: place for the run's own input)",
  });
  readonly idField = Option.String('--id-field', {
    description: 'With --join: column with the ids (default: the --id-field of the run)',
  });
  readonly delimiter = Option.String('--delimiter', {
    description:
      'With --join: between the fields of the file: one character, or tab (default: as the run read its input)',
  });
  readonly encoding = Option.String('--encoding', {
    description: 'With --join: encoding of the file (default: as the run read its input)',
  });
  readonly failedInputs = Option.String('--failed-inputs', {
    description:
      'File to write the failed input rows to, unchanged (with --only: of these classes)',
  });
  readonly summary = Option.Boolean('--summary', false, {
    description:
      "Print counts by failure class with the provider's messages, tokens, cost and the slowest batches",
  });
  readonly partial = Option.Boolean('--partial', false, {
    description: 'Print the results so far, in the order in which rows ended',
  });
  readonly afterSequence = Option.String('--after-sequence', {
    description: 'With --partial: print only results after this sequence',
  });

  readonly include = Option.Array('--include', [], {
    description: "Add to each result: response, the provider's whole response body (repeatable)",
  });

  protected async perform(place: Place): Promise<ExitCode> {
    if (this.summary) return this.summarize(place);
    const isJoin = this.join !== undefined || this.failedInputs !== undefined;
    if (!isJoin && this.joinBy !== undefined)
      throw new CliFailure('--join-by goes with --join', {
        hint: 'It selects how rows are matched.',
      });
    if (!isJoin && this.idField !== undefined)
      throw new CliFailure('--id-field goes with --join', {
        hint: 'It names the ids of its rows.',
      });
    const reading =
      this.delimiter !== undefined
        ? '--delimiter'
        : this.encoding !== undefined
          ? '--encoding'
          : null;
    if (!isJoin && reading !== null)
      throw new CliFailure(`${reading} goes with --join`, {
        hint: 'Results are written as UTF-8, and as CSV with commas.',
      });
    const work = isJoin ? this.joinFile(place) : this.write(place);
    try {
      return await work;
    } catch (error) {
      if (!isBatchorError(error, 'run_not_finished')) throw error;
      throw new CliFailure(error.message, {
        hint: `Finish it: ${commandLine(place, 'wait', this.givenRunId)}${this.partialHint(place)}`,
        exitCode: exitCodes.stopped,
      });
    }
  }

  /** The same command for the results so far; failed rows are final once the run is finished. */
  private partialHint(place: Place): string {
    if (this.failedInputs !== undefined) return '';
    const [what, flags] =
      this.join === undefined
        ? ['print', '']
        : [
            'join',
            ` --join ${quoted(this.join)}${this.output === undefined ? '' : ` --output ${quoted(this.output)}`}`,
          ];
    return `. Or ${what} the results so far: ${commandLine(place, 'results', this.givenRunId, `--partial${flags}`)}`;
  }

  private async write(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, output } = this;
    const choice = { include: extrasOf(this.include), ...this.selection() };
    const chosen = chosenColumnsOf(this.columns);
    const afterSequence = wholeNumber('--after-sequence', this.afterSequence, 0);
    if (afterSequence !== null && !this.partial)
      throw new CliFailure('--after-sequence goes with --partial', {
        hint: 'Results in input order have no cursor.',
      });
    const wanted = resultFormatOf(this.format, output);
    const unnamed = formatNote(this.format, output);
    if (this.excel && wanted !== 'csv')
      throw new CliFailure('--excel goes with CSV', {
        hint: 'Use --output results.csv, or --format csv.',
      });
    if (output !== undefined)
      await requireOutsideStore('--output', output, resolve(context.cwd, output), place);
    const [
      { withRun },
      { bytesOfTable, linesOf, resultPages, writeResults, writeResultsFile },
      format,
    ] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../print/result-lines.ts'),
      columnFormatOf(wanted, { areChosen: chosen !== null, isForExcel: this.excel }),
    ]);
    if (format !== null && output === undefined) requirePlace(format, context.isStdoutTerminal);
    return withRun(place, runId, async ({ run, description }) => {
      const after = this.partial ? (afterSequence ?? 0) : null;
      const bytes =
        format === null
          ? linesOf(resultPages(run, after, choice))
          : await bytesOfTable(run, after, { ...choice, format, chosen });
      if (output === undefined) await writeResults(context.stdout, bytes, context.isStdoutTerminal);
      else {
        const inputs = inputsOf(description);
        if (unnamed !== null) writeNotes(context, [unnamed]);
        await writeJson(context, {
          run_id: runId,
          ...(await writeResultsFile(output, { cwd: context.cwd, inputs }, bytes)),
        });
      }
      return exitCodes.ok;
    });
  }

  /** The user's own rows: with columns of the results, or those that failed. */
  private async joinFile(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, failedInputs } = this;
    const isFailed = failedInputs !== undefined;
    const flag = isFailed ? '--failed-inputs' : '--output';
    this.refuseBeside(isFailed ? '--failed-inputs' : '--join', {
      ...(isFailed
        ? { '--output': this.output, '--columns': this.columns, '--excel': this.excel }
        : {}),
      ...(isFailed ? { '--partial': this.partial } : {}),
      ...(isFailed ? { '--format': this.format } : {}),
      '--after-sequence': this.afterSequence,
    });
    const output = failedInputs ?? this.output;
    const chosen: readonly ChosenColumn[] | null = isFailed ? [] : chosenColumnsOf(this.columns);
    const by =
      this.joinBy === undefined ? undefined : choice('--join-by', this.joinBy, ['place', 'id']);
    const only = this.selection().only ?? (isFailed ? 'failed' : undefined);
    if (output !== undefined)
      await requireOutsideStore(flag, output, resolve(context.cwd, output), place);
    const [
      { withRun },
      { joinResults, matchedFileOf },
      { writeResults, writeResultsFile },
      { readingOf },
      notes,
    ] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../actions/join-results.ts'),
      import('../print/result-lines.ts'),
      import('../job/input-files.ts'),
      import('../print/join-notes.ts'),
    ]);
    const reading = await readingOf({ delimiter: this.delimiter, encoding: this.encoding });
    return withRun(place, runId, async ({ run, description }: StoredRun) => {
      const { cwd } = context;
      if (
        output !== undefined &&
        isFailed &&
        this.join === undefined &&
        (description === null || !isOfFiles(description))
      )
        return this.writeRequests(run, { output, flag, only: only ?? 'failed', place });
      const typed = (given: string, rest = ''): string =>
        commandLine(
          place,
          'results',
          runId,
          `--join ${quoted(given)} ${flag} ${quoted(output ?? 'FILE')} ${rest}`.trimEnd(),
        );
      const { fingerprint } = run.snapshot().config.source;
      const flags = { given: this.join, by, idField: this.idField, reading };
      const file = await matchedFileOf(flags, description, { cwd, runId, fingerprint, typed });
      const format = await this.joinedFormat(file.input, flag, output);
      const byIdHint = `Match its rows by their ids: ${typed(file.input.given, '--join-by id')}`;
      const options = {
        file,
        columns: chosen,
        format,
        only,
        include: extrasOf(this.include),
        byIdHint,
        tableHint: `Write the results as a table, and join it by item_id: ${commandLine(place, 'results', runId, '--output results.parquet')}`,
        isForExcel: this.excel,
        isPartial: this.partial,
      };
      const joined = await joinResults(run, options);
      try {
        writeNotes(
          context,
          notes.before(joined, {
            file,
            runId,
            output: isFailed ? (output ?? null) : null,
            isForExcel: this.excel,
          }),
        );
        if (output === undefined)
          await writeResults(context.stdout, joined, context.isStdoutTerminal);
        else {
          const inputs = [...inputsOf(description), file.input.absolute];
          await writeJson(context, {
            run_id: runId,
            ...(await writeResultsFile(output, { cwd, inputs, flag }, joined)),
          });
        }
      } finally {
        await joined.close();
      }
      writeNotes(context, notes.after(joined.totals(), file.input.given));
      return exitCodes.ok;
    });
  }

  /** Null: as the file is, or as JSON lines. */
  private async joinedFormat(input: InputFile, flag: string, output: string | undefined) {
    const { format, excel, context } = this;
    const wanted = joinedFormatOf({ flag, output, format, isForExcel: excel }, input);
    const table = wanted === null ? null : await joinedTableFormat(wanted, excel);
    if (table !== null && output === undefined) requirePlace(table, context.isStdoutTerminal);
    return table;
  }

  /** A run without an input file has the requests of its rows. */
  private async writeRequests(
    run: Run,
    asked: { output: string; flag: string; only: ResultSelection; place: Place },
  ): Promise<ExitCode> {
    const { output, flag, only, place } = asked;
    const { context, givenRunId: runId } = this;
    const { failedRequests } = await import('../actions/failed-requests.ts');
    const { writeResultsFile } = await import('../print/result-lines.ts');
    requireJoinable({ flag, output }, { given: `run ${runId}`, absolute: '', kind: 'jsonl' });
    const requests = await failedRequests(run, only);
    if (requests.emptyReason !== null) {
      await writeJson(context, { run_id: runId, ...requests.totals() });
      writeNotes(context, [`batchor: ${output} is not written: ${requests.emptyReason}`]);
      return exitCodes.ok;
    }
    const to = { cwd: context.cwd, inputs: [], flag };
    await writeJson(context, {
      run_id: runId,
      ...(await writeResultsFile(output, to, requests)),
    });
    const { skipped_count: skipped = 0 } = requests.totals();
    writeNotes(context, [
      `batchor: ${output} is a prepared batch file: run ${runId} has requests and no input file. Its answers are billed again: batchor start --input ${quoted(output)}${requests.flags}${place.storeFlag}`,
      ...(skipped === 0
        ? []
        : [
            `batchor: ${String(skipped)} rows are left out: they were not valid, and have no request`,
          ]),
    ]);
    return exitCodes.ok;
  }

  private selection(): { readonly only?: ResultSelection } {
    return this.only === undefined
      ? {}
      : { only: onlyOf(this.only, ['failed', 'completed', 'all']) };
  }

  private refuseBeside(flag: string, others: Readonly<Record<string, unknown>>): void {
    const odd = Object.entries(others).find(([, value]) =>
      Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false,
    );
    if (odd === undefined) return;
    throw new CliFailure(`${flag} and ${odd[0]} exclude each other`, {
      hint:
        flag === '--summary'
          ? 'A summary covers all results so far.'
          : `See the examples: batchor results --help`,
    });
  }

  /** The table goes to stderr, so that stdout stays data. */
  private async summarize(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    this.refuseBeside('--summary', {
      '--output': this.output,
      '--format': this.format,
      '--excel': this.excel,
      '--partial': this.partial,
      '--include': this.include,
      '--only': this.only,
      '--columns': this.columns,
      '--join': this.join,
      '--failed-inputs': this.failedInputs,
    });
    const [{ withRun }, { reportTable }, { toWire }] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../print/report-table.ts'),
      import('../../lib/run/view/wire.ts'),
    ]);
    const report = await withRun(place, runId, ({ run }) => run.report());
    await writeJson(context, toWire(report));
    writeNotes(context, reportTable(report));
    return exitCodes.ok;
  }
}

/** Files that no result may be written over. */
const inputsOf = (description: Description | null): readonly string[] =>
  description !== null && isOfFiles(description)
    ? description.inputs.map((input) => input.absolute)
    : [];

const extrasOf = (names: readonly string[]): readonly ResultExtra[] =>
  names.map((name) => {
    if (name !== 'response')
      throw new CliFailure(`--include must be response (got ${JSON.stringify(name)})`, {
        hint: 'All other fields are always included.',
      });
    return name;
  });
