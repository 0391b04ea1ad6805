import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { readFault } from '../../adapters/pg/pg-error.ts';
import { newDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { makeReadOnly } from '../support/postgres/read-only.ts';
import { createdRun, ok } from './run-store-fixture.ts';

let database: TestDatabase;
const folder = temporaryFolder();
beforeAll(async () => {
  database = await newDatabase();
});
afterAll(async () => {
  await database.drop();
  folder.remove();
});

const setReadOnly = (isReadOnly: boolean): Promise<void> => makeReadOnly(database.url, isReadOnly);
const artifacts = filesystemArtifacts({ dir: folder.path });

describe('a database that takes no writes for a while', () => {
  it('makes commits wait, reports why, and counts each once when it takes writes again', async () => {
    const said: string[] = [];
    let isBack: (() => void) | null = null;
    const heard = new Promise<void>((resolve) => (isBack = resolve));
    const onWaiting = (message: string): void => {
      said.push(message);
      isBack?.();
    };
    const store = await ok(
      pgStore({ connectionString: database.url, onWaiting }).open({ artifacts }),
    );
    const run = await createdRun(store);
    await setReadOnly(true);
    const waiting = run.commit(1, [
      { type: 'RunPaused', atMs: 2, reason: 'manual', message: null },
    ])();
    await heard;
    // Its rows can be read meanwhile.
    expect((await ok(store.list())).map(({ snapshot }) => snapshot.version)).toEqual([1]);
    await setReadOnly(false);
    expect(await waiting).toMatchObject({ right: { version: 2 } });
    expect(said.join('\n')).toMatch(/takes no writes|terminat/);
    await run.close();
    await store.close();
  });

  it('is an error when it lasts, and the run is as before', async () => {
    const store = await ok(
      pgStore({ connectionString: database.url, patienceMs: 300, schema: 'second' }).open({
        artifacts,
      }),
    );
    const run = await createdRun(store);
    await setReadOnly(true);
    const refused = await run.commit(1, [
      { type: 'RunPaused', atMs: 2, reason: 'manual', message: null },
    ])();
    expect(refused).toMatchObject({ left: { type: 'unavailable' } });
    expect(JSON.stringify(refused)).toContain('the database takes no writes');
    await setReadOnly(false);
    expect(run.snapshot.version).toBe(1);
    await run.close();
    await store.close();
  });
});

describe('an error of the server', () => {
  it.each(['25006', '57P01', '57P02', '57P03', '08000', '08001', '08003', '08004', '08006'])(
    'of SQLSTATE %s is transient',
    (code) => {
      expect(readFault(Object.assign(new Error('no'), { code }), 'here').isTransient).toBe(true);
    },
  );
  it.each(['42P01', '23505', '28P01', '3D000', '42501'])('of SQLSTATE %s is permanent', (code) => {
    expect(readFault(Object.assign(new Error('no'), { code }), 'here').isTransient).toBe(false);
  });
});
