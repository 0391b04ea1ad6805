import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { LoadedEnv } from './env-file.ts';
import { withoutSlashes } from './base-address.ts';
import { isLoopback } from '../compose.ts';

/** Addresses that get a key without a word of the user: OpenAI's own, encrypted, and this machine's. */
export const isKnownAddress = (address: string): boolean => {
  const url = new URL(address);
  const { protocol, hostname } = url;
  if (protocol === 'https:' && (hostname === 'api.openai.com' || hostname.endsWith('.api.openai.com'))) return true;
  return isLoopback(url);
};

/** True where this user has named the address to batchor before. */
export const isConfirmed = (loaded: LoadedEnv, address: string): boolean => {
  const path = fileOf(loaded);
  return path !== null && readAddresses(path).includes(keyOf(address));
};

const addressesMax = 200;

/**
 * True after, where the user has a folder for settings: the address is among those that were confirmed. The file lies outside of every project,
 * so that no folder that was cloned or unpacked can bring it along. Not being able to write it stops nothing: the address is asked for again.
 */
export const confirmAddress = (loaded: LoadedEnv, address: string): void => {
  const path = fileOf(loaded);
  const key = keyOf(address);
  if (path === null) return;
  const known = readAddresses(path);
  if (known.includes(key)) return;
  const aside = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(aside, `${JSON.stringify({ version: 1, addresses: [...known, key].slice(-addressesMax) }, null, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
    renameSync(aside, path);
  } catch {
    rmSync(aside, { force: true });
  }
};

/** As it is compared: what `URL` makes of it, without a slash at its end. */
const keyOf = (address: string): string => withoutSlashes(new URL(address).href);

/** `$XDG_CONFIG_HOME/batchor/addresses.json`, by the user's own environment: a folder's `.env` must not say where it lies. Null: nowhere. */
const fileOf = ({ env, fromFile }: LoadedEnv): string | null => {
  const own = (name: string): string | null => {
    const value = fromFile.has(name) ? undefined : env[name];
    return value !== undefined && isAbsolute(value) ? value : null;
  };
  const home = own('HOME');
  const folder = own('XDG_CONFIG_HOME') ?? (home === null ? null : join(home, '.config')) ?? own('APPDATA');
  return folder === null ? null : join(folder, 'batchor', 'addresses.json');
};

/** What the file holds, if it is this user's alone to write; nothing of any other. */
const readAddresses = (path: string): readonly string[] => {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return [];
  }
  try {
    const found = fstatSync(fd);
    const isOurs = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
    if (!found.isFile() || !isOurs) return [];
    const stored: unknown = JSON.parse(readFileSync(fd, 'utf8'));
    const addresses = typeof stored === 'object' && stored !== null && 'addresses' in stored ? stored.addresses : null;
    return Array.isArray(addresses) ? addresses.filter((address): address is string => typeof address === 'string') : [];
  } catch {
    return [];
  } finally {
    closeSync(fd);
  }
};
