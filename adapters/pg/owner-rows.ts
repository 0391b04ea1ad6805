import type { Event } from '../../lib/core/model/event.ts';
import type { BatchRecord } from '../../lib/core/model/batch-record.ts';
import type { BatchKey } from '../../lib/core/values/ids.ts';
import type { RowPage, RowPart, RowQuery } from '../../lib/ports/row-query.ts';
import type { RunReader } from '../../lib/ports/run-store.ts';
import { endedBy, type EndedRows, noneEnded } from './ended-rows.ts';

/**
 * What an owner knows of where rows can lie, so that its queries skip rows that moved on: the
 * server would visit each of them, in every step. Only the owner commits, so it stays true.
 */
export class OwnerRows {
  ended: EndedRows = noneEnded;
  /** No row before this index is pending. */
  #pendingFrom = 0;
  /** The last rows that were found waiting, with 1 + the row that is sent for each. */
  #waiting: Pick<RowPage<'sameAs'>, 'indexes' | 'sameAs'> = { indexes: [], sameAs: [] };

  /** Asks the reader, from the first row that can be pending where pending rows are asked for. */
  rows(
    reader: Pick<RunReader, 'rows' | 'snapshot'>,
  ): <P extends RowPart>(query: RowQuery<P>) => ReturnType<typeof reader.rows<P>> {
    return (query) => async () => {
      const { select } = query;
      const isOfPending = query.status?.length === 1 && query.status[0] === 'pending';
      const isFromFront =
        'fromIndex' in select && isOfPending && select.fromIndex <= this.#pendingFrom;
      const found = await reader.rows(
        isFromFront ? { ...query, select: { ...select, fromIndex: this.#pendingFrom } } : query,
      )();
      if (found._tag === 'Left') return found;
      const page: RowPage<never> & { readonly sameAs?: RowPage<'sameAs'>['sameAs'] } = found.right;
      if (isFromFront && select.toIndex === undefined && query.limit > 0)
        this.#pendingFrom = page.indexes[0] ?? reader.snapshot.ingest.itemCount;
      if ('waitingFor' in select && page.sameAs !== undefined)
        this.#waiting = { indexes: page.indexes, sameAs: page.sameAs };
      return found;
    };
  }

  /** Learns from a commit; `records` are the live batches before it. */
  committed(events: readonly Event[], records: ReadonlyMap<BatchKey, BatchRecord>): void {
    this.#pendingFrom = Math.min(
      this.#pendingFrom,
      ...events.map((event) => firstToPend(event, records)),
    );
    const { indexes, sameAs } = this.#waiting;
    const sentFor = (index: number): number | undefined => {
      const at = Array.prototype.indexOf.call(indexes, index);
      return at < 0 ? undefined : (sameAs[at] as number) - 1;
    };
    this.ended = endedBy(events, sentFor) ?? this.ended;
  }
}

/** The first row that was not pending before the event and may be pending after it. */
const firstToPend = (event: Event, records: ReadonlyMap<BatchKey, BatchRecord>): number => {
  if (event.type === 'ItemsRequeued') return event.indexes[0] ?? Infinity;
  return event.type === 'BatchDropped' ? (records.get(event.batchKey)?.indexes[0] ?? 0) : Infinity;
};
