import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '../lib/core/json.ts';
import type { ProviderConfig } from '../lib/ports/provider.ts';
import type { CheckpointedItemSource } from '../lib/ports/source.ts';
import type { BatchJob } from '../lib/run/job.ts';
import type { StructuredOutput } from '../lib/schema/types.ts';
import { fileSource, providerConfigOf } from './compose.ts';
import { CliFailure } from './failure.ts';
import { type InputFile, kindOfInput, standardInput } from './input-kinds.ts';
import { inputsSource, renamed } from './inputs.ts';
import { type Description, isOfModule, type JobDescription, type ModuleDescription } from './job-description.ts';
import { loadExportOf } from './load-module.ts';
import { loadSchema } from './schema-source.ts';
import { type CliPrompt, rowMapper } from './rows.ts';

export type CliJob = BatchJob<CliPrompt, JsonObject, StructuredOutput | undefined, ProviderConfig<CliPrompt, unknown>>;

/** The job that a description means. Equal descriptions make equal jobs, whoever asks from where. */
export const jobOf = (description: Description, cwd: string): Promise<CliJob> =>
  isOfModule(description) ? jobOfModule(description) : jobOfFlags(description, cwd);

/** What the module exports as its job. That it is one, the runner finds out. */
const jobOfModule = async ({ job: place }: ModuleDescription): Promise<CliJob> => {
  const job = await loadExportOf('--job', place);
  if (isJsonObject(job) && typeof job['buildPrompt'] === 'function' && isJsonObject(job['providerConfig'])) return job as unknown as CliJob;
  throw new CliFailure(`--job ${place.given}: what it exports as ${place.export} is no job`, {
    hint: 'Export one: export default defineJob({ source, buildPrompt, providerConfig })',
  });
};

const jobOfFlags = async (description: JobDescription, cwd: string): Promise<CliJob> => {
  const { policies, inputs, rowsMax, namespacesIds } = description;
  const files = await openInputs(description, cwd);
  return {
    name: basename(inputs[0]?.given ?? 'job'),
    source: inputsSource(files, { map: rowMapper(description), rowsMax, ref: refOf(inputs), namespacesIds }),
    buildPrompt: ({ payload }) => payload,
    providerConfig: await providerConfigOf(description),
    promptDescription: promptDescription(description),
    ...(description.structuredOutput === null ? {} : await loadSchema(description.structuredOutput)),
    ...(description.schemaName === null ? {} : { schemaName: description.schemaName }),
    retryPolicy: {
      ...(policies.attemptsMax === null ? {} : { maxAttempts: policies.attemptsMax }),
      ...(policies.raisedOutputTokensMax === null ? {} : { raiseOutputTokensTo: policies.raisedOutputTokensMax }),
    },
    chunkPolicy: {
      ...(policies.requestsPerBatchMax === null ? {} : { maxRequests: policies.requestsPerBatchMax }),
      ...(policies.bytesPerBatchMax === null ? {} : { maxFileBytes: policies.bytesPerBatchMax }),
    },
    budget: {
      ...(policies.costUsdMax === null ? {} : { costUsdMax: policies.costUsdMax }),
      ...(policies.assumeOutputTokens === null ? {} : { assumeOutputTokens: policies.assumeOutputTokens }),
    },
    ...(policies.canaryItems === null
      ? {}
      : {
          canary: {
            items: policies.canaryItems,
            ...(policies.canaryPassRatioMin === null ? {} : { passRatioMin: policies.canaryPassRatioMin }),
          },
        }),
    circuitBreaker: {
      ...(policies.failedBatchesMax === null ? {} : { failedBatchesMax: policies.failedBatchesMax }),
      ...(policies.passRatioMin === null ? {} : { passRatioMin: policies.passRatioMin }),
    },
    badRows: policies.badRows ?? 'fail',
  };
};

/** A source for each input file. */
export const openInputs = (
  { inputs, idField }: Pick<JobDescription, 'inputs' | 'idField'>,
  cwd: string,
): Promise<readonly CheckpointedItemSource<unknown, JsonObject>[]> =>
  Promise.all(
    inputs.map(async (input) => {
      const file = await fileSource(kindOfInput(input), pathOf(input, cwd), idField);
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
const pathOf = ({ given, absolute }: InputFile, cwd: string): string => {
  if (given === standardInput && !existsSync(absolute))
    throw new CliFailure('the run reads standard input, which only the process that was started with it has', {
      hint: 'Pipe the same rows into the same start, with its --run-id: it goes on behind what was read. What was read is kept.',
    });
  if (resolve(given) === absolute) return given;
  const here = resolve(cwd, given);
  return !existsSync(absolute) && existsSync(here) ? here : absolute;
};

/** What makes the prompts, as it is compared when a run goes on. */
const promptDescription = ({
  idField,
  prompt,
  systemPrompt,
  metadataFields,
  keepsColumns,
  rowsMax,
  namespacesIds,
}: JobDescription): JsonObject => ({
  id_field: idField,
  ...(prompt.type === 'field' ? { prompt_field: prompt.field } : { prompt_template: prompt.template }),
  system_prompt: systemPrompt,
  metadata_fields: metadataFields,
  keep_columns: keepsColumns,
  limit: rowsMax,
  ...(namespacesIds ? { namespace_ids: true } : {}),
});
