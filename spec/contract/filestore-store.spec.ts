import { describe, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import { describeCases, type OpenStorage, runStoreCases } from '../../lib/testing/index.ts';
import { ok } from './run-store-fixture.ts';
import { describeHistories } from './run-store-histories.ts';

// A checkpoint every few rows exercises what is rare in a real run.
for (const checkpointRows of [7, 150_000]) {
  const name = `a file store that takes a checkpoint every ${checkpointRows} rows`;
  const fixture = async (): Promise<OpenStorage> => {
    const dir = await mkdtemp(join(tmpdir(), 'batchor-store-'));
    return {
      open: () => ok(sqljsStoreOn({ dir, checkpointRows }, () => localClient(nodeDisk, 0)).open()),
      dispose: () => rm(dir, { recursive: true, force: true }),
    };
  };
  describeCases(name, runStoreCases({ create: fixture }), { describe, it });
  describeHistories(name, fixture);
}
