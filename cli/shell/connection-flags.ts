import { Option } from 'clipanion';
import { cliProviders } from '../job/providers.ts';

/** The flags that name the service and its headers, as typed. */
export interface ConnectionFlags {
  /** Undefined: the run's, else OpenAI. */
  readonly provider?: string | undefined;
  readonly baseUrl: string | undefined;
  readonly header: readonly string[];
  readonly azureApiVersion: string | undefined;
}

const otherProviders = cliProviders.slice(1).map(({ name }) => name);

export const providerFlag = (): string | undefined =>
  Option.String('--provider', {
    description: `Batch service: openai (default), ${otherProviders.join(', ')}`,
  });

export const headerFlag = (): string[] =>
  Option.Array('--header', [], {
    description:
      'Header for every request, NAME=VALUE, e.g. for a gateway (repeatable; use BATCHOR_HEADERS for secrets)',
  });

export const azureFlag = (): string | undefined =>
  Option.String('--azure-api-version', {
    description:
      "Azure's api-version, e.g. 2025-04-01-preview; --base-url is then the address of the resource",
  });

export const storedBaseUrlFlag = (): string | undefined =>
  Option.String('--base-url', {
    description: 'Address of the service (default: the address that the run was started with)',
  });
