import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startProxy } from '../adapters/openai/proxy-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { startGateway } from './gateway.ts';
import { apiKey, type CliWorld, createCliWorld, csvOf, type Ran, startArgs } from './in-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const gatewayKey = 'gateway-secret-0123456789';
const store = ['--store', 'store'];

afterEach(() => {
  vi.unstubAllEnvs();
});

const worldOf = async (): Promise<CliWorld> => {
  const world = await createCliWorld();
  world.write('rows.csv', csvOf(4));
  return world;
};

/** Nothing that was printed or stored holds the secret. */
const expectHidden = (world: CliWorld, secret: string): void => {
  for (const { stdout, stderr } of world.history) expect(stdout + stderr).not.toContain(secret);
  expect(world.storedText('store')).not.toContain(secret);
};

const complete = { status: 'completed', item_counts: { completed: 4 } };

/** A worker until the run is finished. */
const workUntilFinished = async (
  world: CliWorld,
  runId: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> => {
  const isFinished = async (): Promise<boolean> =>
    (await world.run(['status', '--run-id', runId, ...store])).json['status'] === 'completed';
  return world.run(['worker', ...store, ...args], {
    onlyEnv: env,
    interruptAfter: () => waitFor('the worker ends the run', isFinished),
  });
};

describe('a gateway that wants a header', () => {
  const refuses = ({
    headers,
  }: {
    readonly headers: Readonly<Record<string, unknown>>;
  }): number | null => (headers['x-gateway-key'] === gatewayKey ? null : 401);

  it('gets it from start, wait, resume, cancel and worker, and its value is in nothing that is printed or stored', async () => {
    await using world = await worldOf();
    await using gateway = await startGateway({ baseURL: world.emulator.baseURL, refuses });
    const baseUrl = ['--base-url', `http://127.0.0.1:${gateway.port}/v1`];
    const header = ['--header', `X-Gateway-Key=${gatewayKey}`];
    const onlyEnv = {};
    const without = await world.run(startArgs('rows.csv', 'a', ...baseUrl), { onlyEnv });
    expect([without.code, without.stderr]).toEqual([
      3,
      expect.stringContaining('refused by the gateway'),
    ]);
    expect(
      (await world.run(startArgs('rows.csv', 'a', ...baseUrl, ...header), { onlyEnv })).code,
    ).toBe(0);

    const lacking = await world.run(['wait', '--run-id', 'a', ...store], { onlyEnv });
    expect(lacking.code).toBe(1);
    expect(lacking.stderr).toContain(
      'run a was started with the header x-gateway-key, which is missing now',
    );
    expect(lacking.stderr).toContain('--header x-gateway-key=VALUE, or BATCHOR_HEADERS');
    const waited = await world.run(['wait', '--run-id', 'a', ...store], {
      onlyEnv: { BATCHOR_HEADERS: `x-gateway-key=${gatewayKey}` },
    });
    expect([waited.code, waited.json]).toMatchObject([0, complete]);

    await world.run(startArgs('rows.csv', 'b', ...baseUrl, ...header), { onlyEnv });
    await world.run(['pause', '--run-id', 'b', ...store], { onlyEnv });
    const resumed = await world.run(['resume', '--run-id', 'b', ...store, '--wait', ...header], {
      onlyEnv,
    });
    expect([resumed.code, resumed.json]).toMatchObject([0, complete]);
    await world.run(startArgs('rows.csv', 'c', ...baseUrl, ...header), { onlyEnv });
    const cancelled = await world.run(['cancel', '--run-id', 'c', ...store, '--wait', ...header], {
      onlyEnv,
    });
    expect(cancelled.stderr).toBe('');

    await world.run(startArgs('rows.csv', 'd', ...baseUrl, ...header), { onlyEnv });
    const worked = await workUntilFinished(world, 'd', [...baseUrl, ...header], onlyEnv);
    expect([worked.code, worked.stderr]).toEqual([0, '']);
    expectHidden(world, gatewayKey);
    expect(world.storedText('store')).toContain('x-gateway-key');
  });

  it('is not given it by a worker that has none, which says so', async () => {
    await using world = await worldOf();
    await using gateway = await startGateway({ baseURL: world.emulator.baseURL, refuses });
    const baseUrl = ['--base-url', `http://127.0.0.1:${gateway.port}/v1`];
    await world.run(
      startArgs('rows.csv', 'a', ...baseUrl, '--header', `x-gateway-key=${gatewayKey}`),
      { onlyEnv: {} },
    );
    const worked = await world.run(['worker', ...store, ...baseUrl], {
      onlyEnv: {},
      interruptAfter: (stderr) =>
        waitFor('the worker says so', () => stderr().includes('x-gateway-key')),
    });
    expect(worked.stderr).toContain(
      'run a was started with the header x-gateway-key, which this worker does not have: left to other workers',
    );
  });

  it.each<[readonly string[], string | null, string]>([
    [['X-Key: hidden-value'], null, '--header must be NAME=VALUE'],
    [['hidden value=x'], null, 'the part before = is not a header name'],
    [['content-type=hidden-value'], null, 'content-type is set by batchor itself'],
    [['x-key=hidden-välue'], null, 'the value of x-key is empty or contains a character'],
    [['x-key='], null, 'the value of x-key is empty'],
    [['x-key=hidden-1', 'X-Key=hidden-2'], null, '--header: x-key is given twice'],
    [[], '{"x-key": ["hidden-value"]}', 'BATCHOR_HEADERS is not a JSON object of strings'],
    [[], '{hidden-value', 'BATCHOR_HEADERS is not a JSON object of strings'],
    [[], 'x-key=a1\nhidden-value', 'BATCHOR_HEADERS must be NAME=VALUE'],
  ])(
    'is refused what is no header, with no value repeated (%j, %j)',
    async (flags, variable, says) => {
      await using world = await worldOf();
      const headers = flags.flatMap((flag) => ['--header', flag]);
      const ran = await world.run(startArgs('rows.csv', 'a', ...headers), {
        env: variable === null ? {} : { BATCHOR_HEADERS: variable },
      });
      expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining(says)]);
      expect(ran.stderr).not.toMatch(/hidden/u);
    },
  );

  it('is not sent headers of the environment to an address that a folder brought', async () => {
    await using world = await worldOf();
    world.write(
      '.env',
      'OPENAI_BASE_URL=https://gateway.invalid/v1\nOPENAI_API_KEY=sk-of-the-folder\n',
    );
    const ran = await world.run(startArgs('rows.csv', 'a'), {
      onlyEnv: { BATCHOR_HEADERS: `{"x-gateway-key":"${gatewayKey}"}` },
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      'OPENAI_BASE_URL (https://gateway.invalid/v1) comes from .env, BATCHOR_HEADERS from the environment',
    );
    expect(ran.stderr).not.toContain(gatewayKey);
  });
});

