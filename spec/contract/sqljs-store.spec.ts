import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeDisk } from '../../adapters/sqljs/disk.ts';
import { localClient } from '../../adapters/sqljs/keeper-client.ts';
import { sqljsStoreOn } from '../../adapters/sqljs/sqljs-store.ts';
import { describeRunStoreContract } from './run-store-contract.ts';
import { ok } from './run-store-fixture.ts';

// Checkpoints every few rows: what is rare in a real run happens all the time here.
for (const checkpointRows of [7, 150_000]) {
  describeRunStoreContract(`a file store that takes a checkpoint every ${checkpointRows} rows`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'batchor-store-'));
    return {
      open: () => ok(sqljsStoreOn({ dir, checkpointRows }, () => localClient(nodeDisk, 0)).open()),
      dispose: () => rm(dir, { recursive: true, force: true }),
    };
  });
}
