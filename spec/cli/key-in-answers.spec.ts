import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, type CliWorld, createCliWorld, csvOf, startArgs } from './in-process.ts';

describe('a key that a service repeats in its error lines', () => {
  let world: CliWorld;
  beforeAll(async () => {
    const message = `Incorrect API key provided: ${apiKey}.`;
    world = await createCliWorld({
      apiKey,
      faults: [{ type: 'rows_fail', ratio: 1, statusCode: 400, message }],
    });
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it('is in no result of a later process, by flag, in words or as it came', async () => {
    world.write('rows.csv', csvOf(3));
    expect((await world.run(startArgs('rows.csv', 'told', '--wait'))).code).toBe(2);
    for (const args of [
      ['results', '--run-id', 'told'],
      ['results', '--run-id', 'told', '--include', 'response'],
      ['status', '--run-id', 'told'],
      ['inspect', '--run-id', 'told', '--item', 'item-1'],
    ]) {
      const ran = await world.run([...args, '--store', 'store']);
      expect(ran.code, ran.stderr).toBe(0);
      expect(`${ran.stdout}${ran.stderr}`).not.toContain(apiKey);
    }
    expect((await world.run(['results', '--run-id', 'told', '--store', 'store'])).stdout).toContain(
      'Incorrect API key provided: [secret]',
    );
  });
});
