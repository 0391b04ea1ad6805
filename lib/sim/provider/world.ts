import type { Answer } from './answer.ts';
import type { BlobStore } from './blobs.ts';
import type { FaultInjector } from './fault-injector.ts';
import type { StoredFiles } from './stored-files.ts';
import type { LedgerBook } from './ledger.ts';
import type { ServiceLimits } from './limits.ts';
import type { Project } from './project.ts';
import type { QueueLimits } from './queue-limits.ts';
import type { Pace } from './schedule.ts';

/** The state that the parts of one fake provider share. */
export interface ProviderWorld {
  readonly seed: number;
  readonly limits: ServiceLimits;
  readonly pace: Pace;
  readonly queue: QueueLimits;
  readonly answer: Answer | null;
  readonly blobs: BlobStore;
  readonly files: StoredFiles;
  readonly faults: FaultInjector;
  /** Deleted input files for which a create is rejected. */
  readonly missedFiles: Set<string>;
  readonly book: LedgerBook;
  nowMs(): number;
  /** Milliseconds since the provider opened. */
  ageMs(): number;
  /** The project of the caller's key. */
  project(): Project;
}
