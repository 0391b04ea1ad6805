import { type Account, isLoopback } from '../compose.ts';
import {
  confirmAddress,
  isConfirmed,
  isKnownAddress,
  withoutSlashes,
} from './confirmed-addresses.ts';
import type { ConnectionFlags } from './connection-flags.ts';
import type { LoadedEnv } from './env-file.ts';
import { CliFailure } from './failure.ts';
import { carryKey, headersOf } from './headers.ts';
import type { Reached } from '../job/job-description.ts';
import {
  type CliProvider,
  cliProvider,
  cliProviders,
  isCliConnection,
  keyVariables,
  openaiProvider,
} from '../job/providers.ts';
import { broughtConnection } from './load-module.ts';
import { quoted } from './quoted.ts';

/** Where a run was started, as it is stored with it. */
interface StoredAddress extends Reached {
  readonly runId: string;
}

/** The account of a run whose job module brings its own connection: no key, no address. */
export const noAccount: Account = { apiKey: '', baseUrl: null };

/**
 * How the service is reached: address and key, Azure's version, and the headers of a gateway.
 * Secrets, for memory alone.
 */
export const reachOf = (
  loaded: LoadedEnv,
  flags: ConnectionFlags,
  stored?: StoredAddress,
): Account => {
  const provider = providerFor(flags.provider, stored);
  const account = accountFor(loaded, flags.baseUrl, stored, provider);
  const headers = headersOf(flags.header, loaded);
  const lacking =
    flags.baseUrl === undefined
      ? (stored?.headerNames ?? []).find((name) => !Object.hasOwn(headers, name))
      : undefined;
  if (lacking !== undefined)
    throw new CliFailure(
      `run ${stored?.runId ?? ''} was started with the header ${lacking}, which is missing now`,
      {
        hint: `Its value is not stored. Give it: --header ${lacking}=VALUE, or BATCHOR_HEADERS. To continue without it, name the address: --base-url URL`,
      },
    );
  const azureApiVersion =
    versionOf(flags.azureApiVersion, account.baseUrl) ?? stored?.azureApiVersion ?? null;
  return { ...account, apiKey: keyFor(loaded, account, azureApiVersion), headers, azureApiVersion };
};

/** The service of a run stays what it was. */
const providerFor = (flag: string | undefined, stored: StoredAddress | undefined): CliProvider => {
  const given = cliProvider(flag ?? stored?.provider);
  const before = stored === undefined ? given : cliProvider(stored.provider);
  if (given === before) return given;
  throw new CliFailure(
    `run ${stored?.runId ?? ''} was started with --provider ${before.name}, not ${given.name}`,
    { hint: 'Omit --provider to continue it, or choose another --run-id for a new run.' },
  );
};

/** The part of the account that is stored with a run: no secrets. */
export const storedReach = ({
  provider,
  baseUrl,
  azureApiVersion = null,
  headers = {},
}: Account): Reached => ({
  baseUrl,
  ...storedProvider(provider),
  ...(azureApiVersion === null ? {} : { azureApiVersion }),
  ...(Object.keys(headers).length === 0 ? {} : { headerNames: Object.keys(headers) }),
});

/** OpenAI is not named, so that runs of earlier releases say the same. */
export const storedProvider = (provider: string | undefined): Pick<Reached, 'provider'> =>
  provider === undefined || provider === openaiProvider.name ? {} : { provider };

const versionOf = (text: string | undefined, baseUrl: string | null): string | null => {
  if (text === undefined) return null;
  if (!/^[\w.-]{1,64}$/u.test(text))
    throw new CliFailure(`--azure-api-version ${JSON.stringify(text)} is not a version`, {
      hint: 'For example --azure-api-version 2025-04-01-preview',
    });
  if (baseUrl === null)
    throw new CliFailure('--azure-api-version needs the address of the resource', {
      hint: 'Give it: --base-url https://NAME.openai.azure.com',
    });
  return text;
};

