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
import { bringConnection, loadExportOf } from '../shell/load-module.ts';
import { policyOptions } from './policy-options.ts';
import { loadSchema } from './schema-source.ts';
import type { CliPrompt } from './prompt.ts';
import { rowMapper } from './rows.ts';

export type CliJob = BatchJob<CliPrompt, JsonObject, StructuredOutput | undefined, ProviderConfig<CliPrompt, unknown>>;

/** The job that a description means. Equal descriptions make equal jobs, whoever asks from where. */
export const jobOf = (description: Description, cwd: string, runs: Runs | null): Promise<CliJob> => {
  if (isOfModule(description)) return jobOfModule(description);
  if (isOfBatches(description)) return jobOfBatches(description);
  return isOfRun(description) ? jobOfRun(description, runs) : jobOfFlags(description, cwd);
};

/** Where earlier runs are found; null: nowhere. */
export type Runs = Pick<BatchRunner, 'getRun'>;

/** The rows of an earlier run, as they were asked then; what is said now goes over what was said then. */
const jobOfRun = async (description: EarlierDescription, runs: Runs | null): Promise<CliJob> => {
  const { runId, only } = description.earlier;
  if (runs === null)
    throw new CliFailure('--from-run needs the store of that run', { hint: 'start has it; quote does not: its rows are those of files.' });
  const earlier = await runs.getRun(runId);
  const { structuredOutput, jobName } = earlier.snapshot().config;
  const said = Object.keys(description.params);
  const asThen =
    structuredOutput === null ? {} : { structuredOutput: structuredOutput.jsonSchema, schemaName: structuredOutput.schemaName };
  return {
    name: jobName,
    source: earlier.source({ only }) as CheckpointedItemSource<unknown, JsonObject>,
    buildPrompt: ({ payload }) => {
      const { body } = payload as EarlierItem;
      return { body: Object.fromEntries(Object.entries(body).filter(([key]) => !said.includes(key))) };
    },
    providerConfig: await providerConfigOf(description),
    promptDescription: { from_run: runId, only },
    ...(description.structuredOutput === null ? asThen : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    ...policyOptions(description.policies),
  } as CliJob;
};

/** The requests of these batches, as they are. */
const jobOfBatches = async (description: BatchesDescription): Promise<CliJob> => {
  const { adopted, endpoint, model, policies } = description;
  const { canary: _, badRows: __, reusePolicy: ___, ...options } = policyOptions(policies);
  const job: AdoptingJob<StructuredOutput | undefined, ProviderConfig<CliPrompt, unknown>> = {
    name: adopted[0]?.providerBatchId ?? 'batches',
    fromBatches: { endpoint, model, batches: adopted },
    retryAdopted: policies.retriesAdopted === true,
    providerConfig: await providerConfigOf(description),
    ...(description.structuredOutput === null ? {} : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    ...options,
  };
  // The runner tells it from a job of rows.
  return job as unknown as CliJob;
};

/** What the module exports as its job. That it is one, the runner finds out. */
const jobOfModule = async ({ job: place }: ModuleDescription): Promise<CliJob> => {
  const job = await loadExportOf('--job', place);
  if (isJsonObject(job) && typeof job['buildPrompt'] === 'function' && isJsonObject(job['providerConfig'])) {
    const own = carriedConnection(job['providerConfig']);
    if (own !== undefined) bringConnection('--job', place, own);
    return job as unknown as CliJob;
  }
  throw new CliFailure(`--job ${place.given}: what it exports as ${place.export} is no job`, {
    hint: 'Export one: export default defineJob({ source, buildPrompt, providerConfig })',
  });
};

const jobOfFlags = async (description: JobDescription, cwd: string): Promise<CliJob> => {
  const { policies, inputs, rowsMax } = description;
  const namespacesIds = doesNamespaceIds(description);
  const files = await openInputs(description, cwd);
  return {
    name: basename(inputs[0]?.given ?? 'job'),
    source: inputsSource(files, { map: rowMapper(description), rowsMax, ref: refOf(inputs), namespacesIds }),
    buildPrompt: ({ payload }) => payload,
    providerConfig: await providerConfigOf(description),
    promptDescription: promptDescription(description),
    ...(description.structuredOutput === null ? {} : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    ...policyOptions(policies),
  };
};

/** A source for each input file. */
export const openInputs = (
  { inputs, idField, keepsDigits }: Pick<JobDescription, 'inputs' | 'idField' | 'keepsDigits'>,
  cwd: string,
): Promise<readonly CheckpointedItemSource<unknown, JsonObject>[]> =>
  Promise.all(
    inputs.map(async (input) => {
      const file = await fileSource(input, pathOf(input, cwd), { idField, keepsDigits });
      // Lineage names it as it was typed, wherever that is read again.
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

/** As it was typed where that still means the same file, so that messages show it so; else where it was, or where it is now. */
export const pathOf = ({ given, absolute }: InputFile, cwd: string): string => {
  if (given === standardInput && !existsSync(absolute))
    throw new CliFailure('the run reads standard input, which only the process that was started with it has', {
      hint: 'Pipe the same rows into the same start, with its --run-id: it goes on behind what was read. What was read is kept.',
    });
  if (resolve(given) === absolute) return given;
  const here = resolve(cwd, given);
  return !existsSync(absolute) && existsSync(here) ? here : absolute;
};

/** What makes the prompts, as it is compared when a run goes on. */
const promptDescription = (description: JobDescription): JsonObject => {
  const { idField, prompt, systemPrompt, metadataFields, keepsColumns, rowsMax } = description;
  const delimiters = description.inputs.map(({ delimiter = ',' }) => delimiter);
  const encodings = description.inputs.map(({ encoding = null }) => encoding);
  const paths = description.inputs.map(({ jsonPath = null }) => jsonPath);
  const quotes = description.inputs.map(({ quote = '' }) => quote);
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
  };
};

const promptWire = (prompt: JobDescription['prompt']): JsonObject => {
  if (prompt.type === 'prepared') return { prepared: prompt.url };
  return prompt.type === 'field' ? { prompt_field: prompt.field } : { prompt_template: prompt.template };
};
