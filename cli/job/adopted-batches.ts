import type { RunConfig } from '../../lib/core/model/config.ts';
import type { ProviderBatchId } from '../../lib/core/values/ids.ts';
import type { FoundBatches } from '../../lib/run/sources/found-batches.ts';
import { CliFailure } from '../shell/failure.ts';
import type { BatchesDescription } from './job-description.ts';
import { policiesOf } from './policy-flags.ts';
import { schemaSourceOf } from './schema-source.ts';
import { rowFlags } from './start-flag-names.ts';
import {
  completionWindowOf,
  type JobPlace,
  priceOf,
  refuseBeside,
  type StartFlags,
} from './job-flags.ts';

export interface BatchFlags extends StartFlags {
  readonly fromBatch: readonly string[];
  readonly retryAdopted: boolean;
}

export interface BatchesPlace extends Pick<JobPlace, 'cwd' | 'note' | 'reach' | 'book'> {
  /** The config of the run of this id; null: there is none yet. */
  readonly stored: () => Promise<RunConfig | null>;
  /** Reads the batches at the provider. */
  readonly find: (ids: readonly string[]) => Promise<FoundBatches>;
}

/** Flags that the requests of a batch replace, and flags that would change the requests. */
const flagsSetByBatches = [
  ...rowFlags,
  'fromRun',
  'only',
  'limit',
  'model',
  'endpoint',
  'param',
  'canary',
  'badRows',
  'sendDuplicatesOnce',
  'raiseOutputTokensTo',
] as const satisfies readonly (keyof StartFlags)[];

/**
 * Describes batches that were created elsewhere. The batches of an existing run are not read again.
 */
export const describeBatches = async (
  flags: BatchFlags,
  { cwd, note, reach, book, stored, find }: BatchesPlace,
): Promise<BatchesDescription> => {
  refuseBeside(
    '--from-batch',
    flags,
    flagsSetByBatches,
    'The requests of the batches are used unchanged.',
  );
  const ids = flags.fromBatch.map((id) => id.trim());
  if (ids.includes(''))
    throw new CliFailure('--from-batch needs the id of a batch', {
      hint: 'For example batch_abc123.',
    });
  for (const id of ids) {
    if (id.includes(','))
      throw new CliFailure(`--from-batch ${JSON.stringify(id)} names several batches`, {
        hint: `Repeat the flag: ${id
          .split(',')
          .map((each) => `--from-batch ${each.trim()}`)
          .join(' ')}`,
      });
    if (id.startsWith('file-'))
      throw new CliFailure(`--from-batch ${id}: this is the id of a file, not of a batch`, {
        hint: 'Give the id of the batch that the file belongs to, e.g. --from-batch batch_abc123.',
      });
  }
  const config = await stored();
  const found = config === null ? await find(ids) : asStored(config, ids);
  const { endpoint, model, batches } = found;
  if (config === null) {
    const requests = batches.reduce((sum, batch) => sum + batch.requests, 0);
    const leave = flags.retryAdopted
      ? 'retryable rows will be sent again'
      : 'nothing is sent, cancelled or deleted there; failed rows are not retried (see --retry-adopted)';
    note(
      `batchor: ${batches.length === 1 ? 'batch' : `${batches.length} batches`} with ${requests} requests to ${endpoint} for ${model}: ${leave}`,
    );
  }
  return {
    version: 1,
    adopted: batches,
    model,
    endpoint,
    params: {},
    completionWindow: completionWindowOf(flags.completionWindow ?? '24h'),
    structuredOutput: schemaSourceOf(flags, cwd),
    schemaName: flags.schemaName ?? null,
    ...reach,
    policies: {
      ...policiesOf(flags, priceOf(book, model)),
      retriesAdopted: flags.retryAdopted ? true : null,
    },
  };
};

/**
 * The stored batches of the run. Other batches have only ids, and the comparison of the jobs
 * refuses them.
 */
const asStored = (
  { provider: { endpoint, model }, adopted = [] }: RunConfig,
  ids: readonly string[],
): FoundBatches => {
  const isSame =
    adopted.length === ids.length &&
    ids.every((id, place) => adopted[place]?.providerBatchId === id);
  const named = ids.map((id) => ({
    providerBatchId: id as ProviderBatchId,
    inputFileId: '',
    requests: 0,
    providerStatus: '',
  }));
  return { endpoint, model, batches: isSame ? adopted : named };
};
