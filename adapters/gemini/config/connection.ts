import { inspect } from 'node:util';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import { createScrubbing } from '../../http/scrub.ts';
import { requestTimeoutIn } from '../../http/deadline.ts';
import { createGeminiWire } from '../answers/wire.ts';
import { createBatchProvider } from '../batches/provider.ts';
import { createSession } from '../client/session.ts';
import { carryConnection } from '../../http/carried-connection.ts';
import { type GeminiEndpoint, geminiEndpoints, parseEndpoint } from './endpoints.ts';
import { type GeminiOptions, keyOfEnvironment } from './options.ts';
import { type GeminiProviderConfig, type GeminiSettings, makeProviderConfig } from './settings.ts';

/** Call it for a job's provider config; give it to a runner as a connection. */
export interface GeminiConnection extends ProviderConnection {
  <const E extends GeminiEndpoint = 'generateContent'>(
    settings: GeminiSettings<E>,
  ): GeminiProviderConfig<E>;
}

/**
 * A connection of your own. Held in memory only: `inspect` and `toJSON` show its name and nothing
 * else, since the options live in a closure alone, and being a function it cannot be cloned.
 */
export const createGemini = (options: GeminiOptions): GeminiConnection => {
  const name = options.name ?? 'gemini';
  if (name.trim() === '')
    throw new TypeError(
      'createGemini({ name }): a name, by which stored runs find the connection again',
    );
  const connect: ProviderConnection['connect'] = ({
    model,
    endpoint: stored,
    params,
    requestTimeoutMs,
  }) => {
    const endpoint = parseEndpoint(stored);
    if (endpoint === null)
      throw new TypeError(
        `the Gemini adapter knows no endpoint "${stored}"; it knows ${geminiEndpoints.join(', ')}`,
      );
    const scrubbing = createScrubbing(() => secretsOf(options));
    const open = createSession(options, scrubbing.scrub, requestTimeoutIn(requestTimeoutMs));
    return {
      ...createBatchProvider(open, { model, endpoint }),
      ...createGeminiWire({ model, endpoint, params }, scrubbing),
    };
  };
  const shown = { name, kind: 'gemini' };
  // The default connection is there in every process, and means the environment of the process that
  // drives the run.
  const isOwn = Object.keys(options).length > 0;
  const call = (settings: GeminiSettings<GeminiEndpoint>): unknown => {
    const config = makeProviderConfig(name, settings);
    return isOwn ? carryConnection(config, connection) : config;
  };
  // A function has a `name` already, which must be overwritten.
  const connection = Object.defineProperties(call, {
    name: { value: name, enumerable: true },
    kind: { value: 'gemini', enumerable: true },
    connect: { value: connect, enumerable: true },
    toJSON: { value: () => shown },
    [inspect.custom]: { value: () => `GeminiConnection ${JSON.stringify(shown)}` },
  }) as unknown as GeminiConnection;
  return connection;
};

const secretsOf = ({ apiKey, headers, secrets }: GeminiOptions): readonly string[] => [
  apiKey ?? keyOfEnvironment(),
  ...Object.values(headers ?? {}),
  ...(secrets ?? []),
];

/**
 * The default connection: key from `GEMINI_API_KEY` or `GOOGLE_API_KEY`, address from
 * `GOOGLE_GEMINI_BASE_URL`, both read at first use.
 */
export const gemini: GeminiConnection = createGemini({});
