import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import { describeAdoptionContract } from './run-store-adoption.ts';
import { describeRunStoreContract } from './run-store-contract.ts';
import { describeQuotaContract } from './run-store-quota.ts';
import { ok, type RunStoreFixture } from './run-store-fixture.ts';

// A checkpoint every few rows exercises what is rare in a real run.
for (const checkpointRows of [7, 150_000]) {
  const name = `a file store that takes a checkpoint every ${checkpointRows} rows`;
  const fixture = async (): Promise<RunStoreFixture> => {
    const dir = await mkdtemp(join(tmpdir(), 'batchor-store-'));
    return {
      open: () => ok(sqljsStoreOn({ dir, checkpointRows }, () => localClient(nodeDisk, 0)).open()),
      canStandStill: true,
      dispose: () => rm(dir, { recursive: true, force: true }),
    };
  };
  describeRunStoreContract(name, fixture);
  describeAdoptionContract(name, fixture);
  describeQuotaContract(name, fixture);
}
