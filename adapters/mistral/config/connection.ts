import { inspect } from 'node:util';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import { createScrubbing } from '../../http/scrub.ts';
import { requestTimeoutIn } from '../../http/deadline.ts';
import { createOpenAIWire } from '../../openai/answers/wire.ts';
import { createSession } from '../../openai/client/session.ts';
import { carryConnection } from '../../http/carried-connection.ts';
import { parseEndpoint } from '../../openai/config/endpoints.ts';
import { secretsOf } from '../../openai/config/secrets.ts';
import { createBatchProvider } from '../batches/provider.ts';
import type { MistralOptions } from './options.ts';
import { mistralProfile } from './profile.ts';
import {
  makeProviderConfig,
  type MistralEndpoint,
  type MistralProviderConfig,
  type MistralSettings,
  timeoutHoursOf,
} from './settings.ts';

/** Call it for a job's provider config; give it to a runner as a connection. */
export interface MistralConnection extends ProviderConnection {
  <const E extends MistralEndpoint = 'chat.completions'>(
    settings: MistralSettings<E>,
  ): MistralProviderConfig<E>;
}

/**
 * A connection of your own. Held in memory only: `inspect` and `toJSON` show its name and nothing
 * else.
 */
export const createMistral = (options: MistralOptions): MistralConnection => {
  const name = options.name ?? mistralProfile.name;
  if (name.trim() === '')
    throw new TypeError(
      'createMistral({ name }): a name, by which stored runs find the connection again',
    );
  const connect: ProviderConnection['connect'] = (config) => {
    const { model, params, completionWindow, requestTimeoutMs } = config;
    const endpoint = parseEndpoint(config.endpoint);
    if (endpoint === null || !mistralProfile.endpoints.includes(endpoint))
      throw new TypeError(
        `the Mistral adapter knows no endpoint "${config.endpoint}"; it knows ${mistralProfile.endpoints.join(', ')}`,
      );
    const scrubbing = createScrubbing(() => secretsOf(options, mistralProfile));
    const timeoutMs = requestTimeoutIn(requestTimeoutMs);
    const open = createSession(options, scrubbing.scrub, timeoutMs, mistralProfile);
    const timeoutHours = timeoutHoursOf(completionWindow);
    // The job names the model, so that lines need not.
    const lines = 'bare_without_model';
    const {
      readRequest: _openaiFiles,
      renderRequest: _ofThose,
      ...wire
    } = createOpenAIWire({ model, endpoint, params, lines }, scrubbing);
    return { ...createBatchProvider(open, { model, endpoint, timeoutHours }), ...wire };
  };
  const shown = { name, kind: mistralProfile.name };
  // The default connection is there in every process, and means the environment of the process that
  // drives the run.
  const isOwn = Object.keys(options).length > 0;
  const call = (settings: MistralSettings<MistralEndpoint>): unknown => {
    const config = makeProviderConfig(name, settings);
    return isOwn ? carryConnection(config, connection) : config;
  };
  // A function has a `name` already, which must be overwritten.
  const connection = Object.defineProperties(call, {
    name: { value: name, enumerable: true },
    kind: { value: mistralProfile.name, enumerable: true },
    connect: { value: connect, enumerable: true },
    toJSON: { value: () => shown },
    [inspect.custom]: { value: () => `MistralConnection ${JSON.stringify(shown)}` },
  }) as unknown as MistralConnection;
  return connection;
};

/**
 * The default connection: key from `MISTRAL_API_KEY`, address from `MISTRAL_BASE_URL`, both read at
 * first use.
 */
export const mistral: MistralConnection = createMistral({});
