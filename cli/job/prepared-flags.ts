import { SourceError } from '../../lib/ports/source-error.ts';
import { CliFailure } from '../shell/failure.ts';
import { required, wholeNumber } from '../shell/flags.ts';
import { type FoundRequests, findRequests, findUnnamed, requireRequests } from './batch-file.ts';
import { type BatchForm, batchFormNames, batchFormOf, formOfProvider } from './batch-forms.ts';
import { inputFilesOf } from './input-files.ts';
import { type InputFile, standardInput } from './input-kinds.ts';
import type { JobDescription } from './job-description.ts';
import {
  completionWindowOf,
  flagName,
  isAbsent,
  type JobPlace,
  priceOf,
  refuseBeside,
  type StartFlags,
} from './job-flags.ts';
import { exampleFor, sendToOther } from './other-provider.ts';
import { policiesOf } from './policy-flags.ts';
import { withBound } from './prepared-bound.ts';
import { type CliProvider, cliProvider } from './providers.ts';
import { flagsSetByLines } from './start-flag-names.ts';
import { parseTemplate } from './template.ts';

/** The form that `--input-format` names; null: it names none. */
const declaredForm = ({ inputFormat }: StartFlags): BatchForm | null => {
  const name = batchFormNames.find((each) => each === inputFormat);
  return name === undefined ? null : batchFormOf(name);
};
const mayHoldRequests = /\.(?:jsonl|ndjson|json)(?:\.gz|\.zst)?$/iu;
/**
 * Files whose names say JSON may hold whole requests, whatever other flags say, and so may standard
 * input.
 */
export const mayBePrepared = (flags: StartFlags): boolean =>
  declaredForm(flags) !== null ||
  flags.input.every(
    (input) =>
      mayHoldRequests.test(input) ||
      (input === standardInput && !['csv', 'parquet', 'arrow'].includes(flags.inputFormat ?? '')),
  );

/**
 * A file of requests in the batch format of the provider; null: the file has another format and was
 * not declared as one.
 */
export const describePrepared = async (
  flags: StartFlags,
  { cwd, stdin, note, reach, book }: Omit<JobPlace, 'configOf'>,
): Promise<JobDescription | null> => {
  const provider = cliProvider(reach.provider);
  const form = formOfProvider(provider.name);
  const declared = declaredForm(flags);
  if (declared !== null) {
    requireForm(declared, form, provider);
    refuseBeside(`--input-format ${form.name}`, flags, flagsSetBy(form), setByLines);
  }
  const notes: string[] = [];
  const inputs = await inputFilesOf(flags, {
    cwd,
    stdin,
    idField: form.id,
    note: (line) => notes.push(line),
  });
  const found = await requestsIn(flags, inputs, provider);
  if (found === null) return null;
  const { url, endpoint } = found;
  const model = required(
    '--model',
    form.namesModel ? (found.model ?? undefined) : (flags.model ?? found.model ?? undefined),
    `Lines of ${form.title}'s batch format need not name a model. Name it, e.g. --model ${provider.model}`,
  );
  const policies = policiesOf(flags, priceOf(book, model, provider));
  notes.forEach(note);
  note(
    `batchor: ${inputs[0]?.given ?? ''}: a prepared batch file: its bodies go to ${url} letter by letter, for ${model}`,
  );
  return {
    version: 1,
    inputs,
    namespacesIds: flags.namespaceIds ?? null,
    idField: form.id,
    prompt: {
      type: 'prepared',
      url,
      ...(form.name === 'openai-batch' ? {} : { form: form.name }),
    },
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
    completionWindow: completionWindowOf(flags.completionWindow ?? '24h', provider),
    structuredOutput: null,
    schemaName: null,
    ...reach,
    policies: await withBound(policies, inputs, {
      form,
      endpoint,
      provider: provider.name,
      cwd,
    }),
  };
};

const setByLines = 'Each line of the file sets it.';

/** Lines that need not name a model may do with that of the flag. */
const flagsSetBy = ({ namesModel }: BatchForm): readonly (keyof StartFlags)[] =>
  flagsSetByLines.filter((name) => namesModel || name !== 'model');

const requireForm = (other: BatchForm, form: BatchForm, provider: CliProvider): void => {
  if (other === form) return;
  const { name, title } = provider;
  throw new CliFailure(`--input-format ${other.name}: ${title} takes no such requests`, {
    hint: `Requests for --provider ${name} are lines like ${exampleFor(provider)}: --input-format ${form.name}.`,
    retype: sendToOther(other),
  });
};

/**
 * The requests of the files; null: the rows are to be read by the flags. Throws for requests beside
 * flags that each of them sets.
 */
const requestsIn = async (
  flags: StartFlags,
  inputs: readonly InputFile[],
  provider: CliProvider,
): Promise<FoundRequests | null> => {
  if (declaredForm(flags) !== null) return requireRequests(inputs, provider);
  const form = formOfProvider(provider.name);
  const given = flagsSetBy(form).filter((name) => !isAbsent(flags[name]));
  const found = await findRequests(inputs, provider).catch((error: unknown) => {
    // Read by the fields that the flags name, the file may be as it should.
    if (given.length > 0 && error instanceof SourceError) return null;
    throw error;
  });
  const name = inputs[0]?.given ?? '';
  if (found !== null && flags.inputFormat !== undefined) {
    refuseBody(name, form, flags);
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
    given.length > 0 || flags.inputFormat !== undefined
      ? null
      : await findUnnamed(inputs, provider);
  if (unnamed !== null) throw unnamed.failure;
  return null;
};

/** A whole request as the text of a prompt is a mistake. */
const refuseBody = (
  name: string,
  form: BatchForm,
  { promptField, promptTemplate }: StartFlags,
): void => {
  const flag =
    promptField === form.body
      ? '--prompt-field'
      : promptTemplate !== undefined && parseTemplate(promptTemplate).fields.includes(form.body)
        ? '--prompt-template'
        : null;
  if (flag === null) return;
  throw new CliFailure(
    `${name} is a prepared batch file: ${flag} would send the JSON of each ${form.body} as one message`,
    {
      retype: {
        says: 'To send the requests as they are',
        without: ['--input-format', ...flagsSetBy(form).map(flagName)],
      },
    },
  );
};
