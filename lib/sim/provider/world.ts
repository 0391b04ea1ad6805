import type { Answer } from './answer.ts';
import type { BlobStore } from './blobs.ts';
import type { FaultDesk } from './fault-desk.ts';
import type { FileShelf } from './file-shelf.ts';
import type { LedgerBook } from './ledger.ts';
import type { ServiceLimits } from './limits.ts';
import type { Project } from './project.ts';
import type { QueueLimits } from './queue-limits.ts';
import type { Pace } from './schedule.ts';

/** What the parts of one fake provider share. */
export interface ProviderWorld {
  readonly seed: number;
  readonly limits: ServiceLimits;
  readonly pace: Pace;
  readonly queue: QueueLimits;
  readonly answer: Answer | null;
  readonly blobs: BlobStore;
  readonly shelf: FileShelf;
  readonly desk: FaultDesk;
  /** Deleted input files for which a create is refused. */
  readonly missedFiles: Set<string>;
  readonly book: LedgerBook;
  nowMs(): number;
  /** Since the provider opened. */
  ageMs(): number;
  /** The project that the caller's key belongs to. */
  project(): Project;
}
