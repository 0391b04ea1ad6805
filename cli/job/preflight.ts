import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { findDelimiter } from '../compose-files.ts';
import { rendererOf } from '../compose.ts';
import { isTooLong, needsEncoding } from '../shell/file-flags.ts';
import { CliFailure } from '../shell/failure.ts';
import { quoted } from '../shell/quoted.ts';
import { firstEntries } from './inputs.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import { moneyOf, raisedOf } from '../../lib/run/job/job-limits.ts';
import { sourceOf } from '../../lib/run/job/job-source.ts';
import { structuredOutputOf } from '../../lib/run/job/job-structure.ts';
import type { AnyJob } from '../../lib/run/job/job.ts';
import { type CliJob, openInputs } from './job.ts';
import {
  type Description,
  isOfBatches,
  isOfFiles,
  isOfModule,
  isOfRun,
  type JobDescription,
} from './job-description.ts';
import { namedFields, namesOf } from './rows.ts';

/**
 * Checks the first rows of every input before anything is created: throws for a file without rows
 * and for a flag that names no field.
 */
export const checkInputs = async (
  description: Description,
  cwd: string,
  signal: AbortSignal,
): Promise<void> => {
  // The source of a job module reports its own errors.
  if (isOfModule(description) || isOfRun(description) || isOfBatches(description)) return;
  const files = await openInputs(description, cwd);
  for (const file of files) {
    const entries = await firstEntries(file, signal);
    if (entries.length === 0)
      throw new CliFailure(`${file.ref} has no rows`, {
        hint: 'Add rows, or remove it from the command.',
      });
    if (description.policies.badRows !== 'record') {
      checkReading(entries);
      await checkLines(description, file, entries, { cwd, signal });
    }
    checkFields(description, file.ref, file.kind, entries);
  }
};

/**
 * A run cannot change how it reads a file, so a wrong encoding or length is found before the run
 * exists.
 */
const checkReading = (entries: readonly SourceEntry[]): void => {
  for (const entry of entries) {
    if (!('bad' in entry)) continue;
    const { reason, location } = entry.bad;
    if (needsEncoding(reason) || isTooLong(reason))
      throw new CliFailure(`${location.ref}:${location.line ?? ''}: ${reason}`);
  }
};

