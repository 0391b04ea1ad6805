import { isJsonObject, type JsonObject } from '../lib/core/json.ts';
import type { SourceEntry } from '../lib/ports/source.ts';
import { CliFailure } from './failure.ts';
import { firstEntries } from './inputs.ts';
import { isBatchorError } from '../lib/run/errors.ts';
import { moneyOf } from '../lib/run/job-limits.ts';
import type { AnyJob } from '../lib/run/job.ts';
import { type CliJob, openInputs } from './job.ts';
import { type Description, isOfModule, isOfRun, type JobDescription } from './job-description.ts';
import { namedFields, namesOf } from './rows.ts';

/** Looks at the first rows of every input before anything is created: a file without rows, or a flag that names no field of it, is a mistake. */
export const checkInputs = async (description: Description, cwd: string, signal: AbortSignal): Promise<void> => {
  // What a job's own code reads, it names itself.
  if (isOfModule(description) || isOfRun(description)) return;
  const files = await openInputs(description, cwd);
  for (const file of files) {
    const entries = await firstEntries(file, signal);
    if (entries.length === 0) throw new CliFailure(`${file.ref} has no rows`, { hint: 'Give it rows, or take it out of the command.' });
    checkFields(description, file.ref, file.kind, entries);
  }
};

/** A field that the header lacks, or that not one of the first rows has. One row without it is a bad row, and the run's to judge. */
const checkFields = (description: JobDescription, ref: string, kind: string, entries: readonly SourceEntry[]): void => {
  const rows = entries.flatMap((entry): readonly JsonObject[] =>
    'item' in entry && isJsonObject(entry.item.payload) ? [entry.item.payload] : [],
  );
  const [first] = rows;
  if (first === undefined) return checkId(description, ref, entries);
  for (const { flag, field } of namedFields(description)) {
    if (rows.some((row) => Object.hasOwn(row, field))) continue;
    const what = kind === 'csv' ? 'the header has no such column' : `none of the first ${rows.length} rows has such a field`;
    throw new CliFailure(`${ref}: ${flag} names ${JSON.stringify(field)}, but ${what}`, { hint: `There are ${namesOf(first)}.` });
  }
};

/** Not one row can be an item, and all for want of the same id: the flag is wrong, not the rows. */
const checkId = ({ idField }: JobDescription, ref: string, entries: readonly SourceEntry[]): void => {
  const isMissing = (entry: SourceEntry): boolean =>
    'bad' in entry && entry.bad.field === idField && entry.bad.reason.endsWith('is missing');
  if (entries.every(isMissing)) {
    throw new CliFailure(
      `${ref}: --id-field names ${JSON.stringify(idField)}, but none of the first ${entries.length} rows has such a field`,
    );
  }
};

/** A cap that nobody could keep, or a limit that cannot be raised, is refused before anything exists, with the flags that are missing. */
export const checkCap = (job: CliJob): void => {
  try {
    moneyOf(job as unknown as AnyJob, undefined);
  } catch (error) {
    if (isBatchorError(error, 'price_unknown'))
      throw new CliFailure(error.message, { hint: `Give its price: --prices FILE. Or leave --max-cost out. Nothing was begun.` });
    const bound = `--param ${boundOf[job.providerConfig.endpoint] ?? 'max_tokens'}=`;
    if (isBatchorError(error, 'invalid_config') && error.details.field === 'retryPolicy.raiseOutputTokensTo')
      throw new CliFailure(error.message.replace(/^retryPolicy\.raiseOutputTokensTo/u, '--raise-output-tokens-to'), {
        hint: `Give the limit of the first attempt, a lower one, e.g. ${bound}300. Nothing was begun.`,
      });
    if (isBatchorError(error, 'invalid_config'))
      throw new CliFailure(`--max-cost: an answer of ${job.providerConfig.model} may have any length, so that the cap cannot be kept`, {
        hint: `Bound it, e.g. ${bound}1000, or say how long an answer is at most: --assume-output-tokens N. Nothing was begun.`,
      });
    throw error;
  }
};

const boundOf: Readonly<Record<string, string>> = { responses: 'max_output_tokens', 'chat.completions': 'max_completion_tokens' };
