import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import type { ProviderConfig } from '../../lib/ports/provider.ts';
import type { CheckpointedItemSource } from '../../lib/ports/source.ts';
import type { AdoptingJob, BatchJob } from '../../lib/run/job/job.ts';
import type { EarlierItem } from '../../lib/run/sources/run-source.ts';
import type { BatchRunner } from '../../lib/run/api/runner.ts';
import type { StructuredOutput } from '../../lib/schema/types.ts';
import { fileSource } from '../compose-files.ts';
import { carriedConnection, providerConfigOf } from '../compose.ts';
import { CliFailure } from '../shell/failure.ts';
import { type InputFile, standardInput } from './input-kinds.ts';
import { inputsSource, renamed } from './inputs.ts';
import {
  type Description,
  type EarlierDescription,
  type BatchesDescription,
  isOfBatches,
  isOfModule,
  isOfRun,
  type JobDescription,
  type ModuleDescription,
  doesNamespaceIds,
} from './job-description.ts';
import { withMembers } from '../../lib/core/json/json-members.ts';
import { bringConnection, loadExportOf } from '../shell/load-module.ts';
import { policyOptions } from './policy-flags.ts';
import { loadSchema } from './schema-source.ts';
import type { CliPrompt } from './prompt.ts';
import { rowMapper } from './rows.ts';

export type CliJob = BatchJob<
  CliPrompt,
  JsonObject,
  StructuredOutput | undefined,
  ProviderConfig<CliPrompt, unknown>
>;

/** The job of a description. Equal descriptions make equal jobs, in any process and folder. */
export const jobOf = (
  description: Description,
  cwd: string,
  runs: Runs | null,
  note?: Note,
): Promise<CliJob> => {
  if (isOfModule(description)) return jobOfModule(description);
  if (isOfBatches(description)) return jobOfBatches(description);
  return isOfRun(description)
    ? jobOfRun(description, runs, note)
    : jobOfFlags(description, cwd, note);
};

type AnySource = CheckpointedItemSource<unknown, JsonObject>;

/** Prints what reading finds, once. */
type Note = (line: string) => void;

/** The store of earlier runs; null: no store. */
export type Runs = Pick<BatchRunner, 'getRun'>;

/**
 * The rows of an earlier run with their requests; flags of this start override those of that run.
 */
