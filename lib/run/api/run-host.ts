import type { Observable, SchedulerLike } from 'rxjs';
import type { BatchObservation, SweptBatch } from '../../core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../../core/values/ids.ts';
import type { OwnedRun, RunReader } from '../../ports/run-store.ts';
import type { RunRequest } from '../control/run-request.ts';
import type { Driver } from '../drive/driver.ts';
import type { LastSeen } from '../drive/drivers.ts';
import type { PriceBook } from '../job/price-book.ts';
import type { ReadableStructure } from '../job/structures.ts';
import type { AnswerWire } from './connections.ts';

/** What a handle needs from its runner. */
export interface RunHost {
  readonly scheduler: SchedulerLike;
  /** Emits when the runner is closed. Driving and following end then. */
  readonly closed$: Observable<void>;
  isClosed(): boolean;
  readonly prices: PriceBook | undefined;
  /** The driver of this run in this process, if any. */
  driverOf(): Driver | undefined;
  /** How drivers of this run ended in this process. */
  readonly lastSeen: LastSeen;
  /** Starts driving. Null while another process owns the run. */
  tryDrive(): Promise<Driver | null>;
  /**
   * Carries out a request, in this process or through the owner. Resolves once it has taken effect.
   */
  request(request: RunRequest): Promise<void>;
  /** Owns the finished run while `use` runs. */
  ownFinished<A>(use: (run: OwnedRun) => Promise<A>): Promise<A>;
  /** What the provider reports of one batch; null when it does not know it. */
  identify(providerBatchId: string): Promise<SweptBatch | null>;
  /** The state of one batch of the run; null when the provider does not know it. */
  observe(batchKey: BatchKey, providerBatchId: ProviderBatchId): Promise<BatchObservation | null>;
  /** Opens a separate reader. The caller closes it. */
  openReader(): Promise<RunReader>;
  /** Reads answers; outputs of a run with a structure are JSON. */
  wire(): Promise<AnswerWire>;
  structure(): Promise<ReadableStructure | null>;
}
