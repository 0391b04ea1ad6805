import { isQuarantined, quarantineMessage } from '../../core/control/owners.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import { BatchorError } from '../api/errors.ts';
import type { Trouble } from './trouble.ts';

/** A run that workers leave alone says so; `retryAt` is when the last of its processes was seen, since no worker tries again. */
export const ownerTroubles = (snapshot: RunSnapshot): readonly Trouble[] =>
  isQuarantined(snapshot)
    ? [{ what: 'owners', count: snapshot.lostOwners, message: quarantineMessage(snapshot), retryAt: new Date(snapshot.updatedAtMs) }]
    : [];

/** Why a worker leaves the run alone. */
export const quarantined = (snapshot: RunSnapshot): BatchorError => {
  const { runId, lostOwners } = snapshot;
  return new BatchorError('run_quarantined', { runId, lostOwners }, quarantineMessage(snapshot), 'Drive it by name, or resume it.');
};
