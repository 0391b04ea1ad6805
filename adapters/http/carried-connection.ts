import type { ProviderConnection } from '../../lib/ports/provider.ts';

/** Shared by all adapters, and by all copies of this package: a job's module may have its own. */
const mark = Symbol.for('batchor.connection');

/**
 * The same config, which remembers its connection in memory alone: it is in no copy, and in nothing
 * that is stored.
 */
export const carryConnection = <Config extends object>(
  config: Config,
  connection: ProviderConnection,
): Config => Object.defineProperty(config, mark, { value: connection, enumerable: false });

/**
 * The connection of one's own that a config was made by; undefined where it is the default one, or
 * the config is a copy.
 */
export const carriedConnection = (config: object): ProviderConnection | undefined =>
  (config as { readonly [mark]?: ProviderConnection })[mark];