/** Throws for a file that is not JSON lines: one JSON text over several lines, or a list on one. */
const checkLines = async (
  description: JobDescription,
  { kind, ref }: { readonly kind: string; readonly ref: string },
  [first]: readonly SourceEntry[],
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<void> => {
  const input = description.inputs.find(({ given }) => given === ref);
  if (
    (kind !== 'jsonl' && kind !== 'json') ||
    input === undefined ||
    first === undefined ||
    !('bad' in first) ||
    !/^the (?:line|value) is (?:not JSON|an array)/u.test(first.bad.reason)
  )
    return;
  const { idField } = description;
  if ((await findDelimiter({ ...input, kind: 'csv' }, idField)) !== null)
    throw new CliFailure(
      `${ref}: it is CSV, not ${kind === 'json' ? 'JSON' : 'JSON lines'}. Read it as CSV (--input-format csv)`,
    );
  if (kind === 'json') return;
  const [asJson] = await openInputs({ ...description, inputs: [{ ...input, kind: 'json' }] }, cwd);
  const rows = asJson === undefined ? [] : await firstEntries(asJson, signal).catch(() => []);
  if (rows[0] === undefined || !('item' in rows[0])) return;
  throw new CliFailure(
    `${ref}: it is one JSON text, not JSON lines. Read it as JSON (--input-format json)`,
  );
};

/** Of the metadata of results. */
const lineageKey = 'batchor_lineage';

/**
 * Throws for a field that the header or all first rows lack. A single row without it is a bad row,
 * which the run handles.
 */
const checkFields = (
  description: JobDescription,
  ref: string,
  kind: string,
  entries: readonly SourceEntry[],
): void => {
  const rows = entries.flatMap((entry): readonly JsonObject[] =>
    'item' in entry && isJsonObject(entry.item.payload) ? [entry.item.payload] : [],
  );
  const [first] = rows;
  if (first === undefined) return checkId(description, ref, entries);
  const flagOfMetadata = description.keepsColumns ? '--keep-columns' : '--metadata-field';
  const isKept = description.keepsColumns || description.metadataFields.includes(lineageKey);
  if (isKept && rows.some((row) => Object.hasOwn(row, lineageKey)))
    throw new CliFailure(
      `${ref}: ${flagOfMetadata} would keep the field "${lineageKey}", but results tell the origin of a row under that name`,
      {
        hint: 'Rename the field in the input. Or keep other fields by name: --metadata-field NAME.',
      },
    );
  for (const { flag, field } of namedFields(description)) {
    if (rows.some((row) => Object.hasOwn(row, field))) continue;
    const what =
      kind === 'csv'
        ? 'the header has no such column'
        : `none of the first ${rows.length} rows has such a field`;
    throw new CliFailure(`${ref}: ${flag} names ${JSON.stringify(field)}, but ${what}`, {
      hint: `There are ${namesOf(first)}.${pathHint(first, field, ref)}`,
    });
  }
};

/** For a name like a path, `meta.a`, where the row has an object of its first part. */
const pathHint = (row: JsonObject, field: string, ref: string): string => {
  const [outer = '', ...path] = field.split('.');
  if (path.length === 0 || !Object.hasOwn(row, outer)) return '';
  const whole = quoted(`{{${outer}}}`);
  const lifted = /\.(?:jsonl|ndjson)$/iu.test(ref)
    ? ` Or lift the value into a field of its own: ${liftedBy(ref, [outer, ...path], freeName(row))} > lifted.jsonl.`
    : ' Or build the prompt in a job module (--job).';
  return ` A name is one field, not a path into ${JSON.stringify(outer)}: --prompt-template ${whole} inserts all of it as JSON.${lifted}`;
};

const freeName = (row: JsonObject, name = 'value'): string =>
  Object.hasOwn(row, name) ? freeName(row, `${name}_`) : name;

/** A command that adds a field to each line and leaves its other bytes as they are. */
const liftedBy = (ref: string, path: readonly string[], name: string): string => {
  const value = `json.loads(l, parse_float=str)${path.map((each) => `[${JSON.stringify(each)}]`).join('')}`;
  const field = `b"{" + json.dumps({${JSON.stringify(name)}: ${value}}).encode()[1:-1] + b", "`;
  const program = `import json, sys; sys.stdout.buffer.writelines(l.strip().replace(b"{", ${field}, 1) + bytes([10]) for l in sys.stdin.buffer if l.strip())`;
  return `python3 -c ${quoted(program)} < ${quoted(ref)}`;
};

/** Throws if all first rows lack the id: then the flag is wrong, not the rows. */
const checkId = (
  { idField }: JobDescription,
  ref: string,
  entries: readonly SourceEntry[],
): void => {
  const isMissing = (entry: SourceEntry): boolean =>
    'bad' in entry && entry.bad.field === idField && entry.bad.reason.endsWith('is missing');
  if (entries.every(isMissing)) {
    throw new CliFailure(
      `${ref}: --id-field names ${JSON.stringify(idField)}, but none of the first ${entries.length} rows has such a field`,
    );
  }
};

/** Number of rows rendered to check that they fit into a batch. */
const sizedRows = 20;

/**
 * Throws if each of the first rows has a request larger than the byte limit of a batch: every row
 * would fail. Notes if only some are larger.
 */
export const checkRowSizes = async (
  description: Description,
  job: CliJob,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<void> => {
  const bytesMax = job.chunkPolicy?.maxFileBytes ?? null;
  // The source of a job module may be readable only once.
  if (bytesMax === null || isOfModule(description) || isOfRun(description)) return;
  const sizes = await requestSizes(job, signal);
  const large = sizes.filter(({ bytes }) => bytes > bytesMax);
  const [first] = large;
  if (first === undefined) return;
  const what = `--max-bytes-per-batch ${bytesMax} is too small for one request: the request of ${JSON.stringify(first.itemId)} has ${first.bytes} bytes`;
  if (large.length === sizes.length)
    throw new CliFailure(what, {
      hint: `Raise it, or omit it (default: the provider's limit). Nothing was started.`,
    });
  note(
    `batchor: ${what}. Such rows fail without being sent (request_too_large): ${large.length} of the first ${sizes.length}`,
  );
};

const requestSizes = async (
  job: CliJob,
  signal: AbortSignal,
): Promise<readonly { readonly itemId: string; readonly bytes: number }[]> => {
  const erased = job as unknown as AnyJob;
  const render = await rendererOf(job.providerConfig, structuredOutputOf(erased), raisedOf(erased));
  const { items, buildPrompt } = sourceOf(erased);
  const sizes: { readonly itemId: string; readonly bytes: number }[] = [];
  for (const entry of await firstEntries(items, signal)) {
    if (sizes.length === sizedRows) break;
    if ('bad' in entry) continue;
    const made = render('r00000000-0', await buildPrompt(entry.item));
    if ('line' in made)
      sizes.push({ itemId: entry.item.itemId, bytes: Buffer.byteLength(made.line) });
  }
  return sizes;
};

/**
 * Throws for a cost cap that cannot be kept, or a limit that cannot be raised, before anything
 * exists; names the missing flags.
 */
export const checkCap = (job: CliJob, description: Description): void => {
  try {
    moneyOf(job as unknown as AnyJob, undefined);
  } catch (error) {
    if (isBatchorError(error, 'price_unknown'))
      throw new CliFailure(error.message, {
        hint: `Give its price: --prices FILE. Or omit --max-cost. Nothing was started.`,
      });
    const bound = `--param ${boundOf[job.providerConfig.endpoint] ?? 'max_tokens'}=`;
    if (
      isBatchorError(error, 'invalid_config') &&
      error.details.field === 'retryPolicy.raiseOutputTokensTo'
    )
      throw new CliFailure(
        error.message.replace(/^retryPolicy\.raiseOutputTokensTo/u, '--raise-output-tokens-to'),
        {
          hint: `Give a lower limit for the first attempt, e.g. ${bound}300. Nothing was started.`,
        },
      );
    if (isBatchorError(error, 'invalid_config'))
      throw new CliFailure(
        hasOwnBodies(description)
          ? `--max-cost: requests without an output limit (${boundOf[job.providerConfig.endpoint] ?? 'max_tokens'}) may have answers of any length, so the cap cannot be kept`
          : `--max-cost: an answer of ${job.providerConfig.model} may have any length, so the cap cannot be kept`,
        {
          hint: hasOwnBodies(description)
            ? 'Give the maximum length of an answer: --assume-output-tokens N. Nothing was started.'
            : `Limit it, e.g. ${bound}1000, or give the maximum length of an answer: --assume-output-tokens N. Nothing was started.`,
        },
      );
    throw error;
  }
};

/** Their parameters come from elsewhere, so that `--param` is refused. */
const hasOwnBodies = (description: Description): boolean =>
  isOfBatches(description) || (isOfFiles(description) && description.prompt.type === 'prepared');

const boundOf: Readonly<Record<string, string>> = {
  responses: 'max_output_tokens',
  'chat.completions': 'max_completion_tokens',
};
