import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { BatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';

/** Where a look at a run takes place. */
export interface Onlooker {
  /** A reader at hand, which others may move to newer commits. */
  readonly reader: RunReader;
  /** A reader of one's own. */
  readonly openReader: () => Promise<RunReader>;
}

/** A run at one version. */
export interface StillRun {
  readonly reader: RunReader;
  readonly snapshot: RunSnapshot;
  /** To be asked after each read: throws when the run has moved, and the look is void. */
  readonly stands: () => void;
}

/** So often a look is begun again, because the run moved under it. */
const looksMax = 5;
/** The look is void. */
class RunMoved extends Error {
  override readonly name = 'RunMoved';
}

/**
 * A look at a run that may move meanwhile: what it answers was read from one version. The reader is brought up to date once, and
 * the version compared after every read. Where somebody else moves the reader at hand, the look is begun again with a reader of
 * its own, which stands still however the run moves (but in the memory store, where every reader sees every commit). What a run
 * refers to in the payload plane is immutable and stays, so that artifacts need no such care, but where somebody prunes a finished run.
 */
export const atOneVersion = async <A>({ reader: atHand, openReader }: Onlooker, look: (run: StillRun) => Promise<A>): Promise<A> => {
  let own: RunReader | null = null;
  try {
    for (let looks = 1; looks <= looksMax; looks += 1) {
      const reader: RunReader = own ?? atHand;
      const snapshot = await must(reader.refresh(), { runId: reader.runId });
      const stands = (): void => {
        if (reader.snapshot.version !== snapshot.version) throw new RunMoved();
      };
      try {
        const seen = await look({ reader, snapshot, stands });
        stands();
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
    `run ${runId} moved under ${looksMax} looks, so that none of them saw one version of it`,
    'Look again when it is finished or paused.',
  );
};
