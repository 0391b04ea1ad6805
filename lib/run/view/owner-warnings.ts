import { isQuarantined, quarantineMessage } from '../../core/control/control.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import { BatchorError } from '../api/errors.ts';
import type { RetryingError } from './warning.ts';

/** The warning of a quarantined run. `retryAt`: when its last owner was seen; no worker retries. */
export const ownerWarnings = (snapshot: RunSnapshot): readonly RetryingError[] =>
  isQuarantined(snapshot)
    ? [
        {
          what: 'owners',
          count: snapshot.lostOwners,
          message: quarantineMessage(snapshot),
          retryAt: new Date(snapshot.updatedAtMs),
        },
      ]
    : [];

/** The error of a worker for a quarantined run. */
export const quarantined = (snapshot: RunSnapshot): BatchorError => {
  const { runId, lostOwners } = snapshot;
  return new BatchorError(
    'run_quarantined',
    { runId, lostOwners },
    quarantineMessage(snapshot),
    'Wait for it by its run id, or resume it.',
  );
};
