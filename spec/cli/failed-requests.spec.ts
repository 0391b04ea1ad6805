import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCliWorld, startArgs } from './in-process.ts';

it('the failed requests of a run without failures are not written, and a note says why', async () => {
  await using world = await createCliWorld();
  world.write('rows.csv', 'id,text\na,x\n');
  expect((await world.run(startArgs('rows.csv', 'a', '--wait'))).code).toBe(0);
  const store = ['--store', 'store', '--run-id', 'b'];
  const again = ['start', '--from-run', 'a', '--only', 'all', '--poll-interval', '0.05', '--wait'];
  expect((await world.run([...again, ...store])).code).toBe(0);
  const none = await world.run(['results', ...store, '--failed-inputs', 'none.jsonl']);
  expect([none.code, none.json, none.stderr]).toMatchObject([
    0,
    { row_count: 0 },
    'batchor: none.jsonl is not written: no row of run b failed\n',
  ]);
  expect(existsSync(join(world.folder, 'none.jsonl'))).toBe(false);
});
