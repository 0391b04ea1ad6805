import { inspect } from 'node:util';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import { carryConnection } from '../../http/carried-connection.ts';
import { requestTimeoutIn } from '../../http/deadline.ts';
import { createScrubbing } from '../../http/scrub.ts';
import { createSession } from '../../openai/client/session.ts';
import { parseEndpoint } from '../../openai/config/endpoints.ts';
import { secretsOf } from '../../openai/config/secrets.ts';
import { createBatchProvider } from '../batches/provider.ts';
import { createXaiWire } from '../lines/wire.ts';
import type { XaiOptions } from './options.ts';
import { xaiProfile } from './profile.ts';
import { makeProviderConfig, type XaiProviderConfig, type XaiSettings } from './settings.ts';

/** Call it for a job's provider config; give it to a runner as a connection. */
export interface XaiConnection extends ProviderConnection {
  (settings: XaiSettings): XaiProviderConfig;
}

/**
 * A connection of your own. Held in memory only: `inspect` and `toJSON` show its name and nothing
 * else.
 */
export const createXai = (options: XaiOptions): XaiConnection => {
  const name = options.name ?? xaiProfile.name;
  if (name.trim() === '')
    throw new TypeError(
      'createXai({ name }): a name, by which stored runs find the connection again',
    );
  const connect: ProviderConnection['connect'] = ({
    model,
    endpoint,
    params,
    requestTimeoutMs,
  }) => {
    if (parseEndpoint(endpoint) !== 'chat.completions')
      throw new TypeError(
        `the xAI adapter knows no endpoint "${endpoint}"; it knows chat.completions`,
      );
    const scrubbing = createScrubbing(() => secretsOf(options, xaiProfile));
    const timeoutMs = requestTimeoutIn(requestTimeoutMs);
    const open = createSession(options, scrubbing.scrub, timeoutMs, xaiProfile);
    return { ...createBatchProvider(open), ...createXaiWire({ model, params }, scrubbing) };
  };
  const shown = { name, kind: xaiProfile.name };
  // The default connection is there in every process, and means the environment of the process that
  // drives the run.
  const isOwn = Object.keys(options).length > 0;
  const call = (settings: XaiSettings): unknown => {
    const config = makeProviderConfig(name, settings);
    return isOwn ? carryConnection(config, connection) : config;
  };
  // A function has a `name` already, which must be overwritten.
  const connection = Object.defineProperties(call, {
    name: { value: name, enumerable: true },
    kind: { value: xaiProfile.name, enumerable: true },
    connect: { value: connect, enumerable: true },
    toJSON: { value: () => shown },
    [inspect.custom]: { value: () => `XaiConnection ${JSON.stringify(shown)}` },
  }) as unknown as XaiConnection;
  return connection;
};

/**
 * The default connection: key from `XAI_API_KEY`, address from `XAI_BASE_URL`, both read at first
 * use.
 */
export const xai: XaiConnection = createXai({});
