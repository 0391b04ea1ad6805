import type { Readable } from 'node:stream';
import type { RunConfig, TokenPrices } from '../../lib/core/model/config.ts';
import { onlyOf } from '../shell/only-flag.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import { endpointOf } from '../compose.ts';
import { type CliProvider, cliProvider, openaiProvider } from './providers.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import { CliFailure } from '../shell/failure.ts';
import { params, required, wholeNumber } from '../shell/flags.ts';
import { findRequests, findUnnamed, requireRequests } from './batch-file.ts';
import { preparedIdField } from './prepared-row.ts';
import { inputFilesOf, requireInput } from './input-files.ts';
import { type InputFile, standardInput } from './input-kinds.ts';
import type {
  Description,
  EarlierDescription,
  JobDescription,
  Reached,
} from './job-description.ts';
import { type ModuleExport, parseModuleExport } from '../shell/load-module.ts';
import { policiesOf, type PolicyFlags } from './policy-flags.ts';
import { type SchemaFlags, schemaSourceOf } from './schema-source.ts';
import { requireIdField } from './id-field.ts';
import { rowFlags, flagsSetByLines, jobFlags } from './start-flag-names.ts';
import { withBound } from './prepared-bound.ts';
import { promptOf, systemPromptOf } from './prompt-flags.ts';
import { parseTemplate } from './template.ts';

/** The flags of `start` and `quote` that describe the job, as typed. */
export interface StartFlags extends PolicyFlags, SchemaFlags {
  readonly job: string | undefined;
  readonly fromRun: string | undefined;
  readonly only: string | undefined;
  readonly input: readonly string[];
  readonly inputFormat: string | undefined;
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly encoding: string | undefined;
  readonly jsonPath: string | undefined;
  readonly maxRowBytes: string | undefined;
  readonly namespaceIds: boolean | undefined;
  readonly idField: string | undefined;
  readonly promptField: string | undefined;
  readonly messagesField: string | undefined;
  readonly promptTemplate: string | undefined;
  readonly systemPrompt: string | undefined;
  readonly metadataField: readonly string[];
  readonly keepColumns: boolean;
  readonly limit: string | undefined;
  readonly model: string | undefined;
  readonly endpoint: string | undefined;
  readonly param: readonly string[];
  readonly completionWindow: string | undefined;
}

export interface JobPlace {
  readonly cwd: string;
  readonly stdin: Readable;
  /** Prints a note about a detected setting. */
  readonly note: (line: string) => void;
  /** The address of the service, as it is stored with the run. */
  readonly reach: Reached;
  readonly book: PriceBook | undefined;
  /** The config of an earlier run of the store. */
  readonly configOf: (runId: string) => Promise<RunConfig>;
}

/** The job that the flags describe. Throws a `CliFailure` that names the first invalid flag. */
export const describeJob = async (
  flags: StartFlags,
  { cwd, stdin, note, reach, book, configOf }: JobPlace,
): Promise<Description> => {
  if (flags.job !== undefined)
    return { version: 1, job: moduleOf(flags, flags.job, cwd), ...reach };
  if (flags.fromRun !== undefined)
    return describeEarlier(flags, flags.fromRun, { cwd, reach, book, configOf });
  if (flags.only !== undefined)
    throw new CliFailure('--only goes with --from-run', { hint: 'It selects rows of that run.' });
  requireInput(flags.input);
  const provider = cliProvider(reach.provider);
  // Prepared files are in OpenAI's format.
  if (provider === openaiProvider && mayBePrepared(flags)) {
    const prepared = await describePrepared(flags, { cwd, stdin, note, reach, book });
    if (prepared !== null) return prepared;
  }
  if (provider !== openaiProvider && isDeclaredPrepared(flags))
    throw new CliFailure(`--input-format openai-batch: ${provider.title} takes no such requests`, {
      hint: 'Read the lines as rows: --input-format jsonl, with --prompt-field or --prompt-template.',
    });
  const endpoint = await endpointOf(flags.endpoint ?? provider.endpoint, provider.name);
  if (flags.keepColumns && flags.metadataField.length > 0)
    throw new CliFailure('--keep-columns and --metadata-field exclude each other', {
      hint: '--keep-columns copies every column.',
    });
  const model = required('--model', flags.model, `Name the model, e.g. --model ${provider.model}`);
  const rest: Omit<JobDescription, 'inputs'> = {
    version: 1,
    namespacesIds: flags.namespaceIds ?? null,
    idField: requireIdField(flags),
    prompt: promptOf(flags, endpoint),
    systemPrompt: systemPromptOf(flags.systemPrompt, endpoint),
    refusesObjects: true,
    refusesMessageTexts: true,
    keepsDigits: true,
    keepsLetters: true,
    metadataFields: [...new Set(flags.metadataField)],
    keepsColumns: flags.keepColumns,
    rowsMax: wholeNumber('--limit', flags.limit),
    model,
    endpoint,
    params: params(flags.param),
    completionWindow: completionWindowOf(flags.completionWindow ?? '24h', provider),
    structuredOutput: schemaSourceOf(flags, cwd),
    schemaName: flags.schemaName ?? null,
    ...reach,
    policies: policiesOf(flags, priceOf(book, model, provider)),
  };
  // Standard input is read only after all other checks.
  return {
    ...rest,
    inputs: await inputFilesOf(flags, {
      cwd,
      stdin,
      idField: rest.idField,
      otherFields: [flags.promptField, ...rest.metadataFields].filter(
        (field) => field !== undefined,
      ),
      note,
    }),
  };
};

