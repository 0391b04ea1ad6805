import { describe, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { newSchema } from '../support/postgres/schema.ts';
import { describeCases, type OpenStorage, runStoreCases } from '../../lib/testing/index.ts';
import { ok } from './run-store-fixture.ts';
import { describeHistories } from './run-store-histories.ts';

const fixture = async (): Promise<OpenStorage> => {
  const schema = newSchema();
  const dir = await mkdtemp(join(tmpdir(), 'batchor-artifacts-'));
  return {
    open: () =>
      ok(
        pgStore({ connectionString: schema.url, schema: schema.name }).open({
          artifacts: filesystemArtifacts({ dir }),
        }),
      ),
    dispose: async () => {
      await schema.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

describeCases('a Postgres store', runStoreCases({ create: fixture }), { describe, it });
describeHistories('a Postgres store', fixture);
