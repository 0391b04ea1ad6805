import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
];
const wait = ['--poll-interval', '0.05', '--wait'];

/** A finished run whose journals are gone, beside one that is whole. */
const createDamagedWorld = async () => {
  const world = await createCliWorld();
  world.write('in.csv', 'id,text\na,one\nb,two\n');
  for (const name of ['lost', 'whole'])
    expect((await world.run([...start, ...wait, '--run-id', name])).code).toBe(0);
  const folder = join(world.folder, '.batchor', 'runs', 'lost');
  for (const name of readdirSync(folder))
    if (name.startsWith('journal.')) rmSync(join(folder, name));
  writeFileSync(join(world.folder, '.batchor', 'runs', 'notes.txt'), 'mine');
  return world;
};

describe('a run whose journals are gone', () => {
  it('is refused in words by status, start and wait, and none of its rows is bought again', async () => {
    await using world = await createDamagedWorld();
    const before = world.storedText('.batchor');
    for (const command of [['status'], ['wait'], [...start, ...wait], ['results']]) {
      const ran = await world.run([...command, '--run-id', 'lost']);
      expect([command[0], ran.code]).toEqual([command[0], 3]);
      expect(ran.stderr).toMatch(/has no journal .* summary\.json says version \d+/u);
      expect(ran.stderr).toContain('batchor doctor --run-id lost');
      expect(ran.stderr).not.toMatch(/^\s+at /mu);
    }
    expect(world.storedText('.batchor')).toBe(before);
  });

  it('is listed as damaged, and keeps no other from being listed', async () => {
    await using world = await createDamagedWorld();
    const listed = await world.run(['list']);
    expect(listed.code).toBe(0);
    expect(listed.json).toMatchObject([
      {
        run_id: 'lost',
        status: 'damaged',
        error: expect.stringContaining('has no journal') as string,
      },
      { run_id: 'whole', status: 'completed' },
    ]);
    expect(listed.stderr).toContain('batchor: run lost cannot be opened');
    expect((await world.run(['list', '--status', 'completed'])).json).toMatchObject([
      { run_id: 'whole' },
    ]);
  });

  it('is reported by doctor with the version that it had acknowledged, and goes only with --abandon', async () => {
    await using world = await createDamagedWorld();
    const looked = await world.run(['doctor', '--repair']);
    expect([
      looked.code,
      looked.stderr.includes('run whole: not damaged'),
      looked.stderr.includes('notes.txt'),
    ]).toEqual([6, true, false]);
    expect(looked.stderr).toMatch(
      /known to be acknowledged: \d+\n.*batchor delete --run-id lost --abandon/u,
    );
    expect((await world.run(['delete', '--run-id', 'lost'])).code).toBe(3);
    const removed = await world.run(['delete', '--run-id', 'lost', '--abandon']);
    expect([removed.code, removed.json]).toEqual([
      0,
      { run_id: 'lost', deleted: true, abandoned_batches: null },
    ]);
    expect(removed.stderr).toContain('its batches are unknown');
    expect((await world.run(['status', '--run-id', 'lost'])).code).toBe(1);
  });
});
