import type { BatchRecord } from '../core/model/batch-record.ts';
import type { Event } from '../core/model/event.ts';
import type { RunId } from '../core/values/ids.ts';
import type { ItemStatus } from '../core/model/item.ts';
import type { QuotaUse } from '../core/model/queue-state.ts';
import type { OthersUse } from '../core/model/queue-state.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { StoredRunEvent } from '../core/machine/run-event.ts';
import type { RunSnapshot } from '../core/model/snapshot.ts';
import type { ArtifactStore, Span } from './artifacts.ts';
import type { Port, PortError } from './port-error.ts';
import type { RowPage, RowPart, RowQuery } from './row-query.ts';
import type { StoreCare } from './store-care.ts';

/** A part of a batch's input file: one span of a request object, many lines. */
export interface ObjectSpan extends Span {
  readonly object: string;
}
/** Request lines that lie together. */
export interface RequestSpan extends ObjectSpan {
  /** True where their rows have charged attempts behind them; false where none has. */
  readonly wasCharged: boolean;
}

/** A terminal row, and where its answer lies. */
export interface ResultRef {
  readonly sequence: number;
  readonly index: number;
  readonly itemId: string;
  readonly status: Extract<ItemStatus, 'completed' | 'failed_permanent'>;
  /** `codeOfFailure`; -1 when completed. */
  readonly code: number;
  readonly charged: number;
  readonly uncharged: number;
  /**
   * The line in a raw provider file; null when no line speaks of the row. Of a row that shares a
   * request it names the row that was sent.
   */
  readonly line: ObjectSpan | null;
  /** The item line: id, metadata, lineage, and what was wrong with a bad row. */
  readonly item: ObjectSpan;
  /** The index of the earlier row that was sent for it; null: it was sent itself. */
  readonly sameAs: number | null;
}

/** One item row, as `inspect` and the model tests see it. */
export interface StoredRow {
  readonly index: number;
  readonly itemId: string;
  readonly status: ItemStatus;
  readonly charged: number;
  readonly uncharged: number;
  /** The batch that holds the row (queued_local, submitted) or settled it; 0: none. */
  readonly batchNo: number;
  /** When a failed_retryable row goes again; 0 otherwise. */
  readonly dueAtMs: number;
  /** The index of the earlier row that is sent for it; null: it is sent itself. */
  readonly sameAs: number | null;
}

/**
 * Where the request line and the item line of a row lie. A bad row has no request line; of one that
 * shares it, it is that of the row which is sent.
 */
export interface RowLines {
  readonly request: ObjectSpan | null;
  readonly item: ObjectSpan;
  readonly sameAs: number | null;
}

/**
 * What anyone may read, owner or not. Everything is answered from the last acknowledged commit that
 * this reader has seen.
 */
export interface RunReader {
  readonly runId: RunId;
  readonly snapshot: RunSnapshot;
  /** The job description stored with the run (the CLI's), or null. */
  readonly description: JsonObject | null;
  readonly artifacts: ArtifactStore;
  /**
   * Sees newer commits, where they were made elsewhere. Of an owner, who alone commits, it confirms
   * that it still is the owner: `lease_lost` when a higher epoch exists. Asked before each create.
   */
  refresh(): Port<RunSnapshot>;
  /** The one question about rows. Its cost is that of the rows it reads, not of the run. */
  rows<P extends RowPart>(query: RowQuery<P>): Port<RowPage<P>>;
  /** Persisted run events after a sequence. */
  eventsAfter(sequence: number, limit: number): Port<readonly StoredRunEvent[]>;
  /**
   * Every batch ever planned, as it is remembered, from a batch number on (they count from 1). Law:
   * fold of the events.
   */
  batches(fromBatchNo: number, limit: number): Port<readonly BatchRecord[]>;
  close(): Promise<void>;
}

/** What the other runs of the run's scope held when it was decided. */
export interface QuotaGuard {
  readonly others: QuotaUse;
}

/** The one owner of a run: commits, and reads the slices that commands carry. */
export interface OwnedRun extends RunReader {
  /** Names this ownership; rises with every taking over. */
  readonly epoch: number;
  /**
   * True after: the events are durable, the rows and the snapshot show them. Atomic and checked:
   * refused whole with `stale_version` unless `expectedVersion` is the stored version, with
   * `lease_lost` when a higher epoch exists, with `corrupt` when a row change would move other rows
   * than it claims. What the run holds of its quota scope (`reservationOf`) is told to the others
   * before it grows, and after it has shrunk. With a guard, `quota_taken` unless the others hold at
   * most so much at that moment: of two runs that plan at once one sees the other.
   */
  commit(expectedVersion: number, events: readonly Event[], guard?: QuotaGuard): Port<RunSnapshot>;
  /**
   * Requests of other processes, oldest first. `removeCommand` removes each once its effect is
   * durable.
   */
  inbox(): Port<readonly InboxCommand[]>;
  removeCommand(id: string): Port<void>;
  /**
   * What the other runs of the store hold of a quota scope, by what they have told last. Absent:
   * the runs of this store do not know of each other.
   */
  othersInScope?(scope: string, nowMs: number): Port<OthersUse>;
  /** `batchLines` of the row queries, where the store can join them for less than it reads rows. */
  batchLines?(batchNo: number): Port<readonly RequestSpan[]>;
}

