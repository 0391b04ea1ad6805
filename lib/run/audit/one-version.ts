import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { BatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';

/** The readers for an observation of a run. */
export interface RunObserver {
  /** The handle's reader. Other calls may move it to newer commits. */
  readonly reader: RunReader;
  /** Opens a separate reader. */
  readonly openReader: () => Promise<RunReader>;
}

/** A run at one version. */
export interface RunAtVersion {
  readonly reader: RunReader;
  readonly snapshot: RunSnapshot;
  /** Call after each read. Throws when the run has changed, which ends the observation. */
  readonly requireSameVersion: () => void;
}

/** Maximum number of attempts to observe one version. */
const triesMax = 5;
/** The run changed during an observation. */
class RunMoved extends Error {
  override readonly name = 'RunMoved';
}

/**
 * Observes a run that may change meanwhile: everything is read from one version. Refreshes the
 * reader once and compares the version after every read. If another call moves the shared reader,
 * retries with a separate reader, which stays at its version (except in the memory store, whose
 * readers see every commit). Objects are immutable, so they need no such check, except while a
 * finished run is pruned. Throws `run_not_finished` after 5 attempts.
 */
export const atOneVersion = async <A>(
  { reader: atHand, openReader }: RunObserver,
  observe: (run: RunAtVersion) => Promise<A>,
): Promise<A> => {
  let own: RunReader | null = null;
  try {
    for (let tries = 1; tries <= triesMax; tries += 1) {
      const reader: RunReader = own ?? atHand;
      const snapshot = await must(reader.refresh(), { runId: reader.runId });
      const requireSameVersion = (): void => {
        if (reader.snapshot.version !== snapshot.version) throw new RunMoved();
      };
      try {
        const seen = await observe({ reader, snapshot, requireSameVersion });
        requireSameVersion();
        return seen;
      } catch (error) {
        if (!(error instanceof RunMoved)) throw error;
      }
      own ??= await openReader();
    }
  } finally {
    await own?.close();
  }
  const { runId, snapshot } = atHand;
  const { completed, failed_permanent: failed } = snapshot.totals;
  throw new BatchorError(
    'run_not_finished',
    { runId, openCount: snapshot.ingest.itemCount - completed - failed },
    `run ${runId} changed during each of ${triesMax} attempts to read it at one version`,
    'Try again once the run is finished or paused.',
  );
};
