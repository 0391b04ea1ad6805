import type { Account } from './compose.ts';
import type { LoadedEnv } from './env-file.ts';
import { CliFailure } from './failure.ts';
import { broughtConnection } from './load-module.ts';

/** Where the key goes: what the flag says, else what the run was started with, else the environment, else OpenAI. */
export const accountFor = (
  loaded: LoadedEnv,
  flag: string | undefined,
  stored?: { readonly runId: string; readonly baseUrl: string | null },
): Account => {
  const apiKey = loaded.env['OPENAI_API_KEY']?.trim() ?? '';
  if (flag !== undefined) return { apiKey, baseUrl: checkedUrl('--base-url', flag) };
  const fromEnv = urlOfEnv(loaded);
  if (stored === undefined) return { apiKey, baseUrl: fromEnv };
  // A key is sent where this call or the run's start said, and never to the one when they name two.
  if (fromEnv !== null && fromEnv !== stored.baseUrl) {
    throw new CliFailure(
      `run ${stored.runId} was started at ${stored.baseUrl ?? "OpenAI's own address"}, but OPENAI_BASE_URL is ${fromEnv}`,
      {
        hint: 'Unset OPENAI_BASE_URL to go on there, or say which with --base-url.',
      },
    );
  }
  return { apiKey, baseUrl: stored.baseUrl };
};

/** The same, where something will be asked of the provider; a connection that a job's module brought has a key of its own. */
export const requireKey = (account: Account, connection: string | null = null): Account => {
  if (account.apiKey !== '' || (connection !== null && broughtConnection(connection) !== undefined)) return account;
  throw new CliFailure('OPENAI_API_KEY is not set', {
    hint: 'Set it in the environment or in a .env file here; it is never taken from the command line.',
  });
};

const urlOfEnv = ({ env, fromFile }: LoadedEnv): string | null => {
  const url = env['OPENAI_BASE_URL']?.trim() ?? '';
  if (url === '') return null;
  // A folder's file must not lead a key away that was not meant for it.
  if (fromFile.has('OPENAI_BASE_URL') && !fromFile.has('OPENAI_API_KEY') && env['OPENAI_API_KEY'] !== undefined) {
    throw new CliFailure(`OPENAI_BASE_URL (${url}) comes from .env, OPENAI_API_KEY from the environment`, {
      hint: `Should the key go there, say so: --base-url ${url}`,
    });
  }
  return checkedUrl('OPENAI_BASE_URL', url);
};

const checkedUrl = (name: string, text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol)) throw new CliFailure(`${name} is not an http or https address`);
  // Stored with the run: it must hold no secret.
  if (url.username !== '' || url.password !== '')
    throw new CliFailure(`${name} holds a user name or password`, { hint: 'Give the address alone; the key comes from OPENAI_API_KEY.' });
  if (url.search !== '' || url.hash !== '')
    throw new CliFailure(`${name} holds a query or a fragment`, { hint: 'Give the address alone.' });
  return text.replace(/\/+$/u, '');
};
