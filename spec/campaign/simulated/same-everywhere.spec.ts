import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../../adapters/filestore/store/run-store.ts';
import type { RunId } from '../../../lib/core/internal.ts';
import type { Storage } from '../../../lib/ports/index.ts';
import { must } from '../../../lib/run/api/interop.ts';
import { createWorld, type FaultScript, memoryStore } from '../../../lib/sim/index.ts';
import { playHistory } from '../../support/core/play.ts';
import { newSchema } from '../../support/postgres/schema.ts';
import { type PostgresWorld, postgresWorld } from '../../support/postgres/simulated-storage.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import { type Shown, shownBy } from './shown.ts';

const minuteMs = 60_000;

describe('in memory, in files and in Postgres, for the same seed', () => {
  let postgres: PostgresWorld;
  let dir: string;
  let folders = 0;
  beforeAll(async () => {
    const { url, name } = newSchema();
    postgres = postgresWorld(url, name);
    dir = await mkdtemp(join(tmpdir(), 'batchor-same-'));
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  const everywhere = async (
    play: (storage: Storage<'local'>) => Promise<Shown>,
  ): Promise<readonly Shown[]> => {
    const files = sqljsStoreOn({ dir: join(dir, String((folders += 1))), checkpointRows: 20 }, () =>
      localClient(nodeDisk, 0),
    );
    const shown: Shown[] = [];
    for (const storage of [memoryStore(), files, await postgres.empty()])
      shown.push(await play(storage));
    return shown;
  };

  it('a history leaves the same rows, events, results and batches', async () => {
    let results = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const [inMemory, inFiles, inPostgres] = await everywhere(async (storage) => {
        const store = await must(storage.open());
        const run = await must(store.create('run' as RunId, null));
        for (const { before, events } of playHistory(seed, { turnsMax: 100 }).steps)
          if (events.length > 0) await must(run.commit(before.snapshot.version, events));
        await run.close();
        await store.close();
        return shownBy(storage, 'run');
      });
      expect([seed, inFiles]).toEqual([seed, inMemory]);
      expect([seed, inPostgres]).toEqual([seed, inMemory]);
      results += inMemory?.results.length ?? 0;
    }
    expect(results).toBeGreaterThan(50);
  });

  // One batch at a time: where several are sent at once, which comes first is up to the disk and to
  // the network.
  it('a whole run does, in a bad world', async () => {
    const faults: FaultScript = [
      { type: 'lose_create_reply', everyBatch: 3 },
      { type: 'truncated_download', everyBatch: 2, keepRatio: 0.5 },
      { type: 'expires', everyBatch: 4, completedRatio: 0.3 },
      { type: 'http_error', statusCode: 503, operation: 'create_file', times: 2 },
    ];
    for (let seed = 1; seed <= 3; seed += 1) {
      const [inMemory, inFiles, inPostgres] = await everywhere(async (storage) => {
        await using world = await createWorld({
          seed,
          storage,
          faults,
          turnaroundMs: { min: minuteMs, max: 20 * minuteMs },
        });
        const job = jobOf(world.connection, itemsOf(40), { maxRequests: 40 });
        const run = await world.until(world.runner.start(job, { runId: 'run' }));
        const { status } = await world.settle(run);
        expect(status).toBe('completed');
        return shownBy(storage, 'run');
      });
      expect(inMemory?.results).toHaveLength(40);
      expect([seed, inFiles]).toEqual([seed, inMemory]);
      expect([seed, inPostgres]).toEqual([seed, inMemory]);
    }
  });
});
