import type { RunId } from '../../core/values/ids.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';

/** How the drivers of a run ended in this process. */
export interface LastSeen {
  /** The last snapshot of the last driver that ended; null before. */
  readonly snapshot: RunSnapshot | null;
  /** The handle is disposed of. */
  forget(): void;
}

interface Entry {
  snapshot: RunSnapshot | null;
  handleCount: number;
}

/** The last snapshots of runs that this process drove. Kept while a handle of the run exists. */
export class LastSnapshots {
  readonly #entries = new Map<RunId, Entry>();

  /** True after: the handle sees how later drivers of the run end. */
  follow(runId: RunId): LastSeen {
    const entry = this.#entries.get(runId) ?? { snapshot: null, handleCount: 0 };
    this.#entries.set(runId, entry);
    entry.handleCount += 1;
    let isGone = false;
    return {
      get snapshot() {
        return entry.snapshot;
      },
      forget: () => {
        if (isGone) return;
        isGone = true;
        entry.handleCount -= 1;
        if (entry.handleCount === 0 && this.#entries.get(runId) === entry)
          this.#entries.delete(runId);
      },
    };
  }

  note(snapshot: RunSnapshot): void {
    const entry = this.#entries.get(snapshot.runId);
    if (entry !== undefined && snapshot.version >= (entry.snapshot?.version ?? 0))
      entry.snapshot = snapshot;
  }
}
