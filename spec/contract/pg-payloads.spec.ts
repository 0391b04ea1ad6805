import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { accept, createdRun, ok, runId, sliceOf } from './run-store-fixture.ts';

describe('payloads of runs in Postgres', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const schemas: TestSchema[] = [];
  const stores: RunStore[] = [];
  const schemaOf = (): TestSchema => {
    const schema = newSchema();
    schemas.push(schema);
    return schema;
  };
  const open = async (schema: TestSchema, artifacts: ArtifactStore = filesystemArtifacts({ dir: folder.path })): Promise<RunStore> => {
    const store = await ok(pgStore({ connectionString: schema.url, schema: schema.name }).open({ artifacts }));
    stores.push(store);
    return store;
  };

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(schemas.splice(0).map((schema) => schema.drop()));
    folder.remove();
  });

  it('are out of reach of another store that keeps its own under the same root', async () => {
    const first = await createdRun(await open(schemaOf()));
    const slice = sliceOf(0, 2);
    for (const name of [slice.requestObject ?? '', slice.itemObject]) await ok(first.artifacts.put(name, [new Uint8Array(3)]));
    await accept(first, slice);
    const other = await open(schemaOf());
    const second = await createdRun(other);
    expect(await ok(second.artifacts.list(''))).toEqual([]);
    await second.close();
    await ok(other.remove(runId));
    expect((await ok(first.artifacts.list(''))).map(({ name }) => name)).toEqual([slice.itemObject, slice.requestObject]);
  });
});
