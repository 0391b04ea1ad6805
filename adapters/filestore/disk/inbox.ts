import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '../../../lib/core/json/json.ts';
import { makeFolderDurably, errnoOf } from '../../../lib/disk/make-folder.ts';
import { replaceFile, temporaryName } from '../../../lib/disk/replace-file.ts';
import type { InboxCommand } from '../../../lib/ports/run-store.ts';

const commandPattern = /^[0-9]{15}-[0-9a-f]{16}$/;
const types: readonly InboxCommand['type'][] = ['pause', 'resume', 'cancel', 'resolve'];

const inboxOf = (folder: string): string => join(folder, 'inbox');

/** Puts a command into the run's inbox, durably. Its name sorts by time, then by a random part. */
export const putCommand = async (
  folder: string,
  command: Omit<InboxCommand, 'id'>,
): Promise<string> => {
  const id = `${String(Date.now()).padStart(15, '0')}-${randomBytes(8).toString('hex')}`;
  const inbox = inboxOf(folder);
  await makeFolderDurably(inbox);
  await replaceFile(join(inbox, `${id}.json`), [JSON.stringify(command)], {
    durable: 'name',
    aside: temporaryName(join(inbox, `.${id}`)),
  });
  return id;
};

/** True when the inbox may hold commands for the owner. */
export const hasCommands = (folder: string): boolean => {
  const inbox = inboxOf(folder);
  return (
    existsSync(inbox) &&
    readdirSync(inbox).some(
      (file) => file.endsWith('.json') && commandPattern.test(file.slice(0, -5)),
    )
  );
};

/** Commands in name order. Files that are not commands stay. */
export const listCommands = async (folder: string): Promise<readonly InboxCommand[]> => {
  const inbox = inboxOf(folder);
  const files = await readdir(inbox).catch(ifAbsent([]));
  const ids = files
    .flatMap((file) =>
      file.endsWith('.json') && commandPattern.test(file.slice(0, -5)) ? [file.slice(0, -5)] : [],
    )
    .sort();
  const commands: InboxCommand[] = [];
  for (const id of ids) {
    const command = parse(
      id,
      await readFile(join(inbox, `${id}.json`), 'utf8').catch(ifAbsent('')),
    );
    if (command !== null) commands.push(command);
  }
  return commands;
};

/** Removes a command; a missing one is success. */
export const dropCommand = async (folder: string, id: string): Promise<void> => {
  if (commandPattern.test(id)) await rm(join(inboxOf(folder), `${id}.json`), { force: true });
};

const parse = (id: string, text: string): InboxCommand | null => {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return null;
    const type = types.find((known) => known === value['type']);
    const options = value['options'] ?? {};
    return type === undefined || !isJsonObject(options) ? null : { id, type, options };
  } catch {
    return null;
  }
};

const ifAbsent =
  <A>(otherwise: A) =>
  (cause: unknown): A => {
    if (errnoOf(cause) === 'ENOENT') return otherwise;
    throw cause;
  };
