import type { Event } from '../../lib/core/model/event.ts';

/**
 * The rows up to this index that wait for the row `sent` have ended. A query skips them, since the
 * server would visit each of them again.
 */
export interface EndedRows {
  readonly sent: number;
  readonly index: number;
}
export const noneEnded: EndedRows = { sent: -1, index: -1 };

/**
 * The last row that the events end, among those that wait for one row; they end in item order.
 * Null: none.
 *
 * @param sentFor the row that is sent for a row; undefined: not known
 */
export const endedBy = (
  events: readonly Event[],
  sentFor: (index: number) => number | undefined,
): EndedRows | null => {
  let last: { readonly sequence: number; readonly index: number } | null = null;
  for (const event of events) {
    if (event.type !== 'SharedCompleted' && event.type !== 'SharedFailed') continue;
    for (let i = 0; i < event.indexes.length; i += 1) {
      const [sequence, index] = [event.of[i] as number, event.indexes[i] as number];
      if (
        last === null ||
        sequence > last.sequence ||
        (sequence === last.sequence && index > last.index)
      )
        last = { sequence, index };
    }
  }
  const sent = last === null ? undefined : sentFor(last.index);
  return last === null || sent === undefined ? null : { sent, index: last.index };
};
