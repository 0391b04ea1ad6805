import type { RunConfig, StructuredOutputConfig } from '../lib/core/model/config.ts';
import type { AnswerWire, ConnectionFinder } from '../lib/run/api/connections.ts';
import type { ProviderConfig, ProviderConnection } from '../lib/ports/provider.ts';
import type { RunStore } from '../lib/ports/run-store.ts';
import type { BatchRunner } from '../lib/run/api/runner.ts';
import type { PriceBook } from '../lib/run/job/price-book.ts';
import type { CompatibleName } from '../adapters/openai/config/profiles.ts';
import type { StrictRules } from '../lib/schema/strict-rules.ts';
import type { RunnerStorage } from '../lib/run/api/runner-options.ts';
import type { CliPrompt } from './job/prompt.ts';
import type { Reached, Settings } from './job/job-description.ts';
import type { Headers } from './shell/headers.ts';
import { inFlags, providerSettings } from './job/provider-settings.ts';
import { compatibleServices } from './compose-services.ts';
import { cliProvider, isCliConnection } from './job/providers.ts';
import { CliFailure } from './shell/failure.ts';
import { broughtConnection, importModule } from './shell/load-module.ts';
import type { StorePlace } from './shell/place.ts';

// Everything that takes time to load is imported inside the function that needs it: `status` must
// not load a provider's code.

export { isLoopback } from '../adapters/http/proxies.ts';
export { carriedConnection } from '../adapters/http/carried-connection.ts';
export * from './compose-files.ts';

/** The address that requests go to, and the key. */
export interface Account {
  /** By the name of its flag; absent: OpenAI. */
  readonly provider?: string;
  /** Empty: no key; then stored data can be read, but no request sent. */
  readonly apiKey: string;
  /** Null: the provider's own. */
  readonly baseUrl: string | null;
  /** Null: not Azure, or its v1 address. */
  readonly azureApiVersion?: string | null;
  /** Secrets, all of them. */
  readonly headers?: Headers;
  /** Keys that are not used, only masked in output. */
  readonly hides?: readonly string[];
}

type Maker = () => Promise<(account: Account) => ProviderConnection>;

const byProfile: Readonly<Record<string, Maker>> = Object.fromEntries(
  compatibleServices.map(({ name }): [string, Maker] => [
    name,
    async () => {
      const { createCompatible } = await import('../adapters/openai/index.ts');
      return ({ azureApiVersion = null, ...account }) =>
        createCompatible(name as CompatibleName, {
          ...reachedBy(account, name),
          ...(azureApiVersion === null ? {} : { azureApiVersion }),
        });
    },
  ]),
);

/** The code of each provider of the command line, by its name. */
const makers: Readonly<Record<string, Maker>> = {
  ...byProfile,
  openai: async () => {
    const { createOpenAI } = await import('../adapters/openai/index.ts');
    return ({ azureApiVersion = null, ...account }) =>
      createOpenAI({
        ...reachedBy(account, 'openai'),
        ...(azureApiVersion === null ? {} : { azureApiVersion }),
      });
  },
  anthropic: async () => {
    const { createAnthropic } = await import('../adapters/anthropic/index.ts');
    return (account) => createAnthropic(reachedBy(account, 'anthropic'));
  },
  mistral: async () => {
    const { createMistral } = await import('../adapters/mistral/index.ts');
    return (account) => createMistral(reachedBy(account, 'mistral'));
  },
  xai: async () => {
    const { createXai } = await import('../adapters/xai/index.ts');
    return (account) => createXai(reachedBy(account, 'xai'));
  },
  gemini: async () => {
    const { createGemini } = await import('../adapters/gemini/index.ts');
    return (account) => createGemini(reachedBy(account, 'gemini'));
  },
};

/** Without any address nothing is sent: stored data can be read. */
const baseAt = (baseURL: string | null) => (baseURL === null ? {} : { baseURL });

/** Key and address are both given, so that no adapter reads them from the environment. */
const reachedBy = ({ apiKey, baseUrl, headers = {}, hides = [] }: Account, name: string) => ({
  apiKey,
  ...baseAt(baseUrl ?? cliProvider(name).address),
  secrets: hides,
  ...(Object.keys(headers).length === 0 ? {} : { headers }),
});