describe('Azure', () => {
  it('is reached by its resource, its version and its key, which wait finds again', async () => {
    await using world = await worldOf();
    await using gateway = await startGateway({
      baseURL: world.emulator.baseURL,
      path: '/openai',
      refuses: ({ query, headers }) => {
        if (query.get('api-version') !== '2025-04-01-preview') return 404;
        return headers['api-key'] === 'azure-key-0123456789' && headers.authorization === undefined
          ? null
          : 401;
      },
    });
    const onlyEnv = { OPENAI_API_KEY: apiKey, AZURE_OPENAI_API_KEY: 'azure-key-0123456789' };
    const azure = [
      '--base-url',
      `http://127.0.0.1:${gateway.port}`,
      '--azure-api-version',
      '2025-04-01-preview',
    ];
    const started = await world.run(
      startArgs('rows.csv', 'a', ...azure, '--files-expire-after', '1209600'),
      { onlyEnv },
    );
    expect([started.code, started.stderr]).toEqual([0, '']);
    const waited = await world.run(['wait', '--run-id', 'a', ...store], { onlyEnv });
    expect([waited.code, waited.json]).toMatchObject([0, complete]);
    expectHidden(world, 'azure-key-0123456789');
    const queried = await world.run(
      startArgs('rows.csv', 'b', '--base-url', `${azure[1]}/openai?api-version=2025-04-01-preview`),
      {
        onlyEnv,
      },
    );
    expect(queried.stderr).toContain('/openai --azure-api-version 2025-04-01-preview\n');
    const nowhere = await world.run(
      startArgs('rows.csv', 'b', '--azure-api-version', '2025-04-01-preview'),
      { onlyEnv },
    );
    expect(nowhere.stderr).toContain('--base-url https://NAME.openai.azure.com');
  });
});

describe('a proxy of the environment', () => {
  it('carries what a command asks', async () => {
    await using world = await worldOf();
    await using gateway = await startGateway({
      baseURL: world.emulator.baseURL,
      refuses: () => null,
    });
    await using proxy = await startProxy({ port: gateway.port });
    vi.stubEnv('HTTP_PROXY', proxy.url);
    const ran = await world.run(
      startArgs('rows.csv', 'a', '--base-url', 'http://service.test/v1', '--wait'),
      {
        onlyEnv: { OPENAI_API_KEY: apiKey },
      },
    );
    expect([ran.code, ran.stderr, ran.json]).toMatchObject([0, '', complete]);
    expect(new Set(proxy.tunnels.map(({ target }) => target))).toEqual(
      new Set(['service.test:80']),
    );
  });
});

