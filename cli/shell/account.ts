import type { Account } from '../compose.ts';
import { confirmAddress, isConfirmed, isKnownAddress } from './confirmed-addresses.ts';
import type { LoadedEnv } from './env-file.ts';
import { CliFailure } from './failure.ts';
import { broughtConnection } from './load-module.ts';
import { isOnThisMachine, withoutSlashes } from './base-address.ts';

interface StoredAddress {
  readonly runId: string;
  readonly baseUrl: string | null;
}

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
  if (account.apiKey !== '' || isOnThisMachine(account.baseUrl) || (connection !== null && broughtConnection(connection) !== undefined))
    return account;
  throw new CliFailure('OPENAI_API_KEY is not set', {
    hint: 'Set it in the environment or in a .env file here; it is never taken from the command line.',
  });
};

const urlOfEnv = ({ env, fromFile }: LoadedEnv): string | null => {
  const given = env['OPENAI_BASE_URL']?.trim() ?? '';
  if (given === '') return null;
  const url = checkedUrl('OPENAI_BASE_URL', given);
  // A folder's file must not lead a key away that was not meant for it.
  if (fromFile.has('OPENAI_BASE_URL') && !fromFile.has('OPENAI_API_KEY') && env['OPENAI_API_KEY'] !== undefined) {
    throw new CliFailure(`OPENAI_BASE_URL (${url}) comes from .env, OPENAI_API_KEY from the environment`, {
      hint: `Should the key go there, say so: --base-url ${url}`,
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
    throw new CliFailure(`${name} holds a query or a fragment`, { hint: 'Give the address alone.' });
  return withoutSlashes(text);
};