/**
 * Finds the connection of a run by its name: of a provider, whose code is loaded then, or one that
 * a job module brought. The account is resolved at the time of connecting: a stored run is opened
 * before its address is known. Another provider's account opens nothing.
 */
const connectionBy =
  (accountOf: () => Account, brought: ConnectionFinder = broughtConnection): ConnectionFinder =>
  async (name, kind) => {
    if (!isCliConnection(name)) return brought(name, kind);
    const make = await makers[name]?.();
    if (make === undefined) throw new Error(`no adapter for ${name}`);
    return {
      name,
      kind: name,
      connect: (config) => {
        const { hides = [], ...account } = accountOf();
        const isOther = account.provider !== undefined && account.provider !== name;
        return make({ ...(isOther ? { apiKey: '', baseUrl: null } : account), hides }).connect(
          config,
        );
      },
    };
  };

/** `mayMake`: creates a store that does not exist. */
const storageOf = async (store: StorePlace, mayMake: boolean): Promise<RunnerStorage> => {
  if (store.type === 'folder') {
    const { sqljsStore } = await import('../adapters/filestore/index.ts');
    return { storage: sqljsStore({ dir: store.path }) };
  }
  const { dsn, schema, artifactFolder, onWaiting } = store;
  const [{ pgStore }, { filesystemArtifacts }] = await Promise.all([
    import('../adapters/pg/index.ts'),
    import('../adapters/filesystem/index.ts'),
  ]);
  try {
    const storage = pgStore({
      connectionString: dsn,
      migrate: mayMake ? true : 'existing',
      onWaiting,
      ...(schema === null ? {} : { schema }),
    });
    return {
      storage,
      artifactStore: artifactFolder === null ? null : filesystemArtifacts({ dir: artifactFolder }),
    };
  } catch (error) {
    // The driver's error about a malformed address may repeat it with its password.
    if (error instanceof TypeError && error.message.startsWith('pgStore'))
      throw new CliFailure(error.message);
    throw new CliFailure('the address of the store cannot be read', {
      hint: 'The form is postgresql://user:password@host:5432/database?schema=batchor',
    });
  }
};

/** Opens the store only, for reading: loads nothing that a runner needs. */
export const openStore = async (place: StorePlace): Promise<RunStore> => {
  const [{ must }, { storage }] = await Promise.all([
    import('../lib/run/api/interop.ts'),
    storageOf(place, false),
  ]);
  if (storage === undefined) throw new Error('a place without a storage');
  return must(storage.open(), { storage: storage.describe });
};

export interface RunnerOptions {
  /** Creates a store that does not exist. */
  readonly mayMake: boolean;
  /** Time without a heartbeat after which other processes of a shared store take over. */
  readonly leaseTtlMs?: number;
  readonly prices?: PriceBook | undefined;
  /** Default: connections of job modules that are loaded. */
  readonly connectionOf?: ConnectionFinder;
}

/** A runner over the store. */
export const createRunner = async (
  store: StorePlace,
  accountOf: () => Account,
  { mayMake, leaseTtlMs, prices, connectionOf }: RunnerOptions,
): Promise<BatchRunner> => {
  const [{ BatchRunner }, kept] = await Promise.all([
    import('../lib/run/api/runner.ts'),
    storageOf(store, mayMake),
  ]);
  return new BatchRunner({
    ...kept,
    connectionOf: connectionBy(accountOf, connectionOf),
    importModule,
    ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
    ...(prices === undefined ? {} : { prices }),
  });
};

/** Reads the answers of a run, without a runner; `hides`: keys that are masked in them. */
export const answerReader = async (
  config: RunConfig,
  hides: readonly string[],
): Promise<AnswerWire> => {
  const { createConnections } = await import('../lib/run/api/connections.ts');
  const connectionOf = connectionBy(() => ({ apiKey: '', baseUrl: null, hides }));
  return createConnections([], connectionOf).readerOf(config);
};

/**
 * A runner without a store: it can only quote, without a key, and read batches that were created
 * elsewhere.
 */
