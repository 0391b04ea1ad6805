import { itemStatuses, type ItemStatus, type ItemTotals } from '../core/model/item.ts';
import { addIdHash, noIdHashes, rowsLike } from '../core/source/id-hashes.ts';

/** The number of a status: its array index in `itemStatuses`. */
export const statusCode = (status: ItemStatus): number => itemStatuses.indexOf(status);
export const pending = statusCode('pending');
export const queued = statusCode('queued_local');
export const submitted = statusCode('submitted');
export const completed = statusCode('completed');
export const retryable = statusCode('failed_retryable');
export const failed = statusCode('failed_permanent');
export const shared = statusCode('shared');

/**
 * The state of every row in columns, ten bytes a row. `batchOrBucket` is the batch that holds or
 * settled the row or, while the row is failed_retryable, its backoff bucket. Moves are logged until
 * `keep`, so that a commit can be rejected as a whole.
 */
export class ItemColumns {
  count = 0;
  status = new Uint8Array(1_024);
  charged = new Uint16Array(1_024);
  uncharged = new Uint16Array(1_024);
  batchOrBucket = new Uint32Array(1_024);
  /** 1 where the row differs from the database. */
  dirty = new Uint8Array(1_024);
  /** No row before this one is pending. */
  firstPending = 0;
  readonly #totals = new Float64Array(itemStatuses.length);
  /**
   * Five numbers for every move since the last `keep`, in a typed array to spare the garbage
   * collector.
   */
  #log = new Uint32Array(5_120);
  #logged = 0;
  isLogging = true;

  append(rows: number): void {
    this.#reserve(this.count + rows);
    this.status.fill(pending, this.count, this.count + rows);
    for (const column of [this.charged, this.uncharged, this.batchOrBucket])
      column.fill(0, this.count, this.count + rows);
    this.count += rows;
    this.#totals[pending] = this.totalOf(pending) + rows;
  }

  /** Removes the rows from `count` on. */
  truncate(count: number): void {
    for (let index = count; index < this.count; index += 1)
      this.#add(this.status[index] as number, -1);
    this.count = count;
  }

  move(
    index: number,
    status: number,
    charged: number,
    uncharged: number,
    batchOrBucket: number,
  ): void {
    if (this.isLogging) this.#remember(index);
    this.#put(index, status, charged, uncharged, batchOrBucket);
  }

  /** Sets a row to its state in the database. */
  load(
    index: number,
    status: number,
    charged: number,
    uncharged: number,
    batchOrBucket: number,
  ): void {
    this.#put(index, status, charged, uncharged, batchOrBucket);
    this.dirty[index] = 0;
  }

  /** Discards the log: the moves stand. */
  keep(): void {
    this.#logged = 0;
  }

  /** Undoes every logged move, newest first. */
  undo(): void {
    const log = this.#log;
    for (let at = this.#logged - 5; at >= 0; at -= 5) {
      this.#put(
        log[at] as number,
        log[at + 1] as number,
        log[at + 2] as number,
        log[at + 3] as number,
        log[at + 4] as number,
      );
    }
    this.#logged = 0;
  }

  isIn(index: number, status: number, batchOrBucket: number): boolean {
    return (
      index < this.count &&
      this.status[index] === status &&
      this.batchOrBucket[index] === batchOrBucket
    );
  }

  totalOf(status: number): number {
    return this.#totals[status] as number;
  }

  /** The first status whose count differs from the totals; null: none. */
  disagreement(totals: ItemTotals): ItemStatus | null {
    return itemStatuses.find((status, code) => totals[status] !== this.#totals[code]) ?? null;
  }

  /** No row before this one is pending. O(rows skipped), and no row is skipped twice. */
  skipToPending(): number {
    while (this.firstPending < this.count && this.status[this.firstPending] !== pending)
      this.firstPending += 1;
    return this.firstPending;
  }

  #remember(index: number): void {
    if (this.#logged === this.#log.length)
      this.#log = grown(this.#log, new Uint32Array(this.#log.length * 2));
    const log = this.#log;
    let at = this.#logged;
    log[at++] = index;
    log[at++] = this.status[index] as number;
    log[at++] = this.charged[index] as number;
    log[at++] = this.uncharged[index] as number;
    log[at++] = this.batchOrBucket[index] as number;
    this.#logged = at;
  }

  #put(
    index: number,
    status: number,
    charged: number,
    uncharged: number,
    batchOrBucket: number,
  ): void {
    this.#add(this.status[index] as number, -1);
    this.#add(status, 1);
    this.status[index] = status;
    this.charged[index] = charged;
    this.uncharged[index] = uncharged;
    this.batchOrBucket[index] = batchOrBucket;
    this.dirty[index] = 1;
    if (status === pending && index < this.firstPending) this.firstPending = index;
  }

  #add(status: number, rows: number): void {
    this.#totals[status] = this.totalOf(status) + rows;
  }

  #reserve(rows: number): void {
    if (rows <= this.status.length) return;
    const capacity = Math.max(rows, this.status.length * 2);
    this.status = grown(this.status, new Uint8Array(capacity));
    this.charged = grown(this.charged, new Uint16Array(capacity));
    this.uncharged = grown(this.uncharged, new Uint16Array(capacity));
    this.batchOrBucket = grown(this.batchOrBucket, new Uint32Array(capacity));
    this.dirty = grown(this.dirty, new Uint8Array(capacity));
  }
}

const grown = <A extends { set(from: A): void }>(from: A, into: A): A => {
  into.set(from);
  return into;
};

/** The item ids of the run. */
export class IdIndex {
  readonly #hashes = noIdHashes();
  readonly #idAt: (index: number) => string;

  constructor(idAt: (index: number) => string) {
    this.#idAt = idAt;
  }

  /** The row with this id; -1: the run has none. */
  find(id: string): number {
    return this.#among(rowsLike(this.#hashes, id), id);
  }

  /** Adds an id. False when the run already has it; then the index must be discarded. */
  add(id: string, index: number): boolean {
    return this.#among(addIdHash(this.#hashes, id, index), id) < 0;
  }

  #among(rows: readonly number[], id: string): number {
    for (const row of rows) if (this.#idAt(row) === id) return row;
    return -1;
  }
}
