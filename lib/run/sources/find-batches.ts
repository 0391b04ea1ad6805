import type { AdoptedBatch } from '../../core/model/adopted.ts';
import type { ProviderBatchId } from '../../core/values/ids.ts';
import type {
  BatchProvider,
  DescribedBatch,
  PreparedRequest,
  ProviderWire,
} from '../../ports/provider.ts';
import { EngineFailure } from '../../effects/faults.ts';
import { requestLinesOf } from '../../effects/source/request-lines.ts';
import { BatchorError } from '../api/errors.ts';
import type { FoundBatches } from './found-batches.ts';
import { must, toBatchorError } from '../api/interop.ts';
import type { AnyProviderConfig } from '../job/job.ts';
import { invalid } from '../job/job-limits.ts';

/** Where `findBatches` reads: the connection, and a signal that ends the reading. */
export interface FindBatchesOptions {
  /** Name and kind of the connection to their account. Default `openai`. */
  readonly connection?: string;
  readonly kind?: string;
  readonly signal?: AbortSignal;
}

/** An endpoint that the adapter of a kind knows, where chat completions are none. */
const finderEndpoints: Readonly<Record<string, string>> = {
  openai: 'responses',
  anthropic: 'messages',
  gemini: 'generateContent',
};

/** A config for connecting. Renders no request and creates no batch. */
export const finderConfig = ({
  connection = 'openai',
  kind = connection,
}: FindBatchesOptions): AnyProviderConfig => ({
  kind,
  connection,
  model: '',
  endpoint: finderEndpoints[kind] ?? 'chat.completions',
  completionWindow: '24h',
  params: {},
  limits: {
    requestsMax: 1,
    inputBytesMax: 1,
    inputTokensMax: null,
    inputsMax: null,
    createsPerHourMax: null,
  },
  operation: {},
});

type Finder = BatchProvider & ProviderWire;

const instead =
  'Start a run of the rows instead. Answers of batches that exist can be downloaded from the service.';

/**
 * Reads each batch and its whole input file, line by line. Changes nothing. Throws
 * `batch_not_adoptable`, which names batch and line, if this key does not see the batch, its input
 * file is gone, or a line cannot be an item.
 */
