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

  const expire = (schema: TestSchema): Promise<unknown> =>
    schema.query(`update ${schema.name}.runs set lease_until = now() - interval '1 second'`);

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

  it('stay when somebody took the run over who fell asleep before it swept, and was replaced', async () => {
    const schema = schemaOf();
    await createdRun(await open(schema));
    await expire(schema);
    const files = filesystemArtifacts({ dir: folder.path });
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => (wake = resolve));
    let sleeps = (): void => undefined;
    const fellAsleep = new Promise<void>((resolve) => (sleeps = resolve));
    const drowsy: ArtifactStore = {
      ...files,
      list: (prefix) => async () => {
        sleeps();
        await asleep;
        return files.list(prefix)();
      },
    };
    const taking = (await open(schema, drowsy)).own(runId)();
    await fellAsleep;
    await expire(schema);
    const third = await ok((await open(schema)).own(runId));
    const slice = sliceOf(0, 2);
    for (const name of [slice.requestObject ?? '', slice.itemObject]) await ok(third.artifacts.put(name, [new Uint8Array(3)]));
    await accept(third, slice);
    wake();
    expect(await taking).toMatchObject({ left: { type: 'owned_elsewhere' } });
    expect((await ok(third.artifacts.list(''))).map(({ name }) => name)).toEqual([slice.itemObject, slice.requestObject]);
  });
});
