import { isDeepStrictEqual } from 'node:util';
import { toRunEvents } from '../../../lib/core/internal.ts';
import type { RunReader } from '../../../lib/ports/run-store.ts';
import { ok, plain } from '../../contract/run-store-fixture.ts';
import { storedRow } from '../../contract/run-store-rows.ts';
import type { Step } from '../../support/core/commit.ts';
import { assert } from './case.ts';
import { resultsAfter, storedRows } from '../../../lib/rows/read-rows.ts';

/**
 * A reader must show what these steps give in a table of rows that no store has touched: snapshot,
 * rows, results, run events.
 */
export const holdAgainst = async (reader: RunReader, steps: readonly Step[]): Promise<void> => {
  const last = steps[steps.length - 1];
  if (last === undefined) throw new Error('a run has a first step');
  const { snapshot, rows } = last.after;
  assert(
    reader.snapshot.version === snapshot.version,
    `version ${reader.snapshot.version}, not ${snapshot.version}`,
  );
  assert(
    isDeepStrictEqual(plain(reader.snapshot), plain(snapshot)),
    `the snapshot at version ${snapshot.version} is another`,
  );
  const stored = await ok(storedRows(reader, 0, rows.length + 1));
  assert(
    isDeepStrictEqual(plain(stored), plain(rows.map(storedRow))),
    `the rows at version ${snapshot.version} are not the fold of the events`,
  );
  const ended = rows.filter((row) => row.sequence > 0).toSorted((a, b) => a.sequence - b.sequence);
  const results = await ok(resultsAfter(reader, 0, ended.length + 1));
  const shown = results.map(({ sequence, index, status, charged }) => [
    sequence,
    index,
    status,
    charged,
  ]);
  const wanted = ended.map(({ sequence, index, status, charged }) => [
    sequence,
    index,
    status,
    charged,
  ]);
  assert(
    isDeepStrictEqual(shown, wanted),
    `the results at version ${snapshot.version} are not the fold of the events`,
  );
  const events = steps.flatMap((each) =>
    toRunEvents(snapshot.runId, each.before.snapshot.version, each.events),
  );
  const read = await ok(reader.eventsAfter(0, events.length + 1));
  assert(
    isDeepStrictEqual(plain(read), plain(events)),
    `the run events at version ${snapshot.version} are others`,
  );
};
