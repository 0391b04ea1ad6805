import { renameSync, rmSync } from 'node:fs';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { createPayload } from '../../lib/run/audit/payload.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { accept, createdRun, errorOf, ok, runId, sliceOf } from './run-store-fixture.ts';

describe('payloads of runs in Postgres', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const schemas: TestSchema[] = [];
  const stores: RunStore[] = [];
  const schemaOf = (): TestSchema => {
    const schema = newSchema();
    schemas.push(schema);
    return schema;
  };
  const open = async (
    schema: TestSchema,
    artifacts: ArtifactStore = filesystemArtifacts({ dir: folder.path }),
  ): Promise<RunStore> => {
    const store = await ok(
      pgStore({ connectionString: schema.url, schema: schema.name }).open({ artifacts }),
    );
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

  it('cannot be reached by another store that keeps its own under the same root', async () => {
    const first = await createdRun(await open(schemaOf()));
    const slice = sliceOf(0, 2);
    for (const name of [slice.requestObject ?? '', slice.itemObject])
      await ok(first.artifacts.put(name, [new Uint8Array(3)]));
    await accept(first, slice);
    const other = await open(schemaOf());
    const second = await createdRun(other);
    expect(await ok(second.artifacts.list(''))).toEqual([]);
    await second.close();
    await ok(other.remove(runId));
    expect((await ok(first.artifacts.list(''))).map(({ name }) => name)).toEqual([
      slice.itemObject,
      slice.requestObject,
    ]);
  });

  it('stay when a process took the run over, stalled before its cleanup, and was replaced', async () => {
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
    for (const name of [slice.requestObject ?? '', slice.itemObject])
      await ok(third.artifacts.put(name, [new Uint8Array(3)]));
    await accept(third, slice);
    wake();
    expect(await taking).toMatchObject({ left: { type: 'owned_elsewhere' } });
    expect((await ok(third.artifacts.list(''))).map(({ name }) => name)).toEqual([
      slice.itemObject,
      slice.requestObject,
    ]);
  });

  it('are not searched for elsewhere, nor reported as lost, and nothing of the run is removed without them', async () => {
    const schema = schemaOf();
    const run = await createdRun(await open(schema));
    await ok(run.artifacts.put('items/0.jsonl', [new Uint8Array(3)]));
    await run.close();
    const elsewhere = temporaryFolder();
    const storage = pgStore({ connectionString: schema.url, schema: schema.name });
    const without = await ok(storage.open());
    stores.push(without);
    for (const store of [
      await open(schema, filesystemArtifacts({ dir: elsewhere.path })),
      without,
    ]) {
      const reader = await ok(store.read(runId));
      expect(await errorOf(reader.artifacts.size('items/0.jsonl'))).toBe('other_root');
      // Verification reports that, and not damage.
      await expect(createPayload(reader.artifacts).size('items/0.jsonl')).rejects.toMatchObject({
        code: 'artifact_root_differs',
      });
      await reader.close();
      expect(await errorOf(store.remove(runId))).toBe('other_root');
    }
    elsewhere.remove();
    const reader = await ok(without.read(runId));
    expect(reader.snapshot.status).toBe('running');
    await reader.close();
  });

  it('are not written to, nor reported missing in, a folder that was unmounted during the run', async () => {
    const store = await open(schemaOf());
    const run = await createdRun(store);
    await ok(run.artifacts.put('items/0.jsonl', [new Uint8Array(3)]));
    const away = `${folder.path}-away`;
    renameSync(folder.path, away);
    expect(await errorOf(run.artifacts.put('items/1.jsonl', [new Uint8Array(3)]))).toBe(
      'unavailable',
    );
    expect(await errorOf(run.artifacts.read('items/0.jsonl'))).toBe('unavailable');
    expect(await errorOf(run.artifacts.size('items/0.jsonl'))).toBe('unavailable');
    await run.close();
    expect(await errorOf(store.own(runId))).toBe('unavailable');
    rmSync(folder.path, { recursive: true, force: true });
    renameSync(away, folder.path);
    const again = await ok(store.own(runId));
    expect((await ok(again.artifacts.list(''))).map(({ name }) => name)).toEqual(['items/0.jsonl']);
    expect(await errorOf(again.artifacts.read('items/1.jsonl'))).toBe('not_found');
    await again.close();
  });

  it('can be removed again after an interrupted removal', async () => {
    const schema = schemaOf();
    const files = filesystemArtifacts({ dir: folder.path });
    let isDown = true;
    const broken: PortError = { type: 'unavailable', message: 'down', cause: null };
    const store = await open(schema, {
      ...files,
      remove: (name) => (isDown ? TE.left(broken) : files.remove(name)),
    });
    const run = await createdRun(store);
    await ok(run.artifacts.put('items/0.jsonl', [new Uint8Array(3)]));
    await accept(run, sliceOf(0, 3));
    await run.close();
    expect(await errorOf(store.remove(runId))).toBe('unavailable');
    isDown = false;
    await ok(store.remove(runId));
    expect(await ok(files.list('runs/'))).toEqual([]);
    expect(await ok(store.list())).toEqual([]);
    for (const table of ['runs', 'items', 'objects', 'batches', 'events', 'commands'])
      expect([
        table,
        await schema.query(`select count(*)::int as count from ${schema.name}.${table}`),
      ]).toEqual([table, [{ count: 0 }]]);
  });
});
