import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalFile, listRunFolder } from '../../adapters/filestore/disk/run-folder.ts';
import type { RunId } from '../../lib/core/values/ids.ts';
import { ok } from '../contract/run-store-fixture.ts';
import { openStore } from '../contract/filestore-folder.ts';
import { createCliWorld } from './in-process.ts';

const start = [
  'start',
  '--input',
  'in.csv',
  '--id-field',
  'id',
  '--prompt-field',
  'text',
  '--model',
  'gpt-4.1-mini',
  '--poll-interval',
  '0.05',
];

/** Flips a bit of the newest journal; answers its path. */
const damage = (folder: string, from: (bytes: number) => number): string => {
  const [newest] = listRunFolder(folder).journals;
  const path = join(folder, journalFile(newest ?? { epoch: 0, n: 0 }));
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(from(bytes.length)) ^ 4, from(bytes.length));
  writeFileSync(path, bytes);
  return path;
};

describe('doctor', () => {
  it('says that whole runs are whole, and changes nothing', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', 'id,text\na,one\nb,two\n');
    await world.run([...start, '--run-id', 'fine', '--wait']);
    const before = world.storedText('.batchor');
    const ran = await world.run(['doctor']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/^run fine: not damaged, at version \d+; no owner\n$/u);
    expect(ran.json).toMatchObject({
      runs: [{ run_id: 'fine', state: 'whole', damage: [], loss: null, parts: { epoch: 1 } }],
    });
    expect(world.storedText('.batchor')).toBe(before);
    expect((await world.run(['doctor', '--run-id', 'fine', '--repair'])).code).toBe(0);
    expect(world.storedText('.batchor')).toBe(before);
  });

  it('says what a repair would give up, gives it up on request, and the run continues', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', 'id,text\na,one\nb,two\n');
    await world.run([...start, '--run-id', 'hurt', '--wait']);
    const path = damage(join(world.folder, '.batchor', 'runs', 'hurt'), (bytes) => bytes - 2_000);
    const refused = await world.run(['wait', '--run-id', 'hurt']);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(path);
    expect(refused.stderr).toContain('batchor doctor --run-id hurt');
    expect(refused.stderr).not.toMatch(/^\s+at /mu);
    const looked = await world.run(['doctor', '--run-id', 'hurt']);
    expect(looked.code).toBe(6);
    expect(looked.stderr).toContain('batches created in them continue at the provider');
    expect(looked.stderr).toContain('batchor doctor --run-id hurt --repair');
    const repaired = await world.run(['doctor', '--run-id', 'hurt', '--repair']);
    expect(repaired.code).toBe(0);
    expect(repaired.json).toMatchObject({
      runs: [{ state: 'whole', repaired: { state: 'damaged' } }],
    });
    expect((await world.run(['doctor'])).code).toBe(0);
    expect((await world.run(['wait', '--run-id', 'hurt'])).code).toBe(0);
    expect((await world.run(['results', '--run-id', 'hurt'])).lines).toHaveLength(2);
  });

  it('has nothing to recover where not even the first commit is whole, and says so', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', 'id,text\na,one\n');
    await world.run([...start, '--run-id', 'gone', '--wait']);
    damage(join(world.folder, '.batchor', 'runs', 'gone'), () => 30);
    const ran = await world.run(['doctor', '--repair']);
    expect([ran.code, ran.stderr.includes('nothing to recover')]).toEqual([6, true]);
  });

  it('repairs nothing that a living process drives, and says who it is', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', 'id,text\na,one\n');
    await world.run([...start, '--run-id', 'held', '--wait']);
    const store = await openStore(join(world.folder, '.batchor'));
    await ok(store.own('held' as RunId));
    const ran = await world.run(['doctor', '--run-id', 'held', '--repair']);
    expect([ran.code, ran.stderr]).toEqual([5, expect.stringContaining(`process ${process.pid}`)]);
    expect((await world.run(['doctor', '--run-id', 'held'])).code).toBe(0);
    await store.close();
  });

  it('says that there is no such run', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', 'id,text\na,one\n');
    await world.run([...start, '--run-id', 'fine', '--wait']);
    const ran = await world.run(['doctor', '--run-id', 'other']);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('other')]);
  });
});
