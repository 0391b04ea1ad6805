import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchKey, Command } from '../../lib/core/internal.ts';
import type { OwnedRun, RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { endedBy, noneEnded } from '../../adapters/pg/ended-rows.ts';
import { rowPage } from '../../adapters/pg/row-page.ts';
import { makeConfig } from '../support/core/config.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import {
  accept,
  completeRows,
  endBatch,
  eventsOf,
  ok,
  runId,
  sendBatch,
  sliceOf,
  step,
} from './run-store-fixture.ts';
import { planWindow, sharedRows } from '../../lib/rows/read-slices.ts';

const rowCount = 60_000;
const sliceRows = 20_000;
const pageRows = 5_000;

describe('many rows that wait for one row', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let store: RunStore;
  let run: OwnedRun;
  beforeEach(async () => {
    schema = newSchema();
    folder = temporaryFolder();
    const storage = pgStore({
      connectionString: schema.url,
      schema: schema.name,
      patienceMs: 0,
      statementTimeoutMs: 30_000,
    });
    store = await ok(storage.open({ artifacts: filesystemArtifacts({ dir: folder.path }) }));
    run = await ok(store.create(runId, null));
    await step(run, {
      type: 'CreateRun',
      atMs: 1,
      runId,
      config: makeConfig({ chunk: { planAfterMs: 0 } }),
    });
    for (let fromIndex = 0; fromIndex < rowCount; fromIndex += sliceRows) {
      const sameAs = new Uint8Array(sliceRows).fill(1);
      if (fromIndex === 0) sameAs[0] = 0;
      const requestLengths = Uint8Array.from(sameAs, (row) => (row === 0 ? 100 : 0));
      const itemLengths = new Uint8Array(sliceRows).fill(100);
      const requestObject = fromIndex === 0 ? 'requests/0.jsonl' : null;
      const slice = {
        ...sliceOf(fromIndex, sliceRows),
        sameAs,
        requestLengths,
        itemLengths,
        requestObject,
      };
      await accept(run, slice, fromIndex + sliceRows === rowCount);
    }
    await step(run, {
      type: 'PlanBatch',
      atMs: 3,
      window: await ok(planWindow(run, 4)),
      newBatchKey: 'one' as BatchKey,
    });
    await sendBatch(run, 'one');
    await endBatch(run, 'one');
    await completeRows(run, 'one', 1, [0]);
  });
  afterEach(async () => {
    await run.close();
    await store.close();
    await schema.drop();
    folder.remove();
  });

  const nextPage = async (): Promise<Command> => {
    const from = run.snapshot.sharing.until;
    return {
      type: 'SettleShared',
      atMs: 6_000,
      from,
      rows: await ok(sharedRows(run, from, pageRows)),
    };
  };

  it('end page by page, also when the server knows that nearly all rows wait for the same', async () => {
    while (run.snapshot.totals.completed < rowCount / 2) await step(run, await nextPage());
    await schema.query(`analyze ${schema.name}.items`);
    while (run.snapshot.totals.shared > 0) await step(run, await nextPage());
    expect(run.snapshot.totals.completed).toBe(rowCount);
  });

  it('are not read again once they have ended', async () => {
    while (run.snapshot.totals.completed < rowCount / 3) await step(run, await nextPage());
    const page = await nextPage();
    const events = eventsOf(run.snapshot, page);
    await ok(run.commit(run.snapshot.version, events));
    const client = new Client({ connectionString: schema.url });
    await client.connect();
    /** How many rows were fetched that did not wait. */
    const skippedRows = async (ended: typeof noneEnded): Promise<number> => {
      let text = '';
      const explain = async (asked: string, values?: readonly unknown[]) => {
        text = JSON.stringify(
          (await client.query(`explain (analyze, format json) ${asked}`, [...(values ?? [])])).rows,
        );
        return { rows: [], count: 0 };
      };
      const query = { select: { waitingFor: [0] }, limit: pageRows, parts: ['sameAs'] } as const;
      const known = { lastSequence: run.snapshot.resultSequence, ended };
      await rowPage(explain, { schema: schema.name, runNo: 1 }, query, known);
      return [...text.matchAll(/"Rows Removed by Filter":(\d+)/gu)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    };
    const whole = await skippedRows(noneEnded);
    const next = await skippedRows(endedBy(events, () => 0) ?? noneEnded);
    await client.end();
    expect(whole - next).toBeGreaterThanOrEqual(run.snapshot.totals.completed - 1);
  });
});
