import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { newSchema } from '../support/postgres/schema.ts';
import { describeAdoptionContract } from './run-store-adoption.ts';
import { describeRunStoreContract } from './run-store-contract.ts';
import { describeQuotaContract } from './run-store-quota.ts';
import { ok, type RunStoreFixture } from './run-store-fixture.ts';

const fixture = async (): Promise<RunStoreFixture> => {
  const schema = newSchema();
  const dir = await mkdtemp(join(tmpdir(), 'batchor-artifacts-'));
  return {
    open: () =>
      ok(
        pgStore({ connectionString: schema.url, schema: schema.name }).open({
          artifacts: filesystemArtifacts({ dir }),
        }),
      ),
    canStandStill: true,
    dispose: async () => {
      await schema.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

describeRunStoreContract('a Postgres store', fixture);
describeAdoptionContract('a Postgres store', fixture);
describeQuotaContract('a Postgres store', fixture);
