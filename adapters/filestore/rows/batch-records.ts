import { type BatchRecord, recordsAfter } from '../../../lib/core/model/batch-record.ts';
import type { Event } from '../../../lib/core/model/event.ts';
import type { BatchKey } from '../../../lib/core/values/ids.ts';
import { keptColumn } from './pieces.ts';

/** Every batch that was ever planned, as it is remembered, by its number. Bounded by the batches and the runs of neighbours in them. */
export class BatchRecords {
  /** Batch `n` at place `n - 1`. */
  readonly #records: BatchRecord[] = [];
  readonly #numbers = new Map<BatchKey, number>();
  /** Numbers of those that are not as the database has them. */
  readonly #dirty = new Set<number>();

  /** Folds the events of a commit in. */
  fold(events: readonly Event[]): void {
    for (const record of recordsAfter((batchKey) => this.#find(batchKey), events).values()) {
      const known = this.#records[record.batchNo - 1];
      // As it comes it is a view of the whole record of the journal, which would be kept with it.
      this.#put(known === undefined ? { ...record, indexes: keptColumn(record.indexes).slice() } : record);
      this.#dirty.add(record.batchNo);
    }
  }

  /** A record as the database has it. */
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

  /** Those that the database does not have as they are. */
  *dirty(): Generator<BatchRecord> {
    for (const batchNo of this.#dirty) yield this.#records[batchNo - 1] as BatchRecord;
  }

  /** The database has them all now. */
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