export const findBatches = async (
  provider: Finder,
  ids: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<FoundBatches> => {
  const { describe, readRequest } = provider;
  if (describe === undefined || readRequest === undefined)
    throw new BatchorError(
      'invalid_config',
      { field: 'connection' },
      'batches of this service cannot be adopted: they do not show the requests that they were made of',
      instead,
    );
  const [first] = ids;
  if (first === undefined) throw invalid('ids', 'at least one batch id is required');
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw invalid('ids', `batch ${twice} is named twice`);
  let common: Pick<FoundBatches, 'endpoint' | 'model'> | null = null;
  const batches: AdoptedBatch[] = [];
  for (const id of ids) {
    const found = await find(provider, id);
    const shared = await readInput(provider, found, common, signal);
    common = shared;
    const { providerBatchId, providerStatus, inputFileId } = found;
    batches.push({ providerBatchId, inputFileId, requests: shared.requests, providerStatus });
  }
  return { endpoint: common?.endpoint ?? '', model: common?.model ?? '', batches };
};

const unadoptable = (
  batchId: string,
  line: number | null,
  message: string,
  hint: string,
): BatchorError => new BatchorError('batch_not_adoptable', { batchId, line }, message, hint);

type WithInput = DescribedBatch & { readonly inputFileId: string };

const find = async (provider: Finder, id: string): Promise<WithInput> => {
  const found = await must(
    provider.describe?.(id as ProviderBatchId) ?? (() => Promise.reject(new Error('no describe'))),
  );
  if (found === null)
    throw unadoptable(
      id,
      null,
      `the provider does not show batch ${id} to this key`,
      'Check the id, and that API key and base URL belong to the project that created it.',
    );
  const { inputFileId } = found;
  if (inputFileId === null)
    throw unadoptable(
      id,
      null,
      `batch ${id} has no input file`,
      `Only batches with an input file can be adopted. ${instead}`,
    );
  return { ...found, inputFileId };
};

/** Checks that every line of the input file can be an item. */
const readInput = async (
  provider: Finder,
  batch: WithInput,
  common: Pick<FoundBatches, 'endpoint' | 'model'> | null,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly endpoint: string; readonly model: string }> => {
  const { providerBatchId, inputFileId } = batch;
  const seen = new Map<string, number>();
  let shared = common;
  let line = 0;
  const fail = (message: string, hint: string): BatchorError =>
    unadoptable(
      providerBatchId,
      line,
      `batch ${providerBatchId}, ${inputFileId}, line ${line}: ${message}`,
      hint,
    );
  try {
    for await (const block of requestLinesOf(provider, inputFileId, 0, signal)) {
      for (const { text } of block) {
        line += 1;
        const read =
          text === null
            ? { reason: 'it is too long, or not UTF-8', field: null }
            : provider.readRequest?.(text);
        if (read === undefined || 'reason' in read)
          throw fail(read?.reason ?? 'it cannot be read', unmatchable);
        const before = seen.get(read.customId);
        if (before !== undefined)
          throw fail(
            `its custom_id ${JSON.stringify(read.customId)} is also that of line ${before}`,
            unmatchable,
          );
        seen.set(read.customId, line);
        shared ??= { endpoint: read.endpoint, model: read.model };
        const other = differenceOf(read, shared);
        if (other !== null)
          throw fail(
            other,
            line === 1
              ? 'A run has one model and one endpoint: adopt these batches as separate runs.'
              : mixedHint(batch),
          );
      }
    }
  } catch (thrown) {
    throw thrown instanceof EngineFailure ? withoutInput(batch, thrown) : thrown;
  }
  if (shared === null || line === 0)
    throw unadoptable(
      providerBatchId,
      null,
      `batch ${providerBatchId}: its input file ${inputFileId} has no lines`,
      unmatchable,
    );
  if (batch.requests !== null && batch.requests !== line)
    throw unadoptable(
      providerBatchId,
      null,
      `batch ${providerBatchId} counts ${batch.requests} requests, but its input file ${inputFileId} has ${line} lines`,
      'Try again: the download may have been incomplete. If the numbers stay the same, it is not the file of this batch.',
    );
  return { endpoint: shared.endpoint, model: shared.model, requests: line };
};

const unmatchable = 'batchor cannot match answers to such a line. Nothing was changed.';

const differenceOf = (
  { endpoint, model }: PreparedRequest,
  shared: Pick<FoundBatches, 'endpoint' | 'model'>,
): string | null => {
  if (endpoint !== shared.endpoint)
    return `its endpoint is ${endpoint}, but that of earlier lines is ${shared.endpoint}`;
  return model === shared.model
    ? null
    : `its model is ${JSON.stringify(model)}, but that of earlier lines is ${JSON.stringify(shared.model)}`;
};

const downloadOf = (fileId: string): string =>
  `curl -fsS -H "Authorization: Bearer $OPENAI_API_KEY" "\${OPENAI_BASE_URL:-https://api.openai.com/v1}/files/${fileId}/content" -o ${fileId}.jsonl`;

const answersOf = (
  { outputFileId, errorFileId }: DescribedBatch['named'],
  otherwise: string,
): string => {
  const files = [outputFileId, errorFileId].filter((id) => id !== null);
  return files.length === 0
    ? otherwise
    : `Its answers may still be there, each under its custom_id. Download them: ${files.map(downloadOf).join('; ')}.`;
};

const mixedHint = ({ named }: WithInput): string =>
  `This batch mixes them, and a run has one model and one endpoint: it cannot become a run. Nothing was changed. ${answersOf(named, 'It names no output file yet.')}`;

const withoutInput = (
  { providerBatchId, inputFileId, named }: WithInput,
  { error, message }: EngineFailure,
): BatchorError => {
  const isGone =
    error.type === 'not_found' ||
    (error.type === 'refused' && (error.statusCode === 404 || error.statusCode === 410));
  if (error.type === 'refused' && !isGone)
    return unadoptable(
      providerBatchId,
      null,
      `batch ${providerBatchId}: the provider refuses to send its input file ${inputFileId} (${message})`,
      'Without it the answers cannot be joined to requests. Nothing was changed.',
    );
  if (!isGone) return toBatchorError(error);
  const hasFiles = named.outputFileId !== null || named.errorFileId !== null;
  const left = `${answersOf(named, 'It names no output file either.')}${hasFiles ? ' Then send the rows without an answer again, from the file that they came from.' : ''}`;
  return unadoptable(
    providerBatchId,
    null,
    `batch ${providerBatchId}: its input file ${inputFileId} is gone: it expired or was deleted (${message})`,
    `Without it the answers cannot be joined to requests. ${left}`,
  );
};