const isDeclaredPrepared = ({ inputFormat }: StartFlags): boolean => inputFormat === 'openai-batch';
const mayHoldRequests = /\.(?:jsonl|ndjson|json)(?:\.gz|\.zst)?$/iu;
/**
 * Files whose names say JSON may hold whole requests, whatever other flags say, and so may standard
 * input.
 */
const mayBePrepared = (flags: StartFlags): boolean =>
  isDeclaredPrepared(flags) ||
  flags.input.every(
    (input) =>
      mayHoldRequests.test(input) ||
      (input === standardInput && !['csv', 'parquet', 'arrow'].includes(flags.inputFormat ?? '')),
  );

/**
 * A file of requests in OpenAI's batch format; null: the file has another format and was not
 * declared as one.
 */
const describePrepared = async (
  flags: StartFlags,
  { cwd, stdin, note, reach, book }: Omit<JobPlace, 'configOf'>,
): Promise<JobDescription | null> => {
  if (isDeclaredPrepared(flags))
    refuseBeside('--input-format openai-batch', flags, flagsSetByLines, setByLines);
  const notes: string[] = [];
  const inputs = await inputFilesOf(flags, {
    cwd,
    stdin,
    idField: preparedIdField,
    note: (line) => notes.push(line),
  });
  const found = await requestsIn(flags, inputs);
  if (found === null) return null;
  const { url, model, endpoint } = found;
  const policies = policiesOf(flags, priceOf(book, model));
  notes.forEach(note);
  note(
    `batchor: ${inputs[0]?.given ?? ''}: a prepared batch file: its bodies go to ${url} letter by letter, for ${model}`,
  );
  return {
    version: 1,
    inputs,
    namespacesIds: flags.namespaceIds ?? null,
    idField: preparedIdField,
    prompt: { type: 'prepared', url },
    systemPrompt: null,
    refusesObjects: true,
    refusesMessageTexts: true,
    keepsDigits: true,
    keepsLetters: true,
    metadataFields: [],
    keepsColumns: false,
    rowsMax: wholeNumber('--limit', flags.limit),
    model,
    endpoint,
    params: {},
    completionWindow: completionWindowOf(flags.completionWindow ?? '24h'),
    structuredOutput: null,
    schemaName: null,
    ...reach,
    policies: await withBound(policies, inputs, { endpoint, cwd }),
  };
};

const setByLines = 'Each line of the file sets it.';

/**
 * The requests of the files; null: the rows are to be read by the flags. Throws for requests beside
 * flags that each of them sets.
 */
