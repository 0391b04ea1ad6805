import type { BatchRecord } from '../../../lib/core/model/batch-record.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { StoredRunEvent } from '../../../lib/core/machine/run-event.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { PackedPage, PackedQuery } from './packed-rows.ts';

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
  readonly rows: readonly [PackedQuery, PackedPage];
  readonly eventsAfter: readonly [
    { readonly sequence: number; readonly limit: number },
    readonly StoredRunEvent[],
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
