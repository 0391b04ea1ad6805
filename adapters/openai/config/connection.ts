import { inspect } from 'node:util';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import { carryConnection } from '../../http/carried-connection.ts';
import { openaiEndpoints, parseEndpoint, type OpenAIEndpoint } from './endpoints.ts';
import type { OpenAIOptions } from './options.ts';
import { openaiProfile, type ServiceProfile } from './profiles.ts';
import { createBatchProvider } from '../batches/provider.ts';
import { createScrubbing } from '../../http/scrub.ts';
import { secretsOf } from './secrets.ts';
import { createSession } from '../client/session.ts';
import { makeProviderConfig, type OpenAIProviderConfig, type OpenAISettings } from './settings.ts';
import { requestTimeoutIn } from '../../http/deadline.ts';
import { createOpenAIWire } from '../answers/wire.ts';

/** Call it for a job's provider config; give it to a runner as a connection. */
export interface OpenAIConnection extends ProviderConnection {
  <const E extends OpenAIEndpoint = 'responses'>(
    settings: OpenAISettings<E>,
  ): OpenAIProviderConfig<E>;
}

/**
 * A connection of your own. Held in memory only: `inspect` and `toJSON` show its name and nothing
 * else, since the options live in a closure alone, and being a function it cannot be cloned.
 */
export const createOpenAI = (options: OpenAIOptions): OpenAIConnection =>
  connectionTo(openaiProfile, options);

/** A connection to a service that speaks OpenAI's API. */
export const connectionTo = (service: ServiceProfile, options: OpenAIOptions): OpenAIConnection => {
  const name = options.name ?? service.name;
  if (name.trim() === '')
    throw new TypeError(
      'createOpenAI({ name }): a name, by which stored runs find the connection again',
    );
  const connect: ProviderConnection['connect'] = ({
    model,
    endpoint: stored,
    completionWindow,
    params,
    requestTimeoutMs,
  }) => {
    const endpoint = parseEndpoint(stored);
    if (endpoint === null)
      throw new TypeError(
        `the OpenAI adapter knows no endpoint "${stored}"; it knows ${openaiEndpoints.join(', ')}`,
      );
    const scrubbing = createScrubbing(() => secretsOf(options, service));
    const open = createSession(
      options,
      scrubbing.scrub,
      requestTimeoutIn(requestTimeoutMs),
      service,
    );
    return {
      ...createBatchProvider(open, { endpoint, completionWindow }),
      ...createOpenAIWire({ model, endpoint, params, lines: service.lines }, scrubbing),
    };
  };
  const shown = { name, kind: service.name };
  // The default connection is there in every process, and means the environment of the process that
  // drives the run.
  const isOwn = Object.keys(options).length > 0;
  const call = (settings: OpenAISettings<OpenAIEndpoint>): unknown => {
    const config = makeProviderConfig(name, settings, service);
    return isOwn ? carryConnection(config, connection) : config;
  };
  // A function has a `name` already, which must be overwritten.
  const connection = Object.defineProperties(call, {
    name: { value: name, enumerable: true },
    kind: { value: service.name, enumerable: true },
    connect: { value: connect, enumerable: true },
    toJSON: { value: () => shown },
    [inspect.custom]: { value: () => `OpenAIConnection ${JSON.stringify(shown)}` },
  }) as unknown as OpenAIConnection;
  return connection;
};

/**
 * The default connection: key from `OPENAI_API_KEY`, address from `OPENAI_BASE_URL`, both read at
 * first use.
 */
export const openai: OpenAIConnection = createOpenAI({});
