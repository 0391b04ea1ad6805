import { existsSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isGrowth, isReservationNews, type Reservation } from '../../../lib/core/plan/quota.ts';
import { noUse } from '../../../lib/core/model/queue-state.ts';
import { replaceFile, unfinishedSuffix } from '../../filesystem/index.ts';
import { encodeRecord, ownerOfFile, quotaFile, quotaFolder, scopeFolder } from './quota-record.ts';

/**
 * What one owner tells the other runs of its scope. No lock: it announces what it is about to take, then looks at the others. Of two that
 * do so at once, whoever announced last sees the other; both may, and give way.
 */
export interface QuotaWord {
  isNews(now: Reservation): boolean;
  grows(now: Reservation): boolean;
  /** True after: the others see the claim, and go on seeing it after a loss of power. Throws what the system throws. */
  announce(now: Reservation): Promise<void>;
  /** The announced commit was refused. */
  withdraw(): Promise<void>;
  /** It is committed. */
  settle(now: Reservation): Promise<void>;
  /** Leaves no file behind that says nothing. */
  close(): Promise<void>;
}

export interface QuotaWordOptions {
  readonly dir: string;
  readonly runId: RunId;
  readonly epoch: number;
  /** What the run holds as it is opened; null: it is only about to be created. */
  readonly held: Reservation | null;
  readonly folderOf: (runId: RunId) => string;
}

/** Rewrites the run's word from what is stored, under the new owner's epoch. Throws what the system throws. */
export const openQuotaWord = async ({ dir, runId, epoch, held, folderOf }: QuotaWordOptions): Promise<QuotaWord> => {
  const file = quotaFile(runId, epoch);
  /** As the last word says it, without a claim. */
  let told: Reservation | null = null;
  /** Scopes in which a file of this owner may lie. */
  const scopes = new Set<string>();
  /** The files do not say what they should: said again at the next commit. */
  let isBehind = false;

  const write = async (reservation: Reservation, claim: Reservation | null, isDurable: boolean): Promise<void> => {
    scopes.add(reservation.scope);
    const { scope, tokens, requests, untilMs, stated, wants } = reservation;
    const use = claim === null ? null : { tokens: claim.tokens, requests: claim.requests };
    const record = encodeRecord({ runId, scope, tokens, requests, untilMs, stated, wants, claim: use });
    await replaceFile(join(scopeFolder(dir, scope), file), record, isDurable);
  };
  const clear = async (kept: string | null): Promise<void> => {
    for (const scope of scopes) {
      if (scope === kept) continue;
      await rm(join(scopeFolder(dir, scope), file), { force: true });
      scopes.delete(scope);
    }
  };
  /**
   * Without a sync: what a loss of power brings back is the claim, whose owner is dead then, so that the run itself is asked; or more
   * than is held. And never a failure of the commit, which is over: what the files say until the next one is too much, not too little.
   */
  const say = async (now: Reservation | null): Promise<void> => {
    told = now;
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
    told = held;
  }
  sweep(dir, folderOf, (owner) => owner.runId === runId && owner.epoch !== epoch);

  return {
    isNews: (now) => isBehind || isReservationNews(told, now),
    grows: (now) => isGrowth(told, now),
    announce: async (now) => {
      const here = told?.scope === now.scope ? told : { ...now, ...noUse };
      await write({ ...here, untilMs: Math.max(here.untilMs, now.untilMs) }, now, true);
    },
    withdraw: () => say(told),
    settle: say,
    close: async () => {
      if (told !== null && !isReservationNews(null, told) && !isBehind) await clear(null).catch(() => undefined);
    },
  };
};

/** Forgets a run that was removed. What cannot be removed speaks for nobody, and goes when some run is opened. */
export const forgetRun = (dir: string, folderOf: (runId: RunId) => string): void => {
  try {
    sweep(dir, folderOf, () => false);
  } catch {
    // The run is gone: that counts.
  }
};

/** Removes files of runs that do not exist, and others that are chosen. Throws what the system throws. */
const sweep = (
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
      const owner = ownerOfFile(name.endsWith(unfinishedSuffix) ? name.slice(0, -unfinishedSuffix.length) : name);
      if (owner !== null && (isOver(owner) || !existsSync(folderOf(owner.runId)))) rmSync(join(folder, name), { force: true });
    }
  }
};