const jobOfRun = async (
  description: EarlierDescription,
  runs: Runs | null,
  note: Note = () => undefined,
): Promise<CliJob> => {
  const { runId, only } = description.earlier;
  if (runs === null)
    throw new CliFailure('--from-run needs the store of that run', {
      hint: 'Use start; quote reads only input files.',
    });
  const earlier = await runs.getRun(runId);
  const { badRowCount } = earlier.summary();
  if (badRowCount > 0 && typeof only === 'string' && earlier.isFinished)
    note(
      `batchor: ${badRowCount === 1 ? '1 bad row' : `${badRowCount} bad rows`} of run ${runId} (invalid_row) ${badRowCount === 1 ? 'is' : 'are'} left out, since bad rows never had a request: \`batchor results --run-id ${runId} --only invalid_row\``,
    );
  const { structuredOutput, jobName, provider } = earlier.snapshot().config;
  const { model } = provider;
  const given = Object.keys(description.params);
  // Parameters and model of this start are put behind what stays.
  const changes = new Map<string, null>(
    [...given, ...(description.model === model ? [] : ['model'])].map((key) => [key, null]),
  );
  const asThen =
    structuredOutput === null
      ? {}
      : { structuredOutput: structuredOutput.jsonSchema, schemaName: structuredOutput.schemaName };
  return {
    name: jobName,
    source: earlier.source({ only, keepsText: description.keepsLetters === true }) as AnySource,
    buildPrompt: ({ payload }) => {
      const { body, bodyText } = payload as EarlierItem;
      if (bodyText !== undefined) return { bodyText: withMembers(bodyText, changes) };
      return {
        body: Object.fromEntries(Object.entries(body).filter(([key]) => !given.includes(key))),
      };
    },
    providerConfig: await providerConfigOf(description),
    promptDescription: { from_run: runId, only },
    ...(description.structuredOutput === null
      ? asThen
      : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    ...policyOptions(description.policies),
  } as CliJob;
};

/** The requests of these batches, unchanged. */
const jobOfBatches = async (description: BatchesDescription): Promise<CliJob> => {
  const { adopted, endpoint, model, policies } = description;
  const { canary: _, badRows: __, reusePolicy: ___, ...options } = policyOptions(policies);
  const job: AdoptingJob<StructuredOutput | undefined, ProviderConfig<CliPrompt, unknown>> = {
    name: adopted[0]?.providerBatchId ?? 'batches',
    fromBatches: { endpoint, model, batches: adopted },
    retryAdopted: policies.retriesAdopted === true,
    providerConfig: await providerConfigOf(description),
    ...(description.structuredOutput === null
      ? {}
      : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    ...options,
  };
  // The runner tells this job from a job of rows.
  return job as unknown as CliJob;
};

/** The job that the module exports. The runner checks its shape. */
const jobOfModule = async ({ job: place }: ModuleDescription): Promise<CliJob> => {
  const job = await loadExportOf('--job', place);
  if (
    isJsonObject(job) &&
    typeof job['buildPrompt'] === 'function' &&
    isJsonObject(job['providerConfig'])
  ) {
    const own = carriedConnection(job['providerConfig']);
    if (own !== undefined) bringConnection('--job', place, own);
    return job as unknown as CliJob;
  }
  throw new CliFailure(`--job ${place.given}: its export ${place.export} is not a job`, {
    hint: 'Export a job: export default defineJob({ source, buildPrompt, providerConfig })',
  });
};

const jobOfFlags = async (
  description: JobDescription,
  cwd: string,
  note: Note | undefined,
): Promise<CliJob> => {
  const { policies, inputs, rowsMax } = description;
  const namespacesIds = doesNamespaceIds(description);
  const files = await openInputs(description, cwd, note);
  return {
    name: basename(inputs[0]?.given ?? 'job'),
    source: inputsSource(files, {
      map: rowMapper(description),
      rowsMax,
      ref: refOf(inputs),
      namespacesIds,
    }),
    buildPrompt: ({ payload }) => payload,
    providerConfig: await providerConfigOf(description),
    promptDescription: promptDescription(description),
    ...(description.structuredOutput === null
      ? {}
      : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    ...policyOptions(policies),
  };
};

type ReadAs = 'idField' | 'keepsDigits' | 'keepsLetters';

/** A source for each input file. */
export const openInputs = (
  { inputs, idField, keepsDigits, keepsLetters }: Pick<JobDescription, 'inputs' | ReadAs>,
  cwd: string,
  note?: Note,
): Promise<readonly CheckpointedItemSource<unknown, JsonObject>[]> =>
  Promise.all(
    inputs.map(async (input) => {
      const file = await fileSource(input, pathOf(input, cwd), {
        idField,
        keepsDigits,
        keepsText: keepsLetters,
        onMark: (line) =>
          note?.(
            `batchor: ${input.given}:${line}: a byte order mark inside the file, as where files were put together; such marks are left out`,
          ),
      });
      // Lineage has the typed name, in whichever folder the run continues.
      return file.ref === input.given ? file : renamed(file, input.given);
    }),
  );

const refsShownMax = 20;
/** Names the inputs in results and comparisons. */
const refOf = (inputs: readonly InputFile[]): string =>
  [
    ...inputs.slice(0, refsShownMax).map(({ given }) => given),
    ...(inputs.length > refsShownMax ? [`${inputs.length - refsShownMax} more`] : []),
  ].join(' + ');

/** The typed name while it still leads to the same file, for messages; else the absolute path. */
export const pathOf = ({ given, absolute }: InputFile, cwd: string): string => {
  if (given === standardInput && !existsSync(absolute))
    throw new CliFailure('the run reads standard input, which only its first process has', {
      hint: 'Pipe the same rows into the same start command with its --run-id: it continues after the rows already read, which are kept.',
    });
  if (resolve(given) === absolute) return given;
  const here = resolve(cwd, given);
  return !existsSync(absolute) && existsSync(here) ? here : absolute;
};

/** The settings that make the prompts, for the comparison when a run continues. */
const promptDescription = (description: JobDescription): JsonObject => {
  const { idField, prompt, systemPrompt, metadataFields, keepsColumns, rowsMax } = description;
  const delimiters = description.inputs.map(({ delimiter = ',' }) => delimiter);
  const encodings = description.inputs.map(({ encoding = null }) => encoding);
  const paths = description.inputs.map(({ jsonPath = null }) => jsonPath);
  const quotes = description.inputs.map(({ quote = '' }) => quote);
  const rowBytes = description.inputs.map(({ rowBytesMax = null }) => rowBytesMax);
  return {
    id_field: idField,
    ...promptWire(prompt),
    system_prompt: systemPrompt,
    metadata_fields: metadataFields,
    keep_columns: keepsColumns,
    limit: rowsMax,
    ...(doesNamespaceIds(description) ? { namespace_ids: true } : {}),
    ...(delimiters.every((delimiter) => delimiter === ',') ? {} : { delimiters }),
    ...(encodings.every((encoding) => encoding === null) ? {} : { encodings }),
    ...(paths.every((path) => path === null) ? {} : { json_paths: paths }),
    ...(quotes.every((quote) => quote === '') ? {} : { quotes }),
    ...(rowBytes.every((bytes) => bytes === null) ? {} : { max_row_bytes: rowBytes }),
  };
};

const promptWire = (prompt: JobDescription['prompt']): JsonObject => {
  if (prompt.type === 'prepared')
    return {
      prepared: prompt.url,
      ...(prompt.form === undefined ? {} : { batch_form: prompt.form }),
    };
  if (prompt.type === 'messages') return { messages_field: prompt.field };
  return prompt.type === 'field'
    ? { prompt_field: prompt.field }
    : { prompt_template: prompt.template };
};