/** A command that another process has left for the owner of a run. */
export interface InboxCommand {
  readonly id: string;
  readonly type: 'pause' | 'resume' | 'cancel' | 'resolve';
  /** Policy changes that come with a resume; which batch, and what is said of it. */
  readonly options: JsonObject;
}

/** A request was written for its owner, or its owner released it or died. */
export interface RunNews {
  readonly runId: RunId;
  readonly type: 'command' | 'released';
}

/** A run as it is shown. */
export interface ListedRun {
  readonly runId: RunId;
  readonly snapshot: RunSnapshot;
  /** The process that drives it now, as text; null: none. */
  readonly owner: string | null;
  /** Since when, on the owner's clock, or that of a shared store; null or absent: not known. */
  readonly ownedSinceMs?: number | null;
  /** Where its payloads lie; absent in lists. */
  readonly artifacts?: ArtifactStore;
}

/** A run that is there and cannot be opened, and why. */
export interface DamagedRun {
  readonly runId: RunId;
  readonly error: PortError;
}

/**
 * The runs of one store: opened by one owner at a time, read by any process. Every operation
 * answers with an error as data (`PortError`).
 */
export interface RunStore {
  /** For messages: `file store /path`. */
  readonly describe: string;
  /**
   * Takes the run for this process. `not_found` unless it exists; `owned_elsewhere` while a living
   * process owns it. The snapshot is what the store holds: the caller commits `OpenRun` next.
   */
  own(runId: RunId): Port<OwnedRun>;
  /**
   * Creates an empty run and takes it: its snapshot is `emptySnapshot` until `CreateRun` is
   * committed. `refused` when it exists.
   */
  create(runId: RunId, description: JsonObject | null): Port<OwnedRun>;
  /**
   * `not_found` unless it exists. Changes nothing. With `isStill`, the reader answers everything
   * from one version until it is refreshed, however the run moves, where the store can do that at
   * all; it may hold something dear meanwhile.
   */
  read(runId: RunId, options?: { readonly isStill?: boolean }): Port<RunReader>;
  /**
   * The state of a run, read the cheapest way; up to about a second old while driven. For display
   * only.
   */
  peek(runId: RunId): Port<ListedRun>;
  /**
   * Runs that have a whole `RunCreated`, newest first. Those that cannot be opened are given to
   * `onDamaged`; they keep no other from being listed.
   */
  list(onDamaged?: (run: DamagedRun) => void): Port<readonly ListedRun[]>;
  /** Writes a request to the owner's inbox; returns its id. */
  send(runId: RunId, command: Omit<InboxCommand, 'id'>): Port<string>;
  /** True after: nothing of the run is left. `owned_elsewhere` while a living process owns it. */
  remove(runId: RunId): Port<void>;
  /**
   * Does the work while no one else does work under one of these names, in any process of the
   * store; `owned_elsewhere` at once where one is. What the work throws is thrown. A process that
   * dies holds no name for longer than it would hold a run. For short work: what it commits must be
   * seen by the next.
   */
  alone<A>(names: readonly string[], work: () => Promise<A>): Port<A>;
  /**
   * Whether this process could drive runs of the store at all; asked by who would, before anything
   * is taken.
   */
  readonly prepare?: () => Port<unknown>;
  /**
   * Unfinished runs without a living owner that have work due by then (`owedAtMs`) or a request in
   * their inbox. Runs that cannot be opened come last.
   */
  adoptable(nowMs: number, limit: number): Port<readonly RunId[]>;
  /**
   * Calls back soon after something happened to a run that its owner, or who would own it, wants to
   * know; returns how to stop.
   */
  readonly onNews?: (listener: (news: RunNews) => void) => () => void;
  /** Looks after damaged runs, where the store can do it. */
  readonly care?: StoreCare;
  close(): Promise<void>;
}

/** What a storage needs when a runner opens it. */
export interface StorageOptions {
  /**
   * Where runs keep their payloads. A shared storage without it can tell how runs stand, and
   * nothing more; a local one has its own.
   */
  readonly artifacts?: ArtifactStore;
  /** How this process is called where it owns runs, for people. Default host and process id. */
  readonly owner?: string;
  /** After so long without a sign of life an owner is taken for dead. */
  readonly leaseTtlMs?: number;
}

/** Opened on first use and closed by the runner. */
export interface Storage<Scope extends 'local' | 'shared' = 'local' | 'shared'> {
  readonly scope: Scope;
  readonly describe: string;
  open(options?: StorageOptions): Port<RunStore>;
}
