import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchKey, Command } from '../../lib/core/internal.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { makeConfig } from '../support/core/config.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { endBatch, eventsOf, ok, runId, sliceOf, step } from './run-store-fixture.ts';
import { backoffRows, openMask, openRows, planWindow } from '../../lib/rows/read-slices.ts';

/** A pool that counts queries; each is one round trip. */
const countingPool = (url: string): { readonly pool: Pool; readonly asked: string[] } => {
  const asked: string[] = [];
  const pool = new Pool({ connectionString: url, max: 4 });
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
    (client as { query: unknown }).query = (...args: readonly unknown[]): unknown => {
      const [question] = args;
      asked.push(
        (typeof question === 'string' ? question : (question as { readonly text: string }).text)
          .trim()
          .split(/\s+/)
          .slice(0, 4)
          .join(' '),
      );
      return query(...args);
    };
  });
  return { pool, asked };
};

describe('a commit in Postgres', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let store: RunStore;
  let counted: ReturnType<typeof countingPool>;
  beforeEach(async () => {
    schema = newSchema();
    folder = temporaryFolder();
    counted = countingPool(schema.url);
    store = await ok(
      pgStore({ pool: counted.pool, schema: schema.name }).open({
        artifacts: filesystemArtifacts({ dir: folder.path }),
      }),
    );
  });
  afterEach(async () => {
    await store.close();
    await counted.pool.end();
    await schema.drop();
    folder.remove();
  });

  it('takes the same few round trips for ten rows and for ten thousand', async () => {
    const tripsOf = async (rows: number): Promise<Readonly<Record<string, number>>> => {
      const run = await ok(store.create(runId, null));
      const chunk = { requestsMax: rows, inputBytesMax: 1e9, inputTokensMax: null };
      const limits = { ...chunk, inputsMax: null, createsPerHourMax: null };
      const config = { ...makeConfig({ chunk: { ...chunk, planAfterMs: 0 } }), limits };
      await step(run, { type: 'CreateRun', atMs: 1, runId, config });
      const trips: Record<string, number> = {};
      const commit = async (command: Command): Promise<void> => {
        const events = eventsOf(run.snapshot, command);
        counted.asked.length = 0;
        await ok(run.commit(run.snapshot.version, events));
        trips[command.type] = counted.asked.length;
      };
      const batchKey = 'one' as BatchKey;
      await commit({
        type: 'AcceptSlice',
        atMs: 2,
        slice: sliceOf(0, rows),
        checkpoint: { nextIndex: rows, position: null, beforeLastPosition: null },
        isLast: true,
      });
      await commit({
        type: 'PlanBatch',
        atMs: 3,
        window: await ok(planWindow(run, rows)),
        newBatchKey: batchKey,
      });
      await step(run, {
        type: 'RecordUpload',
        atMs: 4,
        batchKey,
        createAttempt: 1,
        inputFileId: 'file',
        expiresAtMs: null,
      });
      await step(run, { type: 'BeginCreate', atMs: 5, batchKey });
      await commit({
        type: 'RecordCreated',
        atMs: 6,
        batchKey,
        createAttempt: 1,
        providerBatchId: 'batch-one' as never,
        providerStatus: 'validating',
      });
      await endBatch(run, 'one');
      const half = Math.floor(rows / 2);
      const indexes = Uint32Array.from({ length: half }, (_, i) => i);
      await commit({
        type: 'SettleSlice',
        atMs: 7,
        batchKey,
        part: 'output',
        fromOffset: 0,
        toOffset: 1_000,
        isEndOfFile: true,
        lines: { indexes, offsets: indexes.map((i) => 100 * i), lengths: indexes.map(() => 7) },
        open: await ok(openMask(run, 1, indexes)),
        usage: { inputTokens: 3, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 },
        malformedCount: 0,
        unknownCount: 0,
      });
      const open = await ok(openRows(run, 1, 0, rows));
      const none = Array.from(open.indexes, () => 0);
      await commit({
        type: 'SettleRest',
        atMs: 8,
        batchKey,
        fromIndex: 0,
        rows: open,
        codes: Array.from(open.indexes, () => -1),
        parts: none,
        offsets: none,
        lengths: none,
      });
      const dueAtMs = run.snapshot.backoff[0]?.dueAtMs ?? 0;
      await commit({
        type: 'RequeueRows',
        atMs: dueAtMs,
        dueAtMs,
        rows: await ok(backoffRows(run, dueAtMs, rows)),
      });
      expect(run.snapshot.totals).toMatchObject({ completed: half, pending: rows - half });
      await run.close();
      await ok(store.remove(runId));
      return trips;
    };
    const many = await tripsOf(10_000);
    expect(many).toEqual(await tripsOf(10));
    // begin, the run, its records, two for new rows or one for moved ones, commit; two more that
    // reserve from the scope's queue.
    expect(many).toEqual({
      AcceptSlice: 6,
      PlanBatch: 7,
      RecordCreated: 5,
      SettleSlice: 5,
      SettleRest: 5,
      RequeueRows: 5,
    });
  });
});
