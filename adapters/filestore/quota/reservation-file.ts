import { existsSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { type RunId, isRunId } from '../../../lib/core/values/ids.ts';
import { isGrowth, isReservationNews, type Reservation } from '../../../lib/core/plan/quota.ts';
import { noUse, type QuotaUse } from '../../../lib/core/model/queue-state.ts';
import { makeFolderDurably } from '../../../lib/disk/make-folder.ts';
import { replaceFile, temporaryName, unfinishedSuffix } from '../../../lib/disk/replace-file.ts';
import { orNull, Stated, Wanted } from '../../../lib/core/codec/codec.ts';
import { closed, NonNegative } from '../../../lib/core/json/codec-parts.ts';

/**
 * What one owner publishes to the other runs of its scope, without a lock. It publishes a claim,
 * then reads the other runs' files. Of two owners that do so at once, at least the later one sees
 * the other and yields.
 */
export interface ReservationFile {
  isNews(now: Reservation): boolean;
  grows(now: Reservation): boolean;
  /** Publishes a claim durably, before its commit. Throws I/O errors. */
  announce(now: Reservation): Promise<void>;
  /** Removes the claim after its commit was rejected. */
  withdraw(): Promise<void>;
  /** Replaces the claim by the reservation after its commit. */
  settle(now: Reservation): Promise<void>;
  /** Removes a file that reserves nothing. */
  close(): Promise<void>;
}

export interface ReservationFileOptions {
  readonly dir: string;
  readonly runId: RunId;
  readonly epoch: number;
  /** The run's reservation at the opening; null: the run is about to be created. */
  readonly held: Reservation | null;
  readonly folderOf: (runId: RunId) => string;
}

/** Publishes the stored reservation under the new owner's epoch. Throws I/O errors. */
export const openReservationFile = async (
  options: ReservationFileOptions,
): Promise<ReservationFile> => {
  const { dir, runId, epoch, folderOf } = options;
  const file = new OwnFile(options);
  await file.open(options.held);
  removeStale(dir, folderOf, (owner) => owner.runId === runId && owner.epoch !== epoch);
  return file;
};

class OwnFile implements ReservationFile {
  readonly #options: ReservationFileOptions;
  /** The last published reservation, without a claim. */
  #published: Reservation | null = null;
  /** Scopes that may have a file of this owner. */
  readonly #scopes = new Set<string>();
  /** True when the files are outdated: the next commit writes them again. */
  #isBehind = false;

  constructor(options: ReservationFileOptions) {
    this.#options = options;
  }

  async open(held: Reservation | null): Promise<void> {
    if (held === null || !isReservationNews(null, held)) return;
    await this.#write(held, null, true);
    this.#published = held;
  }

  isNews(now: Reservation): boolean {
    return this.#isBehind || isReservationNews(this.#published, now);
  }

  grows(now: Reservation): boolean {
    return isGrowth(this.#published, now);
  }

  async announce(now: Reservation): Promise<void> {
    const here = this.#published?.scope === now.scope ? this.#published : { ...now, ...noUse };
    await this.#write({ ...here, untilMs: Math.max(here.untilMs, now.untilMs) }, now, true);
  }

  withdraw(): Promise<void> {
    return this.#publish(this.#published);
  }

  settle(now: Reservation): Promise<void> {
    return this.#publish(now);
  }

  async close(): Promise<void> {
    if (this.#published !== null && !isReservationNews(null, this.#published) && !this.#isBehind)
      await this.#clear(null).catch(() => undefined);
  }

  /**
   * Publishes without fsync. After a power loss the old claim may return; its owner is dead then,
   * so readers ask the run itself. A failure does not fail the commit, which is over. Until the
   * next commit the file then states too much, never too little.
   */
  async #publish(now: Reservation | null): Promise<void> {
    this.#published = now;
    try {
      if (now !== null) await this.#write(now, null, false);
      await this.#clear(now?.scope ?? null);
      this.#isBehind = false;
    } catch {
      this.#isBehind = true;
    }
  }

  async #write(
    { scope, tokens, requests, untilMs, stated, wants }: Reservation,
    claimed: Reservation | null,
    isDurable: boolean,
  ): Promise<void> {
    this.#scopes.add(scope);
    const { dir, runId } = this.#options;
    const claim = claimed === null ? null : { tokens: claimed.tokens, requests: claimed.requests };
    const held = { runId, scope, tokens, requests, untilMs, stated, wants };
    await makeFolderDurably(scopeFolder(dir, scope));
    const path = this.#pathIn(scope);
    await replaceFile(path, [encodeRecord({ ...held, claim })], {
      durable: isDurable ? 'name' : 'none',
      aside: temporaryName(path),
    });
  }

  /** Removes the files of this owner, but for that of the scope that is kept. */
  async #clear(kept: string | null): Promise<void> {
    for (const scope of this.#scopes) {
      if (scope === kept) continue;
      await rm(this.#pathIn(scope), { force: true });
      this.#scopes.delete(scope);
    }
  }

  #pathIn(scope: string): string {
    const { dir, runId, epoch } = this.#options;
    return join(scopeFolder(dir, scope), quotaFile(runId, epoch));
  }
}