/** An Azure address uses AZURE_OPENAI_API_KEY where it is set. */
const keyFor = (
  { env }: LoadedEnv,
  { apiKey, baseUrl }: Account,
  azureApiVersion: string | null,
): string => {
  const isAzure =
    azureApiVersion !== null ||
    (baseUrl !== null && /\.azure\.com$/u.test(new URL(baseUrl).hostname));
  const own = env['AZURE_OPENAI_API_KEY']?.trim() ?? '';
  return isAzure && own !== '' ? own : apiKey;
};

/**
 * The address that gets the key: the flag, else the address the run was started with, else the
 * environment, else the provider's own. A stored address may have come with a copied folder: it
 * gets the key only if it is known, or if this user has named it before.
 */
export const accountFor = (
  loaded: LoadedEnv,
  flag: string | undefined,
  stored?: StoredAddress,
  service: CliProvider = openaiProvider,
): Account => {
  const { name: provider, title, addressVariable } = service;
  const apiKey = keyOf(loaded, service);
  if (flag !== undefined)
    return {
      provider,
      apiKey,
      baseUrl: named(loaded, checkedUrl('--base-url', flag, service), service),
    };
  const fromEnv = urlOfEnv(loaded, service);
  if (fromEnv !== null && !loaded.fromFile.has(addressVariable)) named(loaded, fromEnv, service);
  if (stored === undefined) {
    if (fromEnv === null && service.address === null)
      throw new CliFailure(
        `--provider ${provider} needs an address: ${title} has none of its own`,
        {
          hint: `Give it: --base-url URL, or ${addressVariable}.`,
        },
      );
    return { provider, apiKey, baseUrl: fromEnv };
  }
  const { runId, baseUrl } = stored;
  // When the environment and the run name two addresses, the key is sent to neither.
  if (fromEnv !== null && fromEnv !== baseUrl) {
    throw new CliFailure(
      `run ${runId} was started at ${baseUrl ?? `${title}'s own address`}, but ${addressVariable} is ${fromEnv}`,
      {
        hint: `Unset ${addressVariable} to continue there, or choose the address with --base-url.`,
      },
    );
  }
  if (baseUrl !== null && fromEnv === null) requireTrusted(loaded, runId, baseUrl, service);
  return { provider, apiKey, baseUrl };
};

/** Records that the user named the address: from then on it may also come from a store. */
const named = (loaded: LoadedEnv, url: string, service: CliProvider): string => {
  if (!isKnownAddress(url, service)) confirmAddress(loaded, url);
  return url;
};

const requireTrusted = (
  loaded: LoadedEnv,
  runId: string,
  stored: string,
  service: CliProvider,
): void => {
  const url = checkedUrl(`the address stored with run ${runId}`, stored, service);
  if (isKnownAddress(url, service) || isConfirmed(loaded, url)) return;
  throw new CliFailure(
    `run ${runId} was started at ${url}, an address that you have not used with batchor before: the key was not sent there`,
    {
      hint: `If the address is right, confirm it once: --base-url ${url} (or ${service.addressVariable}=${url}).`,
    },
  );
};

/**
 * Throws if a request to the provider would need a key that is missing. An emulator on this machine
 * needs none, and a job module's own connection has its own.
 */
export const requireKey = (account: Account, connection: string | null = null): Account => {
  if (connection !== null && broughtConnection(connection) !== undefined) return account;
  const { name, keyVariable } = cliProvider(account.provider);
  // A job of a module names its service itself.
  if (connection !== null && isCliConnection(connection) && connection !== name)
    throw new CliFailure(`the job's provider is ${connection}, and --provider is ${name}`, {
      hint: `Give --provider ${connection}, so that its key and address are used.`,
    });
  if (!/^[\x21-\x7e]*$/u.test(account.apiKey))
    throw new CliFailure(
      `${keyNames(account).join(' or ')} holds a blank or a character that no HTTP header may`,
      {
        hint: 'Was it copied whole? Set it again, in the environment or in .env. Nothing was sent.',
      },
    );
  if (canAsk(account)) return account;
  throw new CliFailure(`${keyVariable} is not set`, {
    hint: 'Set it in the environment or in a .env file of this folder; it is never read from the command line.',
  });
};

