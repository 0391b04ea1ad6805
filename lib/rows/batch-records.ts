import { type BatchRecord, recordsAfter } from '../core/model/batch-record.ts';
import type { Event } from '../core/model/event.ts';
import type { BatchKey } from '../core/values/ids.ts';
import { keptColumn } from './segments.ts';

/**
 * A record of every planned batch, by batch number. Memory grows with the batches and their index
 * ranges.
 */
export class BatchRecords {
  /** Batch `n` is at array index `n - 1`. */
  readonly #records: BatchRecord[] = [];
  readonly #numbers = new Map<BatchKey, number>();
  /** Numbers of the batches whose database row is outdated. */
  readonly #dirty = new Set<number>();

  /** Folds the events of a commit in. */
  fold(events: readonly Event[]): void {
    for (const record of recordsAfter((batchKey) => this.#find(batchKey), events).values()) {
      const known = this.#records[record.batchNo - 1];
      // The decoded column is a view of the whole journal record, which would stay in memory with
      // it.
      this.#put(
        known === undefined ? { ...record, indexes: keptColumn(record.indexes).slice() } : record,
      );
      this.#dirty.add(record.batchNo);
    }
  }

  /** Adds a record from the database. */
  load(record: BatchRecord): void {
    this.#put(record);
  }

  from(batchNo: number, limit: number): readonly BatchRecord[] {
    const start = Math.max(0, batchNo - 1);
    return this.#records.slice(start, start + limit);
  }

  has(batchKey: string): boolean {
    return this.#numbers.has(batchKey as BatchKey);
  }

  get count(): number {
    return this.#records.length;
  }

  /** The records whose database row is outdated. */
  *dirty(): Generator<BatchRecord> {
    for (const batchNo of this.#dirty) yield this.#records[batchNo - 1] as BatchRecord;
  }

  /** Marks all records as stored. */
  settle(): void {
    this.#dirty.clear();
  }

  #find(batchKey: BatchKey): BatchRecord | undefined {
    return this.#records[(this.#numbers.get(batchKey) ?? 0) - 1];
  }

  #put(record: BatchRecord): void {
    this.#records[record.batchNo - 1] = record;
    this.#numbers.set(record.batchKey, record.batchNo);
  }
}
