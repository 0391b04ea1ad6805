import type { JsonObject, JsonValue } from '../core/json/json.ts';

/**
 * One logical item of work. `payload` feeds the prompt and is never stored; `metadata` is stored
 * and comes back with the result.
 */
export interface BatchItem<Payload = unknown, Metadata extends JsonObject = JsonObject> {
  readonly itemId: string;
  readonly payload: Payload;
  readonly metadata?: Metadata;
}

/** Where a row lies in its origin, for messages that a person reads. */
export interface RowLocation {
  /** A path or another name of the origin. */
  readonly ref: string;
  /** 1-based line of the row's first byte; null where lines mean nothing. */
  readonly line: number | null;
}

/** Which of several sources a row comes from, and where in it: its lineage. */
export interface SourceOrigin {
  readonly ref: string;
  /** From 0, in that source; bad rows count. */
  readonly index: number;
  readonly namespace: string | null;
}

/** An item and the position right after it. */
export interface SourceRow<
  Payload = unknown,
  Metadata extends JsonObject = JsonObject,
  Position extends JsonValue = JsonValue,
> {
  readonly item: BatchItem<Payload, Metadata>;
  /** `read(position)` yields exactly the rows after this one. */
  readonly position: Position;
  /** The row's own key in its origin, if it has one; lands in the lineage. */
  readonly primaryKey?: string;
  readonly location?: RowLocation;
  /** Where it comes from, if not from the very source that yields it. */
  readonly origin?: SourceOrigin;
  /** The field or column that names the item, for messages. */
  readonly idField?: string;
  /**
   * Of a row of JSON: the texts of fields whose numbers JavaScript would write otherwise (`19.90`,
   * `1e3`), as the source has them.
   */
  readonly written?: ReadonlyMap<string, string>;
  /**
   * The item's metadata as JSON in which numbers have their digits (`19.90`). Left out, or where it
   * is not the same metadata: as `JSON.stringify` writes it.
   */
  readonly metadataText?: string;
  /** Of a row of JSON: the row itself as the source has it, where that was asked for. */
  readonly text?: string;
}

/** A row that cannot be an item, with the checkpoint after it, so that reading can continue. */
export interface BadSourceRow<Position extends JsonValue = JsonValue> {
  readonly bad: {
    /** What is wrong, in words that name the field. */
    readonly reason: string;
    /** The field or column at fault; null when the whole row is. */
    readonly field: string | null;
    /** The id the row gave itself, if one could be read. */
    readonly itemId: string | null;
    readonly location: RowLocation;
    /**
     * The row, without what of it could not be read: of a file an object by column. Never stored.
     * Left out: nothing could be read.
     */
    readonly row?: unknown;
    /** Stored; comes back with the failure, as an item's metadata comes back with its result. */
    readonly metadata?: JsonObject;
  };
  readonly origin?: SourceOrigin;
  /** Of a row of JSON: as `written` of a row that is good. */
  readonly written?: ReadonlyMap<string, string>;
  /** As `metadataText` of a row that is good. */
  readonly metadataText?: string;
  /** As `text` of a row that is good. */
  readonly text?: string;
  readonly position: Position;
}

/** What a source yields for one row: an item, or why the row cannot be one. */
export type SourceEntry<
  Payload = unknown,
  Metadata extends JsonObject = JsonObject,
  Position extends JsonValue = JsonValue,
> = SourceRow<Payload, Metadata, Position> | BadSourceRow<Position>;

/**
 * A source that can be read again from a stored position: what a run needs to survive a restart
 * while it still ingests. The one port that users write by hand, so plain async, and throwing is
 * fine.
 */
export interface CheckpointedItemSource<
  Payload = unknown,
  Metadata extends JsonObject = JsonObject,
  Position extends JsonValue = JsonValue,
> {
  /** Names the kind of source, e.g. `jsonl`. */
  readonly kind: string;
  /** Names the origin, e.g. a path. Stored; must hold no secret. */
  readonly ref: string;
  /** Changes when, and only when, the rows or their order changed. */
  fingerprint(options: { readonly signal: AbortSignal }): Promise<string>;
  /**
   * Yields entries in one fixed order, from the start or from a stored position; pulled, never
   * pushed. A fast source yields arrays of entries (about a thousand), a simple one yields them
   * singly.
   */
  read(
    from: Position | null,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<
    SourceEntry<Payload, Metadata, Position> | readonly SourceEntry<Payload, Metadata, Position>[]
  >;
}

/** Names the item's id, payload and metadata in a row; shared by every file source. */
export interface RowMapping<Row, Payload, Metadata extends JsonObject> {
  /** A column, or a function of the row and its 0-based index in the source. */
  readonly itemId: (keyof Row & string) | ((row: Row, index: number) => string);
  /** Default: the row itself. */
  readonly payload?: (row: Row, index: number) => Payload;
  readonly metadata?: (row: Row, index: number) => Metadata;
}
