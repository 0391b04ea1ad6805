import type { BatchRecord } from '../../../lib/core/model/batch-record.ts';
import type {
  Column,
  OpenRows,
  PlanWindow,
  RowSlice,
  SharedRows,
} from '../../../lib/core/model/command.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { StoredRunEvent } from '../../../lib/core/machine/run-event.ts';
import type { RunSnapshot, SharedCursor } from '../../../lib/core/model/snapshot.ts';
import type { RequestSpan, RowLines, StoredRow } from '../../../lib/ports/run-store.ts';
import type { PackedTexts } from '../../../lib/rows/packed-texts.ts';
import type { ResultColumns } from '../../../lib/rows/result-columns.ts';

/** Input of the `open` call. */
export interface OpenRun {
  readonly runId: RunId;
  readonly folder: string;
  readonly checkpointRows: number;
  /** Null for a reader. */
  readonly owner: {
    readonly epoch: number;
    readonly nonce: string;
    /**
     * Creates the run: reads nothing, and stores the description. Undefined when the run exists.
     */
    readonly anew?: { readonly description: JsonObject | null };
  } | null;
}

export interface Opened {
  readonly snapshot: RunSnapshot;
  readonly description: JsonObject | null;
}

/** The calls from the main thread to the worker thread, each as [input, output]. */
export interface Calls {
  readonly open: readonly [OpenRun, Opened];
  readonly commit: readonly [
    { readonly expectedVersion: number; readonly frame: Uint8Array<ArrayBuffer> },
    null,
  ];
  /** Null: no newer snapshot. */
  readonly refresh: readonly [null, RunSnapshot | null];
  readonly assertOwned: readonly [null, null];
  readonly knownIds: readonly [PackedTexts, Uint8Array];
  readonly planWindow: readonly [number, PlanWindow];
  readonly batchLines: readonly [number, readonly RequestSpan[]];
  readonly openMask: readonly [{ readonly batchNo: number; readonly indexes: Column }, Uint8Array];
  readonly openRows: readonly [
    { readonly batchNo: number; readonly fromIndex: number; readonly rowsMax: number },
    OpenRows,
  ];
  readonly backoffRows: readonly [{ readonly dueAtMs: number; readonly rowsMax: number }, RowSlice];
  readonly sharedRows: readonly [
    { readonly from: SharedCursor; readonly rowsMax: number },
    SharedRows,
  ];
  readonly pendingRows: readonly [number, RowSlice & { readonly generation: number }];
  readonly rowLines: readonly [number, RowLines | null];
  readonly resultsAfter: readonly [
    { readonly sequence: number; readonly limit: number },
    ResultColumns,
  ];
  readonly resultsByIndex: readonly [
    { readonly fromIndex: number; readonly limit: number },
    { readonly columns: ResultColumns; readonly nextIndex: number | null },
  ];
  readonly eventsAfter: readonly [
    { readonly sequence: number; readonly limit: number },
    readonly StoredRunEvent[],
  ];
  readonly rows: readonly [
    { readonly fromIndex: number; readonly limit: number },
    readonly StoredRow[],
  ];
  readonly linesOfRows: readonly [
    { readonly fromIndex: number; readonly limit: number },
    readonly RowLines[],
  ];
  readonly batches: readonly [
    { readonly fromBatchNo: number; readonly limit: number },
    readonly BatchRecord[],
  ];
  readonly close: readonly [null, null];
}

export type CallName = keyof Calls;
export type Input<N extends CallName> = Calls[N][0];
export type Output<N extends CallName> = Calls[N][1];

/** One call as a message. `run` is the number that the client gave the run when it opened it. */
export type CallMessage = {
  [N in CallName]: {
    readonly id: number;
    readonly run: number;
    readonly name: N;
    readonly input: Input<N>;
  };
}[CallName];
