import { describe, expect, it } from 'vitest';
import { adoptedPlaceOf, type Event, isFinished } from '../../../lib/core/internal.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';
import { indexSetOf } from '../../../lib/core/values/index-set.ts';

const histories = recordHistories(150, { adopts: true });
const eventsOf = ({ steps }: (typeof histories)[number]): readonly Event[] =>
  steps.flatMap(({ events }) => events);
/** From its beginning to its end: an operator may change it. */
const isReadOnly = ({ steps }: (typeof histories)[number]): boolean =>
  steps.every(
    ({ after }) => after.snapshot.version === 0 || !after.snapshot.config.operation.retriesAdopted,
  );

describe('a run of batches that were created elsewhere, whatever is asked and answered', () => {
  it('ends, and nothing that it did not create is cancelled or deleted unless that was said', () => {
    expect(
      histories.flatMap(({ stuck, seed, world }) => [
        ...(stuck === null ? [] : [`${seed}: ${stuck}`]),
        ...world.crimes,
      ]),
    ).toEqual([]);
    expect(histories.every(({ last }) => isFinished(last.snapshot))).toBe(true);
  });

  it('sends nothing, unless rows of such batches are to be sent again', () => {
    const sent = (event: Event): boolean =>
      event.type === 'BatchUploaded' || event.type === 'CreateBegun';
    const readOnly = histories.filter(isReadOnly);
    expect(readOnly.length).toBeGreaterThan(30);
    expect(readOnly.flatMap(eventsOf).filter(sent)).toEqual([]);
    // And the other laws check at least one case.
    expect(
      histories
        .filter((history) => !isReadOnly(history))
        .flatMap(eventsOf)
        .filter(sent).length,
    ).toBeGreaterThan(30);
  });

  it('gives each of them the first batch numbers, and the rows that its lines became', () => {
    expect(
      breaches(histories, ({ events, after }) => {
        const { config } = after.snapshot;
        for (const event of events) {
          if (event.type !== 'BatchCreated' && event.type !== 'BatchPlanned') continue;
          const range = adoptedPlaceOf(config, event.batchNo);
          if (event.type === 'BatchCreated') {
            if (
              event.adopted &&
              range !== null &&
              event.providerBatchId !== range.batch.providerBatchId
            )
              return `batch ${event.batchNo} is another`;
            continue;
          }
          if (range === null) continue;
          const own = indexSetOf(
            Array.from({ length: range.batch.requests }, (_, i) => range.firstIndex + i),
          );
          if (JSON.stringify(event.indexes) !== JSON.stringify(own))
            return `batch ${event.batchNo} has other rows`;
        }
        return null;
      }),
    ).toEqual([]);
  });

  it('adopts all of them, unless it is cancelled before', () => {
    for (const { last } of histories) {
      const { config, batchCount, control } = last.snapshot;
      if (control.state !== 'cancel_requested')
        expect(batchCount).toBeGreaterThanOrEqual((config.adopted ?? []).length);
    }
  });

  it('is cancelled while some are in progress only where that is said', () => {
    expect(
      breaches(histories, ({ command, before, events }) => {
        if (command.type !== 'CancelRun' || command.cancelsAdopted === true || events.length === 0)
          return null;
        const adopted = before.snapshot.config.adopted ?? [];
        const running = before.snapshot.live.find(
          ({ phase, batchNo, cancelAsked }) =>
            phase === 'created' && batchNo <= adopted.length && !cancelAsked,
        );
        return running === undefined ? null : `batch ${running.batchNo} is in progress`;
      }),
    ).toEqual([]);
  });
});
