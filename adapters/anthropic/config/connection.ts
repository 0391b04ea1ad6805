import { inspect } from 'node:util';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import { createScrubbing, scrubContent } from '../../http/scrub.ts';
import { requestTimeoutIn } from '../../http/deadline.ts';
import { createAnthropicWire } from '../answers/wire.ts';
import { createBatchProvider } from '../batches/provider.ts';
import { createSession } from '../client/session.ts';
import { messagesEndpoint } from '../requests/prepared-request.ts';
import { carryConnection } from '../../http/carried-connection.ts';
import { type AnthropicOptions, secretsOf } from './options.ts';
import {
  type AnthropicProviderConfig,
  type AnthropicSettings,
  makeProviderConfig,
} from './settings.ts';

/** Call it for a job's provider config; give it to a runner as a connection. */
export interface AnthropicConnection extends ProviderConnection {
  (settings: AnthropicSettings): AnthropicProviderConfig;
}

/**
 * A connection of your own. Held in memory only: `inspect` and `toJSON` show its name and nothing
 * else, since the options live in a closure alone, and being a function it cannot be cloned.
 */
export const createAnthropic = (options: AnthropicOptions = {}): AnthropicConnection => {
  const name = options.name ?? 'anthropic';
  if (name.trim() === '')
    throw new TypeError(
      'createAnthropic({ name }): a name, by which stored runs find the connection again',
    );
  const connect: ProviderConnection['connect'] = ({
    model,
    endpoint,
    params,
    requestTimeoutMs,
  }) => {
    if (endpoint !== messagesEndpoint)
      throw new TypeError(
        `the Anthropic adapter knows no endpoint "${endpoint}"; it knows ${messagesEndpoint}`,
      );
    const scrubbing = createScrubbing(() => secretsOf(options));
    const open = createSession(options, scrubbing.scrub, requestTimeoutIn(requestTimeoutMs));
    return {
      ...createBatchProvider(open),
      ...createAnthropicWire({ model, params }, (content) => scrubContent(content, scrubbing)),
    };
  };
  const shown = { name, kind: 'anthropic' };
  // The default connection is there in every process, and means the environment of the process that
  // drives the run.
  const isOwn = Object.keys(options).length > 0;
  const call = (settings: AnthropicSettings): unknown => {
    const config = makeProviderConfig(name, settings);
    return isOwn ? carryConnection(config, connection) : config;
  };
  // A function has a `name` already, which must be overwritten.
  const connection = Object.defineProperties(call, {
    name: { value: name, enumerable: true },
    kind: { value: 'anthropic', enumerable: true },
    connect: { value: connect, enumerable: true },
    toJSON: { value: () => shown },
    [inspect.custom]: { value: () => `AnthropicConnection ${JSON.stringify(shown)}` },
  }) as unknown as AnthropicConnection;
  return connection;
};

/**
 * The default connection: key from `ANTHROPIC_API_KEY`, address from `ANTHROPIC_BASE_URL`, both
 * read at first use.
 */
export const anthropic: AnthropicConnection = createAnthropic();
