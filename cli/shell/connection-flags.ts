import { Option } from 'clipanion';

/** The flags that say how the service is reached, as they were typed. */
export interface ConnectionFlags {
  readonly baseUrl: string | undefined;
  readonly header: readonly string[];
  readonly azureApiVersion: string | undefined;
}

export const headerFlag = (): string[] =>
  Option.Array('--header', [], {
    description: 'A header for every request, NAME=VALUE, as gateways want it (repeatable; BATCHOR_HEADERS keeps values out of sight)',
  });

export const azureFlag = (): string | undefined =>
  Option.String('--azure-api-version', {
    description: "Azure's api-version, like 2025-04-01-preview; --base-url is then the address of the resource",
  });

export const storedBaseUrlFlag = (): string | undefined =>
  Option.String('--base-url', { description: 'Address of the service (default: the one the run was started with)' });

/** Nothing said. */
export const noFlags: ConnectionFlags = { baseUrl: undefined, header: [], azureApiVersion: undefined };
