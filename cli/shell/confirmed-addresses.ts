import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { replaceFileNow } from '../../lib/disk/replace-file.ts';
import type { CliProvider } from '../job/providers.ts';
import type { LoadedEnv } from './env-file.ts';
import { isLoopback } from '../compose.ts';

/**
 * Addresses that get a provider's key without confirmation: its own over https, this machine's.
 */
export const isKnownAddress = (address: string, { host }: Pick<CliProvider, 'host'>): boolean => {
  const url = new URL(address);
  const { protocol, hostname } = url;
  if (
    protocol === 'https:' &&
    host !== null &&
    (hostname === host || hostname.endsWith(`.${host}`))
  )
    return true;
  return isLoopback(url);
};

/** True where this user has named the address to batchor before. */
export const isConfirmed = (loaded: LoadedEnv, address: string): boolean => {
  const path = fileOf(loaded);
  return path !== null && readAddresses(path).includes(keyOf(address));
};

const addressesMax = 200;

/**
 * Adds the address to the user's confirmed addresses, if the user has a settings folder. The file
 * lies outside of every project, so that no cloned or unpacked folder can bring it along. If it
 * cannot be written, the command continues and asks again next time.
 */
export const confirmAddress = (loaded: LoadedEnv, address: string): void => {
  const path = fileOf(loaded);
  const key = keyOf(address);
  if (path === null) return;
  const known = readAddresses(path);
  if (known.includes(key)) return;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const addresses = [...known, key].slice(-addressesMax);
    replaceFileNow(path, `${JSON.stringify({ version: 1, addresses }, null, 2)}\n`);
  } catch {
    // The user is asked again next time.
  }
};

/** The form in which addresses are compared: normalised by `URL`, without a trailing slash. */
const keyOf = (address: string): string => withoutSlashes(new URL(address).href);

/**
 * `$XDG_CONFIG_HOME/batchor/addresses.json`, from the user's own environment: a folder's `.env`
 * must not choose it. Null: the user has no settings folder.
 */
const fileOf = ({ env, fromFile }: LoadedEnv): string | null => {
  const own = (name: string): string | null => {
    const value = fromFile.has(name) ? undefined : env[name];
    return value !== undefined && isAbsolute(value) ? value : null;
  };
  const home = own('HOME');
  const folder =
    own('XDG_CONFIG_HOME') ?? (home === null ? null : join(home, '.config')) ?? own('APPDATA');
  return folder === null ? null : join(folder, 'batchor', 'addresses.json');
};

/** The addresses in the file, if only this user can write it; else none. */
const readAddresses = (path: string): readonly string[] => {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return [];
  }
  try {
    const found = fstatSync(fd);
    const isOurs =
      process.getuid === undefined ||
      (found.uid === process.getuid() && (found.mode & 0o022) === 0);
    if (!found.isFile() || !isOurs) return [];
    const stored: unknown = JSON.parse(readFileSync(fd, 'utf8'));
    const addresses =
      typeof stored === 'object' && stored !== null && 'addresses' in stored
        ? stored.addresses
        : null;
    return Array.isArray(addresses)
      ? addresses.filter((address): address is string => typeof address === 'string')
      : [];
  } catch {
    return [];
  } finally {
    closeSync(fd);
  }
};

/** The address without the slashes at its end. */
export const withoutSlashes = (address: string): string => {
  let end = address.length;
  while (address[end - 1] === '/') end -= 1;
  return address.slice(0, end);
};
