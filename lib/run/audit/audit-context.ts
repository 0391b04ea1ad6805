import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { RunReader } from '../../ports/run-store.ts';
import type { Payload } from './payload.ts';
import type { RowLedger } from './row-ledger.ts';
import type { LawCounts } from './law-counts.ts';

/** What all checks of one audit share. */
export interface AuditContext {
  readonly reader: RunReader;
  /** The snapshot at the start of the audit. */
  readonly snapshot: RunSnapshot;
  readonly wire: Pick<ProviderWire, 'readVerdict'>;
  readonly payload: Payload;
  readonly counts: LawCounts;
  readonly ledger: RowLedger;
  /** Counts raw files that were removed on purpose. */
  readonly pruned: { rawFileCount: number };
  /**
   * Call after each page, with its number of rows or results. Throws when the audit is aborted, or
   * when the run has changed.
   */
  readonly pageChecked: (count: number) => void;
}

/** Rows or results per page. */
export const pageRows = 1_000;
