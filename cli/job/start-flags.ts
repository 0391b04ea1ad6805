import { onlyOf } from '../shell/only-flag.ts';
import { endpointOf } from '../compose.ts';
import { cliProvider } from './providers.ts';
import { CliFailure } from '../shell/failure.ts';
import { params, required, wholeNumber } from '../shell/flags.ts';
import { inputFilesOf, requireInput } from './input-files.ts';
import type { Description, EarlierDescription, JobDescription } from './job-description.ts';
import {
  completionWindowOf,
  type JobPlace,
  priceOf,
  refuseBeside,
  type StartFlags,
} from './job-flags.ts';
import { type ModuleExport, parseModuleExport } from '../shell/load-module.ts';
import { policiesOf } from './policy-flags.ts';
import { describePrepared, mayBePrepared } from './prepared-flags.ts';
import { schemaSourceOf } from './schema-source.ts';
import { requireIdField } from './id-field.ts';
import { rowFlags, jobFlags } from './start-flag-names.ts';
import { promptOf, systemPromptOf } from './prompt-flags.ts';

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
  if (mayBePrepared(flags)) {
    const prepared = await describePrepared(flags, { cwd, stdin, note, reach, book });
    if (prepared !== null) return prepared;
  }
  const endpoint = await endpointOf(flags.endpoint ?? provider.endpoint, provider.name);
  if (flags.keepColumns && flags.metadataField.length > 0)
    throw new CliFailure('--keep-columns and --metadata-field exclude each other', {
      hint: '--keep-columns copies every column.',
    });
  const model = required('--model', flags.model, `Name the model, e.g. --model ${provider.model}`);
  const rest: Omit<JobDescription, 'inputs'> = {
    version: 1,
    namespacesIds: flags.namespaceIds ?? null,
    idField: await requireIdField({ ...flags, cwd }),
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
    completionWindow: completionWindowOf(
      flags.completionWindow ?? provider.completionWindow,
      cliProvider(reach.provider),
    ),
    structuredOutput: schemaSourceOf(flags, cwd),
    schemaName: flags.schemaName ?? null,
    ...reach,
    policies: policiesOf(flags, priceOf(book, model, cliProvider(reach.provider))),
  };
};

/** The job module sets all of the job. */
const moduleOf = (flags: StartFlags, job: string, cwd: string): ModuleExport => {
  refuseBeside('--job', flags, jobFlags, 'The module sets it: change it there.');
  return parseModuleExport('--job', job, cwd, 'default');
};
