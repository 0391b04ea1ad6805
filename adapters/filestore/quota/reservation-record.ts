import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { orNull, Stated, Wanted } from '../../../lib/core/codec/codec.ts';
import { closed, NonNegative } from '../../../lib/core/json/codec-parts.ts';
import { isRunId, type RunId } from '../../../lib/core/values/ids.ts';
import type { Reservation } from '../../../lib/core/plan/quota.ts';
import type { QuotaUse } from '../../../lib/core/model/queue-state.ts';

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

export const encodeRecord = (record: ReservationRecord): Uint8Array =>
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
