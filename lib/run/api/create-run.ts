import { isLeft } from 'fp-ts/lib/Either.js';
import type { RunConfig } from '../../core/model/config.ts';
import { nonceOf } from '../../core/values/custom-ids.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { BatchProvider, ProviderWire } from '../../ports/provider.ts';
import { commitCommand } from '../../engine/commits.ts';
import type { OwnedRun, RunStore } from '../../ports/run-store.ts';
import type { EngineSource } from '../../effects/ports.ts';
import type { Connections } from './connections.ts';
import { findRetrying, onlyRetrying, requireNotRetried } from './adopted-elsewhere.ts';
import { BatchorError } from './errors.ts';
import { must, toBatchorError, unwrap } from './interop.ts';
import { configOf } from '../job/job-config.ts';
import { fingerprintOf } from '../job/job-source.ts';
import { prepareStructure } from '../job/job-structure.ts';
import { invalid } from '../job/job-limits.ts';
import type { AnyJob } from '../job/job.ts';
import type { PriceBook } from '../job/price-book.ts';
import { runExists } from '../control/run-refusals.ts';
import type { StartOptions } from './runner-options.ts';

export interface NewRun {
  readonly job: AnyJob;
  readonly source: EngineSource;
  readonly options: StartOptions;
  readonly prices: PriceBook | undefined;
  readonly connections: Connections;
  /** False: another process drives the run, with its own key. */
  readonly isDriven: boolean;
  readonly nowMs: () => number;
  /** Random hexadecimal digits. */
  readonly randomHex: (digits: number) => string;
}

const requireRaising = ({ raiseOutputTokens }: ProviderWire, config: RunConfig): void => {
  if (raiseOutputTokens === undefined)
    throw invalid(
      'retryPolicy.raiseOutputTokensTo',
      `the provider ${config.provider.kind} cannot raise the output limit of a rendered request`,
    );
};

/** Without a key or an address the run would be stored, and pause. */
const requireReady = async ({ ready }: BatchProvider): Promise<void> => {
  const answer = await ready?.()();
  if (answer === undefined || !isLeft(answer)) return;
  const error = toBatchorError(answer.left);
  throw new BatchorError(
    error.code,
    error.details,
    error.message,
    'Nothing was stored or sent. Start again once this is set.',
  );
};

/**
 * Creates a durable run, owned by this process. Validates the whole job before it stores anything.
 */
export const createRun = async (
  store: RunStore,
  runId: RunId,
  { job, source, options, prices, connections, isDriven, nowMs, randomHex }: NewRun,
): Promise<OwnedRun> => {
  const signal = options.signal ?? new AbortController().signal;
  const { kind, ref } = source.items;
  const unnamed = configOf(
    job,
    { kind, ref, fingerprint: await fingerprintOf(source.items, signal) },
    prices,
  );
  const isGuarded = unnamed.operation.retriesAdopted && options.adoptAgain !== true;
  if (isGuarded) await requireNotRetried(store, runId, unnamed);
  else if (options.onRetriedElsewhere !== undefined && !unnamed.operation.retriesAdopted) {
    const other = await findRetrying(store, runId, unnamed);
    if (other !== null) options.onRetriedElsewhere(other);
  }
  if (job.structuredOutput !== undefined) await prepareStructure(job.structuredOutput);
  const wire = await connections.connect(unnamed);
  if (isDriven) await requireReady(wire);
  if (unnamed.operation.retry.raisedOutputTokensMax !== null) requireRaising(wire, unnamed);
  const config = {
    ...unnamed,
    customIds: { nonce: nonceOf(randomHex(10)), isStamped: wire.stampCustomIds !== undefined },
  };
  const create = () => createEmpty(store, runId, { config, options, nowMs });
  return isGuarded ? onlyRetrying(store, runId, config, create) : create();
};

const createEmpty = async (
  store: RunStore,
  runId: RunId,
  { config, options, nowMs }: Pick<NewRun, 'options' | 'nowMs'> & { readonly config: RunConfig },
): Promise<OwnedRun> => {
  const context = { runId, storage: store.describe };
  const owned = await store.create(runId, options.description ?? null)();
  // Another process created it since the check.
  if (isLeft(owned) && owned.left.type === 'refused') throw runExists(runId, store.describe);
  const run = unwrap(owned, context);
  try {
    const created = await must(
      commitCommand(run, { type: 'CreateRun', atMs: nowMs(), runId, config }),
      context,
    );
    if (isLeft(created)) throw runExists(runId, store.describe);
    return run;
  } catch (error) {
    // Unless released, no process could create it.
    await run.close();
    throw error;
  }
};
