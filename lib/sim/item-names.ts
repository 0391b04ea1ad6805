import type { Event } from '../core/model/event.ts';
import { indexInCustomId } from '../core/values/custom-ids.ts';
import type { RunId } from '../core/values/ids.ts';
import type { Ledger } from './provider/ledger.ts';

/** Maps request lines to items, to name those that were paid for twice. */
export interface ItemNames {
  committed(runId: RunId, events: readonly Event[]): void;
  doublePaid(ledger: Ledger): readonly string[];
}

export const createItemNames = (): ItemNames => {
  const byRun = new Map<string, string[]>();
  return {
    committed(runId, events) {
      for (const event of events) {
        if (event.type !== 'ItemsAccepted') continue;
        const ids = byRun.get(runId) ?? [];
        byRun.set(runId, ids);
        event.slice.itemIds.forEach((itemId, i) => (ids[event.slice.fromIndex + i] = itemId));
      }
    },
    doublePaid(ledger) {
      const runOf = new Map(
        ledger.batches.map(({ id, metadata }) => [id, metadata?.['batchor_run_id'] ?? '']),
      );
      const found = ledger.doubleBilled.map(({ customId, batchIds }) => {
        const index = indexInCustomId(customId);
        return (
          (index === null ? undefined : byRun.get(runOf.get(batchIds[1]) ?? '')?.[index]) ??
          customId
        );
      });
      return [...new Set(found)];
    },
  };
};
