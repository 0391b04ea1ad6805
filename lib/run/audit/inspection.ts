import type { AttemptOutcome } from '../../core/settle/attempt.ts';
import type { BatchRecordState } from '../../core/model/batch-record.ts';
import type { BatchEnding } from '../../core/model/batch.ts';
import type { FailureClass } from '../../core/values/failure.ts';
import type { ItemStatus } from '../../core/model/item.ts';
import type { ItemResult } from '../../core/settle/results.ts';
import type { JsonObject, JsonValue } from '../../core/json/json.ts';

/** A byte range of an object of the payload plane. */
export interface InspectedSpan {
  readonly object: string;
  readonly offset: number;
  readonly length: number;
}

/** A line of a raw file that speaks of the item. */
export interface InspectedLine extends InspectedSpan {
  readonly part: 'output' | 'error';
  /** What it says: success, why not, or nothing that can be read. */
  readonly verdict: 'succeeded' | 'malformed' | FailureClass;
  /** True for the line that the item's result points to. */
  readonly isAnswer: boolean;
  /** What the provider says on a line that is no success: its code, its words, and its error as it came; null on others. */
  readonly error: { readonly errorCode: string | null; readonly message: string; readonly rawError: JsonValue } | null;
}

/** One batch that the item was planned with, and what came of it there. */
export interface InspectedAttempt {
  readonly batchNo: number;
  readonly batchKey: string;
  readonly batchState: BatchRecordState;
  readonly createAttempt: number;
  readonly inputFileId: string | null;
  readonly providerBatchId: string | null;
  /** The provider's own word. */
  readonly providerStatus: string | null;
  /** How the batch ended; null while it goes on, and when it was never sent. */
  readonly ending: BatchEnding['type'] | null;
  /** What the provider said against the whole batch. */
  readonly rejectionMessage: string | null;
  /** In the order of the files, output first; all of them, duplicates too. */
  readonly lines: readonly InspectedLine[];
  /** False where one of its raw files was pruned, or not kept: of that, the lines are told by what was made of them, as they stood; unreadable ones are gone. */
  readonly areRawFilesKept: boolean;
  readonly outcome: AttemptOutcome['type'];
  readonly failureClass: FailureClass | null;
  /** Whether it counts against the attempts of the item; null: it is no attempt (yet). */
  readonly isCharged: boolean | null;
  /** Raw files that cannot be read, and why. */
  readonly faults: readonly string[];
}

/** The history of one item. */
export interface Inspection {
  readonly runId: string;
  readonly itemId: string;
  /** The row's number in the run's input, from 0. */
  readonly itemIndex: number;
  /** The `custom_id` on the request line; of a row that shares it, that of the row which is sent. Null: it has no request line. */
  readonly customId: string | null;
  readonly status: ItemStatus;
  /** Charged attempts. */
  readonly attemptCount: number;
  readonly unchargedAttemptCount: number;
  /** Why the item failed for good. */
  readonly failureClass: FailureClass | null;
  /** The number of its result; null before its end. */
  readonly sequence: number | null;
  /** When it goes again. */
  readonly retryAt: Date | null;
  /** With the lineage, as `batchor_lineage`; null when the item line cannot be read. */
  readonly metadata: JsonObject | null;
  /** Of a bad row: what was wrong with it. */
  readonly badRow: JsonValue;
  /** The body of its request, as it was rendered; null: it has none, or request lines were pruned. */
  readonly request: JsonObject | null;
  /** What it ended as, with its answer; null before its end. */
  readonly result: ItemResult | null;
  readonly itemLine: InspectedSpan;
  /** Of a row that shares it, the line of the row that is sent for both. */
  readonly requestLine: InspectedSpan | null;
  /** False where it was pruned: then nothing lies there any more. */
  readonly isRequestLineKept: boolean;
  /** The row that is sent for this one, and ends it: the attempts are its own. Null: this row is sent itself. */
  readonly sharedWith: { readonly itemIndex: number; readonly itemId: string } | null;
  readonly attempts: readonly InspectedAttempt[];
  /** What of the item itself cannot be read, and why. */
  readonly faults: readonly string[];
}