export const createQuoter = async (
  account: Account = { apiKey: '', baseUrl: null },
): Promise<BatchRunner> => {
  const { BatchRunner } = await import('../lib/run/api/runner.ts');
  return new BatchRunner({ connectionOf: connectionBy(() => account), importModule });
};

/** Tells processes apart, also where their ids come again. */
export const loadProcessIdentity = () => import('../adapters/filestore/ownership/lock-file.ts');

type Settled = ReturnType<typeof providerSettings>;
const compatibleConfig =
  (name: string) =>
  async (settings: Settled): Promise<unknown> => {
    const { compatible } = await import('../adapters/openai/index.ts');
    type Given = Parameters<typeof compatible>[1];
    return compatible(name as CompatibleName, settings as unknown as Given);
  };
const configMakers: Readonly<Record<string, (settings: Settled) => Promise<unknown>>> = {
  openai: async (settings) => {
    const { openai } = await import('../adapters/openai/index.ts');
    return openai(settings as unknown as Parameters<typeof openai>[0]);
  },
  anthropic: async (settings) => {
    const { anthropic } = await import('../adapters/anthropic/index.ts');
    return anthropic(settings as unknown as Parameters<typeof anthropic>[0]);
  },
  mistral: async (settings) => {
    const { mistral } = await import('../adapters/mistral/index.ts');
    return mistral(settings as unknown as Parameters<typeof mistral>[0]);
  },
  xai: async (settings) => {
    const { xai } = await import('../adapters/xai/index.ts');
    return xai(settings as unknown as Parameters<typeof xai>[0]);
  },
  gemini: async (settings) => {
    const { gemini } = await import('../adapters/gemini/index.ts');
    return gemini(settings as unknown as Parameters<typeof gemini>[0]);
  },
};

/** The provider's part of a job. Throws the errors of the adapter's checks, with flag names. */
export const providerConfigOf = async (
  description: Settings,
): Promise<ProviderConfig<CliPrompt, unknown>> => {
  const settings = providerSettings(description);
  try {
    // The adapter's types are no guarantee for values of a command line, so its checks run.
    const { name, isCompatible } = cliProvider(description.provider);
    const make = isCompatible === true ? compatibleConfig(name) : configMakers[name];
    const config = (await make?.(settings)) as ProviderConfig<CliPrompt, unknown>;
    const { prices } = description.policies;
    return prices === null ? config : { ...config, prices };
  } catch (error) {
    if (error instanceof TypeError) throw new CliFailure(inFlags(error.message));
    throw error;
  }
};

/** The known models and windows of the service; null: unknown. */
export const serviceNamesOf = async ({ provider, baseUrl }: Reached) => {
  const { name, title, address, isCompatible } = cliProvider(provider);
  // Their models are not known here.
  if (isCompatible === true || ['mistral', 'xai'].includes(name) || address === null) return null;
  if (baseUrl !== null && new URL(baseUrl).host !== new URL(address).host) return null;
  if (name === 'anthropic') {
    const { anthropicModels, anthropicWindows, isKnownModel } =
      await import('../adapters/anthropic/config/models.ts');
    return { service: title, models: anthropicModels, isKnownModel, windows: anthropicWindows };
  }
  if (name === 'gemini') {
    const { geminiModels, geminiWindows, isKnownModel } =
      await import('../adapters/gemini/config/models.ts');
    return { service: title, models: geminiModels, isKnownModel, windows: geminiWindows };
  }
  const { isKnownModel, openaiModels, openaiWindows } =
    await import('../adapters/openai/config/models.ts');
  return { service: title, models: openaiModels, isKnownModel, windows: openaiWindows };
};

/** Endpoints of services whose jobs are their own, and whose requests are OpenAI's. */
const endpointsOfOwn: Readonly<Record<string, readonly string[]>> = {
  mistral: ['chat.completions', 'embeddings'],
  xai: ['chat.completions'],
};

