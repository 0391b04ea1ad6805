import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { RunReader } from '../../ports/run-store.ts';
import type { Payload } from './payload.ts';
import type { RowLedger } from './row-ledger.ts';
import type { Tally } from './tally.ts';

/** One look at a run, which every check is part of. */
export interface Scene {
  readonly reader: RunReader;
  /** What the reader showed when the look began. */
  readonly snapshot: RunSnapshot;
  readonly wire: Pick<ProviderWire, 'readVerdict'>;
  readonly payload: Payload;
  readonly tally: Tally;
  readonly ledger: RowLedger;
  /** What was found not to be kept, on purpose. */
  readonly pruned: { rawFileCount: number };
  /** After each page of so many rows or results. Throws when the look is over: aborted, or the run has moved. */
  readonly turned: (count: number) => void;
}

/** Rows and results are read in pages of so many. */
export const pageRows = 1_000;
