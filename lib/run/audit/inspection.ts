import type { AttemptOutcome } from '../../core/settle/attempt.ts';
import type { BatchRecordState } from '../../core/model/batch-record.ts';
import type { BatchEnding } from '../../core/model/batch.ts';
import type { FailureClass } from '../../core/values/failure.ts';
import type { ItemStatus } from '../../core/model/item.ts';
import type { ItemResult } from '../../core/settle/results.ts';
import type { JsonObject, JsonValue } from '../../core/json/json.ts';

/** A byte range of a stored object. */
export interface InspectedSpan {
  readonly object: string;
  readonly offset: number;
  readonly length: number;
}

/** A line of a raw file with the item's `custom_id`. */
export interface InspectedLine extends InspectedSpan {
  readonly part: 'output' | 'error';
  /** Success, a failure class, or a malformed line. */
  readonly verdict: 'succeeded' | 'malformed' | FailureClass;
  /** True for the line that the item's result points to. */
  readonly isAnswer: boolean;
  /** The provider's error of a failed line: code, message, raw error; else null. */
  readonly error: {
    readonly errorCode: string | null;
    readonly message: string;
    readonly rawError: JsonValue;
  } | null;
}

/** A batch that the item was planned in, and its outcome there. */
export interface InspectedAttempt {
  readonly batchNo: number;
  readonly batchKey: string;
  readonly batchState: BatchRecordState;
  readonly createAttempt: number;
  readonly inputFileId: string | null;
  readonly providerBatchId: string | null;
  /** The status as the provider names it. */
  readonly providerStatus: string | null;
  /** How the batch ended; null while in progress, or if it was never sent. */
  readonly ending: BatchEnding['type'] | null;
  /** The provider's message on rejecting the whole batch. */
  readonly rejectionMessage: string | null;
  /** All lines in file order, output first, including duplicates. */
  readonly lines: readonly InspectedLine[];
  /**
   * False if a raw file was pruned or not kept. Its lines then come from its compact object,
   * without unreadable ones.
   */
  readonly areRawFilesKept: boolean;
  readonly outcome: AttemptOutcome['type'];
  readonly failureClass: FailureClass | null;
  /** Whether it counts as an attempt of the item; null: not an attempt (yet). */
  readonly isCharged: boolean | null;
  /** Why raw files cannot be read. */
  readonly faults: readonly string[];
}

/** The history of one item. */
export interface Inspection {
  readonly runId: string;
  readonly itemId: string;
  /** Row number in the run's input, from 0. */
  readonly itemIndex: number;
  /**
   * The `custom_id` of its request line. Rows that share a request have the sent row's. Null: none.
   */
  readonly customId: string | null;
  readonly status: ItemStatus;
  /** Charged attempts. */
  readonly attemptCount: number;
  readonly unchargedAttemptCount: number;
  /** Failure class of an item that failed permanently. */
  readonly failureClass: FailureClass | null;
  /** Sequence of its result; null before its end. */
  readonly sequence: number | null;
  /** Time of its next attempt. */
  readonly retryAt: Date | null;
  /** Including its lineage (`batchor_lineage`); null when the item line cannot be read. */
  readonly metadata: JsonObject | null;
  /** The error of a bad row. */
  readonly badRow: JsonValue;
  /** The rendered request body; null: no request, or request lines were pruned. */
  readonly request: JsonObject | null;
  /** Its result with the answer; null before its end. */
  readonly result: ItemResult | null;
  readonly itemLine: InspectedSpan;
  /** For a row that shares a request, the line of the sent row. */
  readonly requestLine: InspectedSpan | null;
  /** False if the line was pruned. */
  readonly isRequestLineKept: boolean;
  /**
   * The row whose request this one shares, and whose attempts count for it. Null: it is sent
   * itself.
   */
  readonly sharedWith: { readonly itemIndex: number; readonly itemId: string } | null;
  readonly attempts: readonly InspectedAttempt[];
  /** Why the item's own lines cannot be read. */
  readonly faults: readonly string[];
}
