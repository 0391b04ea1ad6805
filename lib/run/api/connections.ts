import type { BatchObservation, SweptBatch } from '../../core/model/command.ts';
import type { RunConfig } from '../../core/model/config.ts';
import type { BatchKey, ProviderBatchId } from '../../core/values/ids.ts';
import type { BatchProvider, ProviderConnection, ProviderWire } from '../../ports/provider.ts';
import { readerOf } from '../../effects/results/structured.ts';
import { defaultConnection } from './defaults.ts';
import { BatchorError } from './errors.ts';
import { must } from './interop.ts';
import type { AnyProviderConfig } from '../job/job.ts';

/** The part of a provider that reads answers. */
export type AnswerWire = Pick<ProviderWire, 'readContent' | 'readVerdict'>;

/** The connections of one runner, by name. */
export interface Connections {
  /** Throws `provider_not_configured` for an unknown name. The default connection always exists. */
  find(name: string, kind: string): Promise<ProviderConnection>;
  connect(config: RunConfig): Promise<BatchProvider & ProviderWire>;
  /** The same, for a job's config. */
  connectTo(config: AnyProviderConfig): Promise<BatchProvider & ProviderWire>;
  /** Reads the run's answers; outputs of a run with a structure are JSON. Makes no request. */
  readerOf(config: RunConfig): Promise<AnswerWire>;
  /** What the provider reports of one batch; null when it does not know it. */
  identify(config: RunConfig, providerBatchId: string): Promise<SweptBatch | null>;
  /** The state of one batch; null when the provider does not know it. */
  observe(
    config: RunConfig,
    batchKey: BatchKey,
    providerBatchId: ProviderBatchId,
  ): Promise<BatchObservation | null>;
}

/** Finds a connection that a runner was not given. */
export type ConnectionFinder = (
  name: string,
  kind: string,
) => ProviderConnection | undefined | Promise<ProviderConnection | undefined>;

export const createConnections = (
  given: readonly ProviderConnection[],
  connectionOf: ConnectionFinder = () => undefined,
): Connections => {
  const byName = new Map(given.map((connection) => [connection.name, connection]));
  const find = async (name: string, kind: string): Promise<ProviderConnection> => {
    const known = byName.get(name) ?? (await connectionOf(name, kind));
    if (known !== undefined) return known;
    const standard = await defaultConnection(name);
    if (standard.name === name) return standard;
    throw new BatchorError(
      'provider_not_configured',
      { kind, connection: name },
      `the run belongs to the connection ${JSON.stringify(name)} (${kind}), which this runner does not have`,
      'Add it: new BatchRunner({ providers: [connection] }).',
    );
  };
  const connect: Connections['connect'] = async ({ provider, operation }) => {
    const connection = await find(provider.connection, provider.kind);
    return connection.connect({ ...provider, requestTimeoutMs: operation.requestTimeoutMs });
  };
  return {
    find,
    connect,
    connectTo: async (config) => {
      const connection = await find(config.connection, config.kind);
      return connection.connect({
        ...config,
        requestTimeoutMs: config.operation.requestTimeoutMs ?? 60_000,
      });
    },
    readerOf: async (config) => readerOf(config, await connect(config)),
    identify: async (config, providerBatchId) =>
      must((await connect(config)).identify(providerBatchId as ProviderBatchId)),
    observe: async (config, batchKey, providerBatchId) => {
      const isAdopted = (config.adopted ?? []).some(
        (batch) => batch.providerBatchId === providerBatchId,
      );
      const [observation] = await must(
        (await connect(config)).observe([{ batchKey, providerBatchId, isAdopted }]),
      );
      return observation ?? null;
    },
  };
};
