import { existsSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isGrowth, isReservationNews, type Reservation } from '../../../lib/core/plan/quota.ts';
import { noUse } from '../../../lib/core/model/queue-state.ts';
import { makeFolderDurably } from '../../../lib/disk/make-folder.ts';
import { replaceFile, temporaryName, unfinishedSuffix } from '../../../lib/disk/replace-file.ts';
import {
  encodeRecord,
  ownerOfFile,
  quotaFile,
  quotaFolder,
  scopeFolder,
} from './reservation-record.ts';

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
export const openReservationFile = async ({
  dir,
  runId,
  epoch,
  held,
  folderOf,
}: ReservationFileOptions): Promise<ReservationFile> => {
  const file = quotaFile(runId, epoch);
  /** The last published reservation, without a claim. */
  let published: Reservation | null = null;
  /** Scopes that may have a file of this owner. */
  const scopes = new Set<string>();
  /** True when the files are outdated: the next commit writes them again. */
  let isBehind = false;

  const write = async (
    reservation: Reservation,
    claim: Reservation | null,
    isDurable: boolean,
  ): Promise<void> => {
    scopes.add(reservation.scope);
    const { scope, tokens, requests, untilMs, stated, wants } = reservation;
    const use = claim === null ? null : { tokens: claim.tokens, requests: claim.requests };
    const record = encodeRecord({
      runId,
      scope,
      tokens,
      requests,
      untilMs,
      stated,
      wants,
      claim: use,
    });
    const folder = scopeFolder(dir, scope);
    const path = join(folder, file);
    await makeFolderDurably(folder);
    await replaceFile(path, [record], {
      durable: isDurable ? 'name' : 'none',
      aside: temporaryName(path),
    });
  };
  const clear = async (kept: string | null): Promise<void> => {
    for (const scope of scopes) {
      if (scope === kept) continue;
      await rm(join(scopeFolder(dir, scope), file), { force: true });
      scopes.delete(scope);
    }
  };
  /**
   * Publishes without fsync. After a power loss the old claim may return; its owner is dead then,
   * so readers ask the run itself. A failure does not fail the commit, which is over. Until the
   * next commit the file then states too much, never too little.
   */
  const publish = async (now: Reservation | null): Promise<void> => {
    published = now;
    try {
      if (now !== null) await write(now, null, false);
      await clear(now?.scope ?? null);
      isBehind = false;
    } catch {
      isBehind = true;
    }
  };

  if (held !== null && isReservationNews(null, held)) {
    await write(held, null, true);
    published = held;
  }
  removeStale(dir, folderOf, (owner) => owner.runId === runId && owner.epoch !== epoch);

  return {
    isNews: (now) => isBehind || isReservationNews(published, now),
    grows: (now) => isGrowth(published, now),
    announce: async (now) => {
      const here = published?.scope === now.scope ? published : { ...now, ...noUse };
      await write({ ...here, untilMs: Math.max(here.untilMs, now.untilMs) }, now, true);
    },
    withdraw: () => publish(published),
    settle: publish,
    close: async () => {
      if (published !== null && !isReservationNews(null, published) && !isBehind)
        await clear(null).catch(() => undefined);
    },
  };
};

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
