import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchKey } from '../../lib/core/internal.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { makeConfig } from '../support/core/config.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { completeRows, endBatch, ok, runId, sliceOf, step } from './run-store-fixture.ts';
import { backoffRows, batchLines, openRows, planWindow } from '../../lib/rows/read-slices.ts';

const rowCount = 60_000;
const sliceRows = 20_000;

describe('a batch whose rows are far apart', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let store: RunStore;
  beforeEach(async () => {
    schema = newSchema();
    folder = temporaryFolder();
    const storage = pgStore({
      connectionString: schema.url,
      schema: schema.name,
      patienceMs: 0,
      statementTimeoutMs: 240_000,
    });
    store = await ok(storage.open({ artifacts: filesystemArtifacts({ dir: folder.path }) }));
  });
  afterEach(async () => {
    await store.close();
    await schema.drop();
    folder.remove();
  });

  it('is found and moved in time proportional to the rows, not to the rows times the gaps', async () => {
    const sizes = { requestsMax: rowCount, inputBytesMax: 1e9, inputTokensMax: null };
    const limits = { ...sizes, inputsMax: null, createsPerHourMax: null };
    const run = await ok(store.create(runId, null));
    const config = { ...makeConfig({ chunk: { ...sizes, planAfterMs: 0 } }), limits };
    await step(run, { type: 'CreateRun', atMs: 1, runId, config });
    for (let fromIndex = 0; fromIndex < rowCount; fromIndex += sliceRows) {
      const lengths = new Uint16Array(sliceRows).fill(100);
      const slice = {
        ...sliceOf(fromIndex, sliceRows),
        requestLengths: lengths,
        itemLengths: lengths,
      };
      const nextIndex = fromIndex + sliceRows;
      const checkpoint = { nextIndex, position: null, beforeLastPosition: null };
      await step(run, {
        type: 'AcceptSlice',
        atMs: 2,
        slice,
        checkpoint,
        isLast: nextIndex === rowCount,
      });
    }
    const submit = async (name: string): Promise<void> => {
      const batchKey = name as BatchKey;
      await step(run, {
        type: 'PlanBatch',
        atMs: 3,
        window: await ok(planWindow(run, rowCount)),
        newBatchKey: batchKey,
      });
      const lines = await ok(batchLines(run, run.snapshot.batchCount));
      expect(lines.reduce((sum, { length }) => sum + length, 0)).toBe(
        100 * run.snapshot.totals.queued_local,
      );
      await step(run, {
        type: 'RecordUpload',
        atMs: 4,
        batchKey,
        createAttempt: 1,
        inputFileId: name,
        expiresAtMs: null,
      });
      await step(run, { type: 'BeginCreate', atMs: 5, batchKey });
      const created = { providerBatchId: `batch-${name}` as never, providerStatus: 'validating' };
      await step(run, { type: 'RecordCreated', atMs: 6, batchKey, createAttempt: 1, ...created });
    };
    await submit('one');
    await endBatch(run, 'one');
    await completeRows(
      run,
      'one',
      1,
      Array.from({ length: rowCount / 2 }, (_, i) => 2 * i),
    );
    const rows = await ok(openRows(run, 1, 0, rowCount));
    const none = Array.from(rows.indexes, () => 0);
    const codes = Array.from(rows.indexes, () => -1);
    await step(run, {
      type: 'SettleRest',
      atMs: 7,
      batchKey: 'one' as BatchKey,
      fromIndex: 0,
      rows,
      codes,
      parts: none,
      offsets: none,
      lengths: none,
    });
    const dueAtMs = run.snapshot.backoff[0]?.dueAtMs ?? 0;
    await step(run, {
      type: 'RequeueRows',
      atMs: dueAtMs,
      dueAtMs,
      rows: await ok(backoffRows(run, dueAtMs, rowCount)),
    });
    if (run.snapshot.control.state === 'paused')
      await step(run, { type: 'ResumeRun', atMs: dueAtMs });
    await submit('two');
    expect((await ok(openRows(run, 2, 0, rowCount))).indexes.length).toBe(rowCount / 2);
    await run.close();
  });
});