/**
 * Removes the reservation of a run that was removed. What cannot be removed is ignored, and is
 * deleted when a run is opened.
 */
export const forgetRun = (dir: string, folderOf: (runId: RunId) => string): void => {
  try {
    removeStale(dir, folderOf, () => false);
  } catch {
    // The run itself is removed, which is what counts.
  }
};

/** Deletes files of runs that do not exist, and those that `isOver` selects. Throws I/O errors. */
const removeStale = (
  dir: string,
  folderOf: (runId: RunId) => string,
  isOver: (owner: { readonly runId: RunId; readonly epoch: number }) => boolean,
): void => {
  const quota = quotaFolder(dir);
  if (!existsSync(quota)) return;
  for (const scope of readdirSync(quota, { withFileTypes: true })) {
    if (!scope.isDirectory()) continue;
    const folder = join(quota, scope.name);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const { name } = entry;
      const owner = ownerOfFile(
        name.endsWith(unfinishedSuffix) ? name.slice(0, -unfinishedSuffix.length) : name,
      );
      if (owner !== null && (isOver(owner) || !existsSync(folderOf(owner.runId))))
        rmSync(join(folder, name), { force: true });
    }
  }
};

/**
 * A run's published reservation, in a file of its own: `quota/<hash of the scope>/<run
 * id>.<epoch>.json`. Each owner writes under its own epoch, and the highest epoch counts, so a
 * replaced owner cannot overwrite its successor's file.
 */
export interface ReservationRecord extends Reservation {
  readonly runId: string;
  /** The reservation after the commit in flight; null: no commit is in flight. */
  readonly claim: QuotaUse | null;
}

const Use = closed('QuotaUse', { tokens: NonNegative, requests: NonNegative });
const Record: t.Type<ReservationRecord, unknown> = closed('QuotaRecord', {
  runId: t.string,
  scope: t.string,
  tokens: NonNegative,
  requests: NonNegative,
  untilMs: t.number,
  stated: orNull(Stated),
  wants: orNull(Wanted),
  claim: orNull(Use),
});

export const quotaFolder = (storeDir: string): string => join(storeDir, 'quota');
/**
 * The folder of a scope. A scope is any text, so a hash names the folder and the records repeat the
 * scope.
 */
export const scopeFolder = (storeDir: string, scope: string): string =>
  join(quotaFolder(storeDir), createHash('sha256').update(scope).digest('hex').slice(0, 32));
export const quotaFile = (runId: RunId, epoch: number): string => `${runId}.${epoch}.json`;

/** The run and epoch that a file name states; null: not a reservation file. */
export const ownerOfFile = (
  file: string,
): { readonly runId: RunId; readonly epoch: number } | null => {
  const [, runId, epoch] = /^(.+)\.([1-9][0-9]{0,14})\.json$/u.exec(file) ?? [];
  return runId !== undefined && isRunId(runId) ? { runId, epoch: Number(epoch) } : null;
};

const encodeRecord = (record: ReservationRecord): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(record)}\n`);

/** Null: no run of this scope wrote it. */
export const decodeRecord = (
  text: string,
  runId: RunId,
  scope: string,
): ReservationRecord | null => {
  try {
    const record = Record.decode(JSON.parse(text));
    return isLeft(record) || record.right.runId !== runId || record.right.scope !== scope
      ? null
      : record.right;
  } catch {
    return null;
  }
};