const requestsIn = async (
  flags: StartFlags,
  inputs: readonly InputFile[],
): Promise<Awaited<ReturnType<typeof requireRequests>> | null> => {
  if (isDeclaredPrepared(flags)) return requireRequests(inputs);
  const given = flagsSetByLines.filter((name) => !isAbsent(flags[name]));
  const found = await findRequests(inputs).catch((error: unknown) => {
    // Read by the fields that the flags name, the file may be as it should.
    if (given.length > 0 && error instanceof SourceError) return null;
    throw error;
  });
  const name = inputs[0]?.given ?? '';
  if (found !== null && flags.inputFormat !== undefined) {
    refuseBody(name, flags);
    return null;
  }
  if (found?.type === 'unusable') throw found.failure;
  if (found !== null) {
    const [first] = given;
    if (first === undefined) return found;
    throw new CliFailure(`${name} is a prepared batch file, which excludes ${flagName(first)}`, {
      hint: `${setByLines} To read the lines as rows of your own: --input-format jsonl.`,
      retype: { says: 'To send the requests as they are', without: given.map(flagName) },
    });
  }
  const unnamed =
    given.length > 0 || flags.inputFormat !== undefined ? null : await findUnnamed(inputs);
  if (unnamed !== null) throw unnamed.failure;
  return null;
};

/** A whole request as the text of a prompt is a mistake. */
const refuseBody = (name: string, { promptField, promptTemplate }: StartFlags): void => {
  const flag =
    promptField === 'body'
      ? '--prompt-field'
      : promptTemplate !== undefined && parseTemplate(promptTemplate).fields.includes('body')
        ? '--prompt-template'
        : null;
  if (flag === null) return;
  throw new CliFailure(
    `${name} is a prepared batch file: ${flag} would send the JSON of each body as one message`,
    {
      retype: {
        says: 'To send the requests as they are',
        without: ['--input-format', ...flagsSetByLines.map(flagName)],
      },
    },
  );
};

/** Rows of an earlier run, at its endpoint; its model, unless another one is named. */
const describeEarlier = async (
  flags: StartFlags,
  runId: string,
  { cwd, reach, book, configOf }: Omit<JobPlace, 'stdin' | 'note'>,
): Promise<EarlierDescription> => {
  refuseBeside('--from-run', flags, rowFlags, 'The rows and prompts come from that run.');
  if (flags.endpoint !== undefined)
    throw new CliFailure('--from-run and --endpoint exclude each other', {
      hint: 'The requests use the endpoint of that run.',
    });
  const { provider } = await configOf(runId);
  const model = flags.model ?? provider.model;
  return {
    version: 1,
    earlier: { runId, only: onlyOf(flags.only ?? 'failed', ['failed', 'all']) },
    keepsLetters: true,
    model,
    endpoint: provider.endpoint,
    params: params(flags.param),
    completionWindow: completionWindowOf(flags.completionWindow ?? provider.completionWindow),
    structuredOutput: schemaSourceOf(flags, cwd),
    schemaName: flags.schemaName ?? null,
    ...reach,
    policies: policiesOf(flags, priceOf(book, model)),
  };
};

/** Refuses the first of these flags that was given. */
const isAbsent = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : value === undefined || value === false;

export const refuseBeside = (
  flag: string,
  flags: StartFlags,
  others: readonly (keyof StartFlags)[],
  hint: string,
): void => {
  const first = others.find((name) => {
    return !isAbsent(flags[name]);
  });
  if (first !== undefined)
    throw new CliFailure(`${flag} and ${flagName(first)} exclude each other`, { hint });
};

/** The job module sets all of the job. */
const moduleOf = (flags: StartFlags, job: string, cwd: string): ModuleExport => {
  refuseBeside('--job', flags, jobFlags, 'The module sets it: change it there.');
  return parseModuleExport('--job', job, cwd, 'default');
};

/** The price to store with the run, so that every process uses the same price. */
export const priceOf = (
  book: PriceBook | undefined,
  model: string,
  { name }: CliProvider = openaiProvider,
): TokenPrices | null => book?.({ kind: name, connection: name, model }) ?? null;

export const completionWindowOf = (
  text: string,
  { title }: CliProvider = openaiProvider,
): string => {
  if (/^[1-9]\d*[hd]$/u.test(text)) return text;
  throw new CliFailure(
    `--completion-window must be a duration, e.g. 24h (got ${JSON.stringify(text)})`,
    {
      hint: `${title} takes only 24h.`,
    },
  );
};

const flagName = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
