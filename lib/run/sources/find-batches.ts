import type { AdoptedBatch } from '../../core/model/adopted.ts';
import type { ProviderBatchId } from '../../core/values/ids.ts';
import type { BatchProvider, DescribedBatch, PreparedRequest, ProviderWire } from '../../ports/provider.ts';
import { EngineFailure } from '../../effects/faults.ts';
import { requestLinesOf } from '../../effects/source/request-lines.ts';
import { BatchorError } from '../api/errors.ts';
import type { FoundBatches } from './found-batches.ts';
import { must, toBatchorError } from '../api/interop.ts';
import type { AnyProviderConfig } from '../job/job.ts';
import { invalid } from '../job/job-limits.ts';

export interface FindBatchesOptions {
  /** The name and the kind of the connection whose account they belong to. Default `openai`. */
  readonly connection?: string;
  readonly kind?: string;
  readonly signal?: AbortSignal;
}

/** What connecting needs; no request is rendered, and no batch created. */
export const finderConfig = ({ connection = 'openai', kind = connection }: FindBatchesOptions): AnyProviderConfig => ({
  kind,
  connection,
  model: '',
  endpoint: 'responses',
  completionWindow: '24h',
  params: {},
  limits: { requestsMax: 1, inputBytesMax: 1, inputTokensMax: null, inputsMax: null, createsPerHourMax: null },
  operation: {},
});

type Finder = BatchProvider & ProviderWire;

/**
 * Reads each batch and its input file, whole and line by line, and changes nothing. Throws `batch_not_adoptable`, which names batch and line, for a batch
 * that is not known to this key, whose input file is gone, or whose lines cannot each be an item.
 */
export const findBatches = async (
  provider: Finder,
  ids: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<FoundBatches> => {
  const { describe, readRequest } = provider;
  if (describe === undefined || readRequest === undefined)
    throw invalid('connection', 'batches of this service cannot be adopted: its adapter reads no input files that were written elsewhere');
  const [first] = ids;
  if (first === undefined) throw invalid('ids', 'no batch is named');
  const twice = ids.find((id, place) => ids.indexOf(id) !== place);
  if (twice !== undefined) throw invalid('ids', `batch ${twice} is named twice`);
  let common: Pick<FoundBatches, 'endpoint' | 'model'> | null = null;
  const batches: AdoptedBatch[] = [];
  for (const id of ids) {
    const found = await find(provider, id);
    const asked = await readInput(provider, found, common, signal);
    common = asked;
    const { providerBatchId, providerStatus, inputFileId } = found;
    batches.push({ providerBatchId, inputFileId, requests: asked.requests, providerStatus });
  }
  return { endpoint: common?.endpoint ?? '', model: common?.model ?? '', batches };
};

const unadoptable = (batchId: string, line: number | null, message: string, hint: string): BatchorError =>
  new BatchorError('batch_not_adoptable', { batchId, line }, message, hint);

type WithInput = DescribedBatch & { readonly inputFileId: string };

const find = async (provider: Finder, id: string): Promise<WithInput> => {
  const found = await must(provider.describe?.(id as ProviderBatchId) ?? (() => Promise.reject(new Error('no describe'))));
  if (found === null)
    throw unadoptable(
      id,
      null,
      `batch ${id} is not known to this key`,
      'Check the id, and that the API key and the base URL are those of the project that created it.',
    );
  const { inputFileId } = found;
  if (inputFileId === null)
    throw unadoptable(id, null, `batch ${id} names no input file`, 'Only batches with an input file can be adopted.');
  return { ...found, inputFileId };
};

/** Every line of the input file, held to what an item must be. */
const readInput = async (
  provider: Finder,
  batch: WithInput,
  common: Pick<FoundBatches, 'endpoint' | 'model'> | null,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly endpoint: string; readonly model: string }> => {
  const { providerBatchId, inputFileId } = batch;
  const seen = new Map<string, number>();
  let asked = common;
  let line = 0;
  const fail = (message: string, hint: string): BatchorError =>
    unadoptable(providerBatchId, line, `batch ${providerBatchId}, ${inputFileId}, line ${line}: ${message}`, hint);
  try {
    for await (const block of requestLinesOf(provider, inputFileId, 0, signal)) {
      for (const { text } of block) {
        line += 1;
        const read = text === null ? { reason: 'it is too long, or not UTF-8', field: null } : provider.readRequest?.(text);
        if (read === undefined || 'reason' in read) throw fail(read?.reason ?? 'it cannot be read', unmatchable);
        const before = seen.get(read.customId);
        if (before !== undefined) throw fail(`its custom_id ${JSON.stringify(read.customId)} is that of line ${before}, too`, unmatchable);
        seen.set(read.customId, line);
        asked ??= { endpoint: read.endpoint, model: read.model };
        const other = differenceOf(read, asked);
        if (other !== null) throw fail(other, 'A run has one model and one endpoint: adopt these batches as runs of their own.');
      }
    }
  } catch (thrown) {
    throw thrown instanceof EngineFailure ? withoutInput(batch, thrown) : thrown;
  }
  if (asked === null || line === 0)
    throw unadoptable(providerBatchId, null, `batch ${providerBatchId}: its input file ${inputFileId} has no lines`, unmatchable);
  if (batch.requests !== null && batch.requests !== line)
    throw unadoptable(
      providerBatchId,
      null,
      `batch ${providerBatchId} counts ${batch.requests} requests, and its input file ${inputFileId} has ${line} lines`,
      'Adopt it again: the file may not have come whole. Where the numbers stay, it is not the file of this batch.',
    );
  return { endpoint: asked.endpoint, model: asked.model, requests: line };
};

const unmatchable = 'Its answers could not be matched to lines like this. Nothing was changed: the batch and its files are as they were.';

const differenceOf = ({ endpoint, model }: PreparedRequest, asked: Pick<FoundBatches, 'endpoint' | 'model'>): string | null => {
  if (endpoint !== asked.endpoint) return `it goes to ${endpoint}, and the lines before it to ${asked.endpoint}`;
  return model === asked.model
    ? null
    : `its model is ${JSON.stringify(model)}, and that of the lines before it ${JSON.stringify(asked.model)}`;
};

const withoutInput = ({ providerBatchId, inputFileId, named }: WithInput, { error, message }: EngineFailure): BatchorError => {
  const isGone = error.type === 'not_found' || (error.type === 'refused' && (error.statusCode === 404 || error.statusCode === 410));
  if (error.type === 'refused' && !isGone)
    return unadoptable(
      providerBatchId,
      null,
      `batch ${providerBatchId}: the provider does not give its input file ${inputFileId} (${message})`,
      'Without it the answers cannot be joined to requests. Nothing was changed.',
    );
  if (!isGone) return toBatchorError(error);
  const files = [named.outputFileId, named.errorFileId].filter((id) => id !== null);
  const left =
    files.length === 0
      ? 'It names no output file either.'
      : `Its answers may still be there: GET /v1/files/${files.join('/content and /v1/files/')}/content.`;
  return unadoptable(
    providerBatchId,
    null,
    `batch ${providerBatchId}: its input file ${inputFileId} is gone: it expired or was deleted (${message})`,
    `Without it the answers cannot be joined to requests. ${left}`,
  );
};
