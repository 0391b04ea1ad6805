import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runEventTypes, type StoredRunEvent, toRunEvents } from '../../../lib/core/internal.ts';
import { recordHistories } from '../../support/core/histories.ts';
import { type History, playHistory } from '../../support/core/play.ts';

const eventsOf = ({ steps }: History): readonly StoredRunEvent[] =>
  steps.flatMap(({ before, after, events }) =>
    toRunEvents(after.snapshot.runId, before.snapshot.version, events),
  );
const histories = recordHistories(150).map((history) => ({
  seed: history.seed,
  events: eventsOf(history),
}));
const events = histories.flatMap((history) => history.events);

describe('run events', () => {
  it('have sequences that rise', () => {
    expect(events.length).toBeGreaterThan(2_000);
    for (const history of histories) {
      const sequences = history.events.map((event) => event.sequence);
      if (sequences.some((sequence, i) => i > 0 && sequence <= (sequences[i - 1] ?? 0)))
        expect(`playHistory(${history.seed})`).toBe('rising');
    }
  });

  it('are of every type that is reported', () => {
    const seen = new Set(events.map((event) => event.eventType));
    // A rare event, as a batch that an operator releases, does not come in every hundred histories.
    for (const further of fc.sample(fc.noBias(fc.integer()), 3_000).slice(histories.length)) {
      if (seen.size === runEventTypes.length) break;
      for (const event of eventsOf(playHistory(further))) seen.add(event.eventType);
    }
    expect(runEventTypes.filter((type) => !seen.has(type))).toEqual([]);
  });

  it('hold counts and names, never rows: small, whatever the slice, and without any item id or object of the payload plane', () => {
    const texts = events.map((event) => JSON.stringify(event.data));
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(500);
    expect(texts.filter((text) => /item-\d|request\/|item\/|raw\//.test(text))).toEqual([]);
  });

  it('survive a round trip through JSON', () => {
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });

  it('begin with the creation of the run, and end with its end', () => {
    for (const history of histories) {
      expect(history.events[0]?.eventType).toBe('run_created');
      const last = history.events.findIndex((event) => event.eventType === 'run_finished');
      if (last < 0) continue;
      // What is over is still written out, and pruned.
      const after = history.events.slice(last + 1).map((event) => event.eventType);
      expect(
        after.filter((type) => type !== 'artifacts_exported' && type !== 'artifacts_pruned'),
      ).toEqual([]);
    }
  });
});
