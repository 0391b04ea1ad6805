import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, createCliWorld, csvOf, startArgs, type CliWorld, type Ran } from './in-process.ts';

/** An address that is neither OpenAI's nor a loopback one, and leads here all the same. */
const createWorldHere = (): Promise<CliWorld> =>
  createCliWorld({ host: '0.0.0.0', apiKey, speed: 0, turnaroundMs: { min: 1, max: 2 } });

describe('a run at an address of its own', () => {
  let world: CliWorld;
  const calls = (): number =>
    Object.values(world.emulator.ledger.calls).reduce((sum, count) => sum + count, 0);
  /** Another shell: the address is not in its environment. */
  const elsewhere = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> => world.run(args, { onlyEnv: { OPENAI_API_KEY: apiKey, ...env } });
  const wait = (runId: string, ...rest: readonly string[]): readonly string[] => [
    'wait',
    '--run-id',
    runId,
    '--store',
    'store',
    ...rest,
  ];
  beforeAll(async () => {
    world = await createWorldHere();
    world.write('rows.csv', csvOf(3));
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('gets the key where the address was named, and in no other call', async () => {
    const started = await world.run(startArgs('rows.csv', 'a'));
    expect([started.stderr, started.code]).toEqual(['', 0]);
    const before = calls();
    for (const command of [
      wait('a'),
      ['resume', '--wait', ...wait('a').slice(1)],
      ['cancel', ...wait('a').slice(1)],
    ]) {
      const refused = await elsewhere(command);
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toContain(
        `run a was started at ${world.emulator.baseURL}, an address that you have not used with batchor before`,
      );
      expect(refused.stderr).toContain(`--base-url ${world.emulator.baseURL}`);
    }
    expect(calls()).toBe(before);
    await world.emulator.advance(60_000);
    const home = { HOME: join(world.folder, 'home') };
    expect((await elsewhere(wait('a', '--base-url', world.emulator.baseURL), home)).code).toBe(0);
    expect(existsSync(join(home.HOME, '.config/batchor/addresses.json'))).toBe(true);
    await world.run(startArgs('rows.csv', 'b'));
    await world.emulator.advance(60_000);
    expect((await elsewhere(wait('b'), home)).code).toBe(0);
  });

  it('sends nothing into a default store that a link leads away, and can still be read', async () => {
    const bare = startArgs('rows.csv', 'c').filter(
      (word) => word !== '--store' && word !== 'store',
    );
    expect((await world.run(bare)).code).toBe(0);
    const away = `${world.folder}-away`;
    renameSync(join(world.folder, '.batchor'), away);
    symlinkSync(away, join(world.folder, '.batchor'));
    const before = calls();
    const refused = await world.run([...bare, '--wait']);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('is a link that leads out of this folder');
    expect(calls()).toBe(before);
    const looked = await world.run(['status', '--run-id', 'c']);
    expect([looked.code, looked.json['run_id']]).toEqual([0, 'c']);
    expect(looked.stderr).toContain('is a link that leads out of this folder');
    const named = await world.run(['status', '--run-id', 'c', '--store', '.batchor']);
    expect([named.code, named.stderr]).toEqual([0, '']);
    renameSync(away, join(world.folder, 'away'));
  });
});
