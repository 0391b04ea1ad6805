import type { Column } from '../core/model/command.ts';
import type { ItemStatus } from '../core/model/item.ts';

/** Which rows of a run a query reads, and in which order it answers them. */
export type RowSelection =
  /** Rows in item order from an index on, up to `toIndex` (exclusive) where it is given. */
  | { readonly fromIndex: number; readonly toIndex?: number }
  /** Rows that have a result, in the order of the results, after a sequence. */
  | { readonly afterSequence: number }
  /** These rows, in this order. A row that the run does not have is left out. */
  | { readonly indexes: Column }
  /** The rows with these item ids, in this order. An id that the run does not have is left out. */
  | { readonly itemIds: readonly string[] }
  /**
   * Rows of the status `shared` that wait for one of these rows: in the order of these, and of one
   * row in item order.
   */
  | { readonly waitingFor: Column };

/** The one question about rows. All conditions hold together; an absent one holds for every row. */
export interface RowQuery<P extends RowPart = RowPart> {
  readonly select: RowSelection;
  readonly status?: readonly ItemStatus[];
  /** The batch that holds the row (queued_local, submitted) or settled it. */
  readonly batchNo?: number;
  /** Rows of the status `failed_retryable` that go again at this time, in milliseconds. */
  readonly dueAtMs?: number;
  readonly limit: number;
  /** What to tell of each row besides its index. */
  readonly parts: readonly P[];
}

/** Lines in objects, one of each row. */
export interface SpanColumns {
  readonly objects: readonly string[];
  /** 1 + the place of each line's object in `objects`; 0: there is no such line. */
  readonly objectNos: Column;
  /** Bytes. */
  readonly offsets: Column;
  readonly lengths: Column;
}

/** What a query can tell of its rows, each in columns as long as the page's `indexes`. */
export interface RowParts {
  /** Item ids. */
  readonly ids: readonly string[];
  readonly states: {
    /** Places in `itemStatuses`. */
    readonly statuses: Column;
    readonly charged: Column;
    readonly uncharged: Column;
    /** The batch that holds the row (queued_local, submitted) or settled it; 0: none. */
    readonly batchNos: Column;
    /** When a failed_retryable row goes again; 0 otherwise. */
    readonly dueAtMs: Column;
  };
  readonly sizes: {
    /** Bytes of the request line. */
    readonly bytes: Column;
    /** Prompt tokens; null: none of the rows was counted. */
    readonly tokens: Column | null;
    /** Inputs of the request; null: each has one. */
    readonly inputs: Column | null;
  };
  /** 1 + the index of the earlier row that is sent for it; 0: it is sent itself. */
  readonly sameAs: Column;
  /** Request lines; of a row that shares one, that of the row which is sent. A bad row has none. */
  readonly requests: SpanColumns;
  /** Item lines: id, metadata, lineage, and what was wrong with a bad row. */
  readonly items: SpanColumns;
  readonly results: {
    /** 0: the row has no result yet. */
    readonly sequences: Column;
    /** `codeOfFailure`; -1: completed, or no result. */
    readonly codes: Column;
  };
  /**
   * Result lines in raw provider files; none where no line speaks of the row. Of a row that shares
   * a request, the line that names the row which was sent.
   */
  readonly answers: SpanColumns;
}
/** The name of a part. */
export type RowPart = keyof RowParts;

/** Rows that answer a query, in columns. */
export type RowPage<P extends RowPart = RowPart> = {
  readonly indexes: Column;
  /** True when no further row answers the query. */
  readonly isLast: boolean;
} & Pick<RowParts, P>;
