import {
  createWriteStream,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadProcessIdentity } from '../compose.ts';

const prefixes = { stdin: 'batchor-stdin-', join: 'batchor-join-' } as const;
const ownerFile = 'owner.json';

export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with its files; the end of the process does, too. */
  readonly remove: () => void;
}

/** A temporary folder of this user alone, that lives at most as long as this process. */
export const temporaryFolder = async (use: keyof typeof prefixes): Promise<TemporaryFolder> => {
  const { thisProcess } = await loadProcessIdentity();
  const path = mkdtempSync(join(tmpdir(), prefixes[use]));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  writeFileSync(join(path, ownerFile), JSON.stringify(thisProcess()), { mode: 0o600 });
  return {
    path,
    remove: () => {
      process.removeListener('exit', remove);
      remove();
    },
  };
};

/** Writes the stream to a temporary file that lives as long as this process. Returns its path. */
export const spool = async (input: Readable, name: string): Promise<string> => {
  const folder = await temporaryFolder('stdin');
  const path = join(folder.path, name);
  await pipeline(input, createWriteStream(path, { mode: 0o600 }));
  return path;
};

/**
 * Removes the temporary files of this user's killed processes. A process id alone does not identify
 * them, since ids are reused. Never throws: files that cannot be read or removed stay.
 */
export const removeOrphanedSpools = async (): Promise<void> => {
  const { isKnownDead } = await loadProcessIdentity();
  for (const name of quietly(() => readdirSync(tmpdir())) ?? []) {
    if (!Object.values(prefixes).some((prefix) => name.startsWith(prefix))) continue;
    const folder = join(tmpdir(), name);
    quietly(() => {
      const found = lstatSync(folder);
      if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) return;
      const owner: unknown = JSON.parse(readFileSync(join(folder, ownerFile), 'utf8'));
      if (isOwner(owner) && isKnownDead(owner)) rmSync(folder, { recursive: true, force: true });
    });
  }
};

type Owner = Parameters<Awaited<ReturnType<typeof loadProcessIdentity>>['isKnownDead']>[0];

const isOwner = (value: unknown): value is Owner =>
  typeof value === 'object' &&
  value !== null &&
  'host' in value &&
  'pid' in value &&
  Number.isSafeInteger(value.pid) &&
  Number(value.pid) > 0;

const quietly = <A>(attempt: () => A): A | null => {
  try {
    return attempt();
  } catch {
    return null;
  }
};
