import { type Account, isLoopback } from '../compose.ts';
import { confirmAddress, isConfirmed, isKnownAddress } from './confirmed-addresses.ts';
import type { ConnectionFlags } from './connection-flags.ts';
import type { LoadedEnv } from './env-file.ts';
import { CliFailure } from './failure.ts';
import { carryKey, headersOf } from './headers.ts';
import type { Reached } from '../job/job-description.ts';
import { broughtConnection } from './load-module.ts';
import { withoutSlashes } from './base-address.ts';

/** Where a run was started, as it is stored with it. */
interface StoredAddress extends Reached {
  readonly runId: string;
}

/** Of a run whose job brings a connection of its own: nothing here has a part in it. */
export const noAccount: Account = { apiKey: '', baseUrl: null };

/** How the service is reached: address and key, Azure's version, and the headers of a gateway. Secrets, for memory alone. */
export const reachOf = (loaded: LoadedEnv, flags: ConnectionFlags, stored?: StoredAddress): Account => {
  const account = accountFor(loaded, flags.baseUrl, stored);
  const headers = headersOf(flags.header, loaded);
  const lacking = flags.baseUrl === undefined ? (stored?.headerNames ?? []).find((name) => !Object.hasOwn(headers, name)) : undefined;
  if (lacking !== undefined)
    throw new CliFailure(`run ${stored?.runId ?? ''} was started with the header ${lacking}, which is not given now`, {
      hint: `Its value is not stored. Give it: --header ${lacking}=VALUE, or BATCHOR_HEADERS. To go on without it, say where: --base-url URL`,
    });
  const azureApiVersion = versionOf(flags.azureApiVersion, account.baseUrl) ?? stored?.azureApiVersion ?? null;
  return { ...account, apiKey: keyFor(loaded, account, azureApiVersion), headers, azureApiVersion };
};

/** What is stored of it with a run. */
export const storedReach = ({ baseUrl, azureApiVersion = null, headers = {} }: Account): Reached => ({
  baseUrl,
  ...(azureApiVersion === null ? {} : { azureApiVersion }),
  ...(Object.keys(headers).length === 0 ? {} : { headerNames: Object.keys(headers) }),
});

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

/** At Azure its own key is meant, where there is one. */
const keyFor = ({ env }: LoadedEnv, { apiKey, baseUrl }: Account, azureApiVersion: string | null): string => {
  const isAzure = azureApiVersion !== null || (baseUrl !== null && /\.azure\.com$/u.test(new URL(baseUrl).hostname));
  const own = env['AZURE_OPENAI_API_KEY']?.trim() ?? '';
  return isAzure && own !== '' ? own : apiKey;
};

/**
 * Where the key goes: what the flag says, else what the run was started with, else the environment, else OpenAI. The address that is stored
 * with a run may have come with the folder: it gets the key only where it is known, or where this user has named it before.
 */
export const accountFor = (loaded: LoadedEnv, flag: string | undefined, stored?: StoredAddress): Account => {
  const apiKey = loaded.env['OPENAI_API_KEY']?.trim() ?? '';
  if (flag !== undefined) return { apiKey, baseUrl: named(loaded, checkedUrl('--base-url', flag)) };
  const fromEnv = urlOfEnv(loaded);
  if (fromEnv !== null && !loaded.fromFile.has('OPENAI_BASE_URL')) named(loaded, fromEnv);
  if (stored === undefined) return { apiKey, baseUrl: fromEnv };
  const { runId, baseUrl } = stored;
  // A key is sent where this call or the run's start said, and never to the one when they name two.
  if (fromEnv !== null && fromEnv !== baseUrl) {
    throw new CliFailure(`run ${runId} was started at ${baseUrl ?? "OpenAI's own address"}, but OPENAI_BASE_URL is ${fromEnv}`, {
      hint: 'Unset OPENAI_BASE_URL to go on there, or say which with --base-url.',
    });
  }
  if (baseUrl !== null && fromEnv === null) requireTrusted(loaded, runId, baseUrl);
  return { apiKey, baseUrl };
};

/** The user named the address here: from now on it may also come from a store. */
const named = (loaded: LoadedEnv, url: string): string => {
  if (!isKnownAddress(url)) confirmAddress(loaded, url);
  return url;
};

const requireTrusted = (loaded: LoadedEnv, runId: string, stored: string): void => {
  const url = checkedUrl(`the address stored with run ${runId}`, stored);
  if (isKnownAddress(url) || isConfirmed(loaded, url)) return;
  throw new CliFailure(
    `run ${runId} was started at ${url}, an address that you have not named to batchor before: the key was not sent there`,
    {
      hint: `If it is right, confirm it once: --base-url ${url} (or OPENAI_BASE_URL=${url}).`,
    },
  );
};

/** The same, where something will be asked of the provider; an emulator on this machine needs no key, and a connection that a job's module brought has a key of its own. */
export const requireKey = (account: Account, connection: string | null = null): Account => {
  if (canAsk(account)) return account;
  if (connection !== null && broughtConnection(connection) !== undefined) return account;
  throw new CliFailure('OPENAI_API_KEY is not set', {
    hint: 'Set it in the environment or in a .env file here; it is never taken from the command line.',
  });
};

const secrets = ['OPENAI_API_KEY', 'AZURE_OPENAI_API_KEY', 'BATCHOR_HEADERS'];

/** True where there is a key, in whatever header, or none is needed. */
export const canAsk = ({ apiKey, baseUrl, headers = {} }: Account): boolean =>
  apiKey !== '' || carryKey(headers) || (baseUrl !== null && isLoopback(new URL(baseUrl)));

const urlOfEnv = ({ env, fromFile }: LoadedEnv): string | null => {
  const given = env['OPENAI_BASE_URL']?.trim() ?? '';
  if (given === '') return null;
  const url = checkedUrl('OPENAI_BASE_URL', given);
  // A folder's file must not lead a key away that was not meant for it.
  const secret = secrets.find((name) => !fromFile.has(name) && env[name] !== undefined);
  if (fromFile.has('OPENAI_BASE_URL') && secret !== undefined) {
    throw new CliFailure(`OPENAI_BASE_URL (${url}) comes from .env, ${secret} from the environment`, {
      hint: `Should ${secret === 'BATCHOR_HEADERS' ? 'the headers' : 'the key'} go there, say so: --base-url ${url}`,
    });
  }
  return url;
};

const checkedUrl = (name: string, text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol)) throw new CliFailure(`${name} is not an http or https address`);
  // Stored with the run: it must hold no secret.
  if (url.username !== '' || url.password !== '')
    throw new CliFailure(`${name} holds a user name or password`, { hint: 'Give the address alone; the key comes from OPENAI_API_KEY.' });
  if (url.search !== '' || url.hash !== '')
    throw new CliFailure(`${name} holds a query or a fragment`, {
      hint: url.searchParams.has('api-version')
        ? 'Give the address alone, and the version by --azure-api-version VERSION.'
        : 'Give the address alone.',
    });
  return withoutSlashes(text);
};
