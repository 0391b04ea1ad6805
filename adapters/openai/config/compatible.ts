import type { OpenAIEndpoint } from './endpoints.ts';
import type { OpenAIOptions } from './options.ts';
import { connectionTo, type OpenAIConnection } from './connection.ts';
import {
  type CompatibleName,
  profileOf,
  serviceProfiles,
  type ServiceProfile,
} from './profiles.ts';
import type { OpenAIProviderConfig, OpenAISettings } from './settings.ts';

/** How a connection reaches a service that speaks OpenAI's API. Held in memory only. */
export type CompatibleOptions = OpenAIOptions;

/** Data only. There is no key here to persist: keys belong to the connection. */
export type CompatibleSettings<E extends OpenAIEndpoint = 'chat.completions'> = Omit<
  OpenAISettings<E>,
  'model' | 'completionWindow'
> & {
  readonly model: string;
  /** Default 24h. */
  readonly completionWindow?: `${number}h` | `${number}d`;
};

/** The same of Azure, where requests name a deployment. */
export type AzureSettings<E extends OpenAIEndpoint = 'chat.completions'> = Omit<
  CompatibleSettings<E>,
  'model'
> & {
  /** Of a batch deployment: Global Batch or Data Zone Batch. */
  readonly deployment: string;
};

const knownProfile = (name: string): ServiceProfile => {
  const profile = profileOf(name);
  if (profile !== null) return profile;
  throw new TypeError(
    `compatible(${JSON.stringify(name)}): no such service; there are ${Object.keys(serviceProfiles).join(', ')}`,
  );
};

/**
 * A connection of your own to a service that speaks OpenAI's API: its key and address default to
 * the service's variables (`GROQ_API_KEY` …). Throws a TypeError for a name that is unknown.
 */
export const createCompatible = (
  name: CompatibleName,
  options: CompatibleOptions = {},
): OpenAIConnection => connectionTo(knownProfile(name), options);

/** A connection of your own to an Azure resource, by its v1 address or its host alone. */
export const createAzureOpenAI = (options: CompatibleOptions = {}): OpenAIConnection =>
  createCompatible('azure', options);

const connections = new Map<string, OpenAIConnection>();

/** The default connection of a service by name, from its variables; null: no such service. */
export const connectionOfService = (name: string): OpenAIConnection | null => {
  const profile = profileOf(name);
  if (profile === null) return null;
  const connection = connections.get(name) ?? connectionTo(profile, {});
  connections.set(name, connection);
  return connection;
};

/**
 * The provider config of a job for a service that speaks OpenAI's API. Key and address come from
 * the service's variables (`GROQ_API_KEY` …). Throws a TypeError for settings that the service does
 * not take.
 */
export const compatible = <const E extends OpenAIEndpoint = 'chat.completions'>(
  name: CompatibleName,
  settings: CompatibleSettings<E>,
): OpenAIProviderConfig<E> => {
  const { name: known } = knownProfile(name);
  const connection = connectionOfService(known) ?? createCompatible(name);
  return connection(settings as unknown as OpenAISettings<E>);
};

/**
 * The provider config of a job for Azure OpenAI: `AZURE_OPENAI_API_KEY`, and the address of the
 * resource in `AZURE_OPENAI_ENDPOINT`.
 */
export const azureOpenai = <const E extends OpenAIEndpoint = 'chat.completions'>({
  deployment,
  ...settings
}: AzureSettings<E>): OpenAIProviderConfig<E> => {
  if (typeof deployment !== 'string' || deployment.trim() === '')
    throw new TypeError('azureOpenai({ deployment }): the name of a batch deployment is needed');
  return compatible('azure', {
    ...settings,
    model: deployment,
  } as unknown as CompatibleSettings<E>);
};
