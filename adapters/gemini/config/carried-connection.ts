import type { ProviderConnection } from '../../../lib/ports/provider.ts';

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