/** The variables that its key may come from. */
const keyNames = ({ provider, baseUrl, azureApiVersion = null }: Account): readonly string[] => [
  ...keyVariables(cliProvider(provider)),
  ...(azureApiVersion !== null || baseUrl?.includes('.azure.com') === true
    ? ['AZURE_OPENAI_API_KEY']
    : []),
];

/** The first of the service's variables that holds a key; empty: none does. */
const keyOf = ({ env }: LoadedEnv, service: CliProvider): string =>
  keyVariables(service)
    .map((name) => env[name]?.trim() ?? '')
    .find((key) => key !== '') ?? '';

const secretsOf = (service: CliProvider): readonly string[] => [
  ...keyVariables(service),
  ...(service === openaiProvider ? ['AZURE_OPENAI_API_KEY'] : []),
  'BATCHOR_HEADERS',
];

/** Keys in the environment, to be masked where a service repeated one. */
export const keysIn = ({ env }: LoadedEnv): readonly string[] =>
  cliProviders.flatMap(keyVariables).flatMap((name) => env[name]?.trim() ?? []);

/** True if there is a key, in any header, or none is needed. */
export const canAsk = ({ apiKey, baseUrl, headers = {} }: Account): boolean =>
  apiKey !== '' || carryKey(headers) || (baseUrl !== null && isLoopback(new URL(baseUrl)));

const urlOfEnv = ({ env, fromFile }: LoadedEnv, service: CliProvider): string | null => {
  const { addressVariable } = service;
  const given = env[addressVariable]?.trim() ?? '';
  if (given === '') return null;
  const url = checkedUrl(addressVariable, given, service);
  // A .env file in a folder must not redirect a key from the environment to its own address.
  const secret = secretsOf(service).find((name) => !fromFile.has(name) && env[name] !== undefined);
  if (fromFile.has(addressVariable) && secret !== undefined) {
    throw new CliFailure(
      `${addressVariable} (${url}) comes from .env, ${secret} from the environment`,
      {
        hint: `To send ${secret === 'BATCHOR_HEADERS' ? 'the headers' : 'the key'} there, confirm the address: --base-url ${url}`,
      },
    );
  }
  return url;
};

/** `localhost:8080/v1`: a host, perhaps with a port and a path, of characters to repeat safely. */
const isWithoutScheme = (text: string): boolean =>
  /^[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?(?:\/[\w./-]*)?$/u.test(text);

/** Throws for an address or a header that could not be used; changes and sends nothing. */
export const checkReach = (
  loaded: LoadedEnv,
  { provider, baseUrl, header }: Pick<ConnectionFlags, 'provider' | 'baseUrl' | 'header'>,
): void => {
  if (baseUrl !== undefined) checkedUrl('--base-url', baseUrl, cliProvider(provider));
  headersOf(header, loaded);
};

/** An address of Azure's as its portal shows it has the version in its query. */
const queryFailure = (name: string, { origin, pathname, searchParams }: URL): CliFailure => {
  const address = withoutSlashes(`${origin}${pathname}`);
  const version = searchParams.get('api-version');
  return new CliFailure(
    `${name} contains a query or a fragment`,
    version === null
      ? { hint: `Give only the address: ${address}` }
      : {
          retype: {
            says: 'Give the version by its flag',
            adds: [`--base-url ${quoted(address)}`, `--azure-api-version ${quoted(version)}`],
          },
        },
  );
};

const checkedUrl = (name: string, text: string, { keyVariable }: CliProvider): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol))
    throw new CliFailure(`${name} is not an http or https address`, {
      hint: isWithoutScheme(text)
        ? `Write it with its scheme: http://${text}, or https://${text}`
        : 'For example https://gateway.example/v1',
    });
  // Stored with the run: it must hold no secret.
  if (url.username !== '' || url.password !== '')
    throw new CliFailure(`${name} contains a user name or password`, {
      hint: `Give only the address; the key comes from ${keyVariable}.`,
    });
  if (url.search !== '' || url.hash !== '') throw queryFailure(name, url);
  return withoutSlashes(text);
};