describe('a job whose connection is its own', () => {
  const jobOf = (world: CliWorld, port: number, name = 'azure-x'): string => `
import { defineJob } from 'batchor';
import { csvSource } from 'batchor/adapters/csv';
import { createOpenAI } from 'batchor/adapters/openai';
import { AzureOpenAI } from 'openai';
const client = new AzureOpenAI({ endpoint: 'http://127.0.0.1:${port}', apiVersion: '2025-04-01-preview', apiKey: '${gatewayKey}' });
const azure = createOpenAI({ ${name === '' ? '' : `name: '${name}', `}client });
export default defineJob({
  name: 'az', source: csvSource(${JSON.stringify(join(world.folder, 'rows.csv'))}, { columns: ['id', 'text', 'stars'], itemId: 'id' }), buildPrompt: ({ payload }) => payload.text,
  providerConfig: azure({ model: 'my-batch-deployment', endpoint: 'chat.completions', pollIntervalMs: 50 }),
});
`;
  const projectOf = async (): Promise<CliWorld> => {
    const world = await worldOf();
    const packages = join(world.folder, 'node_modules');
    mkdirSync(packages);
    symlinkSync(root, join(packages, 'batchor'));
    symlinkSync(join(root, 'node_modules/openai'), join(packages, 'openai'));
    return world;
  };
  const azureOf = (world: CliWorld) =>
    startGateway({
      baseURL: world.emulator.baseURL,
      path: '/openai',
      refuses: ({ headers }) => (headers['api-key'] === gatewayKey ? null : 401),
    });
  const start = (runId: string): readonly string[] => [
    'start',
    '--job',
    'job.ts',
    '--run-id',
    runId,
    ...store,
  ];

  it('is quoted, started, waited for, resumed, cancelled and worked on, with no key of ours and whatever our address is', async () => {
    await using world = await projectOf();
    await using gateway = await azureOf(world);
    world.write('job.ts', jobOf(world, gateway.port));
    const onlyEnv = {};
    const elsewhere = {
      onlyEnv: { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' },
    };
    expect((await world.run(['quote', '--job', 'job.ts'], { onlyEnv })).json).toMatchObject({
      item_count: 4,
    });
    const started = await world.run(start('a'), { onlyEnv });
    expect([started.code, started.stderr]).toEqual([0, '']);
    const waited = await world.run(['wait', '--run-id', 'a', ...store], elsewhere);
    expect([waited.code, waited.stderr, waited.json]).toMatchObject([0, '', complete]);

    await world.run(start('b'), elsewhere);
    await world.run(['pause', '--run-id', 'b', ...store], { onlyEnv });
    expect(
      (await world.run(['resume', '--run-id', 'b', '--wait', ...store], { onlyEnv })).json,
    ).toMatchObject(complete);
    await world.run(start('c'), { onlyEnv });
    expect(
      (await world.run(['cancel', '--run-id', 'c', '--wait', ...store], elsewhere)).stderr,
    ).toBe('');
    await world.run(start('d'), { onlyEnv });
    const worked = await workUntilFinished(world, 'd', [], onlyEnv);
    expect([worked.code, worked.stderr]).toEqual([0, '']);
    expectHidden(world, gatewayKey);
    for (const { headers } of gateway.passed) expect(headers.authorization).toBeUndefined();
  });

  it('is refused a name that is taken, flags that say another way, and a module that brings it no more', async () => {
    await using world = await projectOf();
    await using gateway = await azureOf(world);
    world.write('unnamed.ts', jobOf(world, gateway.port, ''));
    const named = await world.run(['start', '--job', 'unnamed.ts', ...store], { onlyEnv: {} });
    expect([named.code, named.stderr]).toEqual([
      1,
      expect.stringContaining('its connection has the name openai'),
    ]);

    world.write('job.ts', jobOf(world, gateway.port, 'azure-y'));
    const flagged = await world.run([...start('a'), '--header', `x-key=${gatewayKey}`], {
      onlyEnv: {},
    });
    expect([flagged.code, flagged.stderr]).toEqual([
      1,
      expect.stringContaining('--header cannot be used with a job that has its own connection'),
    ]);
    expect((await world.run(start('a'), { onlyEnv: {} })).code).toBe(0);
    rmSync(join(world.folder, 'job.ts'));
    const gone = await world.run(['wait', '--run-id', 'a', ...store], { onlyEnv: {} });
    expect([gone.code, gone.stderr]).toEqual([
      1,
      expect.stringContaining('--job job.ts: there is no file'),
    ]);

    world.write('other.ts', jobOf(world, gateway.port, 'azure-y'));
    const taken = await world.run(['start', '--job', 'other.ts', '--run-id', 'z', ...store], {
      onlyEnv: {},
    });
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringContaining('brings a connection with the name azure-y, too'),
    ]);
  });
});