/** The endpoint of a flag, in the adapter's spelling. */
export const endpointOf = async (text: string, provider?: string): Promise<string> => {
  const { name, endpoint: only } = cliProvider(provider);
  if (name === 'anthropic') {
    if (/^\/?(?:v1\/)?messages$/u.test(text.trim())) return only;
    throw new CliFailure(`--endpoint ${JSON.stringify(text)}: no such endpoint`, {
      hint: `Anthropic has only ${only}.`,
    });
  }
  if (name === 'gemini') {
    const adapter = await import('../adapters/gemini/index.ts');
    const known = adapter.parseEndpoint(text);
    if (known !== null) return known;
    throw new CliFailure(`--endpoint ${JSON.stringify(text)}: no such endpoint`, {
      hint: `Gemini has ${adapter.geminiEndpoints.join(' and ')}.`,
    });
  }
  const { openaiEndpoints, parseEndpoint } = await import('../adapters/openai/index.ts');
  const endpoint = parseEndpoint(text);
  const taken: readonly string[] | undefined =
    endpointsOfOwn[name] ?? compatibleServices.find((service) => service.name === name)?.endpoints;
  if (endpoint !== null && taken?.includes(endpoint) !== false) return endpoint;
  if (endpoint !== null)
    throw new CliFailure(`--endpoint ${endpoint}: --provider ${name} does not take it`, {
      hint: `Allowed are ${(taken ?? []).join(', ')}.`,
    });
  throw new CliFailure(`--endpoint ${JSON.stringify(text)}: no such endpoint`, {
    hint: `Allowed are ${openaiEndpoints.join(', ')}, and their paths (/v1/responses).`,
  });
};

/** The url of requests to an endpoint. */
export const pathOfEndpoint = async (endpoint: string): Promise<string> => {
  const { endpointPath, parseEndpoint } = await import('../adapters/openai/config/endpoints.ts');
  const known = parseEndpoint(endpoint);
  return known === null ? endpoint : endpointPath(known);
};

/** The schema rules of the model. */
export const schemaRulesOf = async (model: string, provider?: string): Promise<StrictRules> => {
  if (cliProvider(provider).name === 'anthropic') {
    const { anthropicSchemaRules } = await import('../adapters/anthropic/index.ts');
    return anthropicSchemaRules;
  }
  if (cliProvider(provider).name === 'gemini') {
    const { geminiSchemaRules } = await import('../adapters/gemini/index.ts');
    return geminiSchemaRules;
  }
  const adapter = await import('../adapters/openai/index.ts');
  return adapter.schemaRulesOf(model);
};

/** Renders a job's request lines as a run would, with nothing opened. */
export const rendererOf = async (
  config: ProviderConfig<CliPrompt, unknown>,
  structuredOutput: StructuredOutputConfig | null,
  raisedOutputTokensMax: number | null,
): Promise<
  (customId: string, prompt: unknown) => { readonly line: string } | { readonly reason: string }
> => {
  const find = connectionBy(() => ({ apiKey: '', baseUrl: null }));
  const own = await find(config.connection, config.kind);
  if (own === undefined) throw new Error(`no connection ${config.connection}`);
  const { jsonSchema = null, schemaName = null } = structuredOutput ?? {};
  return own
    .connect({ ...config, requestTimeoutMs: 60_000 })
    .renderer({ jsonSchema, schemaName, raisedOutputTokensMax });
};

/** The service of a flag, as the emulator names it. */
export const emulatedProviderOf = async (
  name: string,
): Promise<import('../adapters/emulator/index.ts').EmulatedProvider> => {
  const { emulatedProviders } = await import('../adapters/emulator/index.ts');
  const found = emulatedProviders.find((provider) => provider === name);
  if (found !== undefined) return found;
  throw new CliFailure(`--provider ${JSON.stringify(name)}: the emulator speaks no such API`, {
    hint: `Allowed are ${emulatedProviders.join(', ')}.`,
  });
};

/** Options of the emulator command. */
export const startEmulator = async (
  options: Parameters<(typeof import('../adapters/emulator/index.ts'))['startEmulator']>[0],
): Promise<import('../adapters/emulator/index.ts').Emulator> => {
  const emulator = await import('../adapters/emulator/index.ts');
  return emulator.startEmulator(options);
};
