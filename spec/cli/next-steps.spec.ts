import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CliWorld, createCliWorld, csvOf, startArgs } from './in-process.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await createCliWorld({
    faults: [{ type: 'rows_fail', ratio: 1, statusCode: 400, batch: 1 }],
  });
  world.write('rows.csv', csvOf(3));
});
afterAll(() => world[Symbol.asyncDispose]());

it('start without --wait ends with the commands that continue it, and wait with the one that shows failed rows', async () => {
  const started = await world.run(startArgs('rows.csv', 'r'), { isTerminal: true });
  expect([started.code, started.json]).toMatchObject([0, { status: 'running' }]);
  // In front of it on the line: what erases the progress.
  expect(started.stderr).toMatch(
    /\u001b\[2Kbatchor: run r is started; see its state: batchor status --run-id r --store store; continue it, and collect the answers: batchor wait --run-id r --store store\n$/u,
  );
  const said =
    'batchor: 3 rows failed (invalid_request 3); show them: batchor results --run-id r --store store --only failed\n';
  const waited = await world.run(['wait', '--run-id', 'r', '--store', 'store']);
  expect([waited.code, waited.stderr]).toEqual([2, said]);
  const again = await world.run(startArgs('rows.csv', 'r', '--wait'));
  expect([again.code, again.stderr]).toEqual([2, said]);
  const show = ['results', '--run-id', 'r', '--store', 'store', '--only', 'failed'];
  expect((await world.run(show)).lines).toHaveLength(3);
});

it('list selects paused runs by the word that it prints', async () => {
  const store = ['--store', 'store'];
  await world.run(startArgs('rows.csv', 'p'));
  await world.run(['pause', '--run-id', 'p', ...store]);
  const of = async (status: string): Promise<unknown> =>
    (await world.run(['list', '--status', status, ...store])).json;
  expect(await of('paused')).toMatchObject([{ run_id: 'p', control_state: 'paused' }]);
  expect(await of('damaged')).toEqual([]);
  expect(await of('running')).toMatchObject([{ run_id: 'p' }]);
});
