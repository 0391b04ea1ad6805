/** Makes the stored runs of a release; see README.md. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Client } from 'pg';
import type { FaultScript } from 'batchor/sim';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { must } from '../../../lib/run/api/interop.ts';
import { startTestServer } from '../postgres/server.ts';
import type { BatchRequest, ProviderContent } from './provider-content.ts';

const [tree, out] = process.argv.slice(2).map((path) => resolve(path));
if (tree === undefined || out === undefined)
  throw new Error('usage: npx tsx spec/support/stored/make.ts BUILT_TREE NEW_FOLDER');
const built = (path: string): Promise<unknown> =>
  import(pathToFileURL(join(tree, 'dist', path)).href);
const { startEmulator } = (await built(
  'adapters/emulator/index.js',
)) as typeof import('batchor/adapters/emulator');
const { migrations } = (await built(
  'adapters/pg/migrations.js',
)) as typeof import('../../../adapters/pg/migrations.ts');
/**
 * All of it happens in January 2025: a due time in the future of the machine that opens it would be
 * waited for.
 */
const backMs = Date.now() - Date.UTC(2025, 0, 1);
const pastClock = `const now = Date.now; Date.now = () => now() - ${backMs}`;
const startAt = (): Date => new Date(Date.now() - backMs);
const work = mkdtempSync(join(tmpdir(), 'batchor-'));

type Env = Readonly<Record<string, string>>;
interface CliOptions {
  /** Kills the process by SIGKILL when it resolves. */
  readonly until?: Promise<void>;
  /** The exit codes that are right (default 0; null: killed). */
  readonly codes?: readonly (number | null)[];
}

/** Runs the command line of the release in the working folder, and returns its stdout. */
const cli = async (
  words: readonly string[],
  env: Env,
  { until, codes = [0] }: CliOptions,
): Promise<string> => {
  process.stderr.write(`${words.slice(0, 3).join(' ')}\n`);
  const child = spawn(process.execPath, [join(tree, 'dist/cli/main.js'), ...words], {
    cwd: work,
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pastClock)}`,
      OPENAI_API_KEY: 'sk-stored-0123456789abcdef',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  void until?.then(() => child.kill('SIGKILL'));
  const code = await new Promise<number | null>((ended) => child.on('close', ended));
  if (!codes.includes(code))
    throw new Error(`${words.join(' ')}: exit code ${code}\n${stdout}\n${stderr}`);
  return stdout;
};

/**
 * Passes everything on, but never answers or passes on the n-th create; `reached` resolves when it
 * comes.
 */
const startSilence = async (port: number, createNo: number) => {
  let creates = 0;
  let reach = (): void => undefined;
  const reached = new Promise<void>((done) => (reach = done));
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/v1/batches') creates += 1;
    if (creates >= createNo) {
      reach();
      return;
    }
    const onward = send(
      {
        host: '127.0.0.1',
        port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return {
    reached,
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close,
  };
};

type RunName = 'done' | 'paused' | 'killed';
const rows = (count: number, from: number, kinds = count): readonly string[] =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ id: `r${i + from}`, text: `What is ${i % kinds}?`, stars: i % 5 }),
  );
const inputs: Readonly<Record<RunName, readonly string[]>> = {
  // Rows 0 to 27 are different, the next ten share requests; two rows are bad.
  done: [...rows(28, 0), '{"id":"bad-1"}', ...rows(9, 28, 4), 'no JSON', ...rows(1, 37)],
  paused: rows(24, 0),
  killed: rows(18, 0),
};
const flags: Readonly<Record<RunName, readonly string[]>> = {
  done: [
    ...[
      '--endpoint',
      'chat.completions',
      '--send-duplicates-once',
      '--bad-rows',
      'record',
      '--metadata-field',
      'stars',
    ],
    ...['--max-requests-per-batch', '7', '--max-attempts', '2'],
  ],
  paused: ['--canary', '8', '--max-requests-per-batch', '8'],
  killed: ['--max-requests-per-batch', '6', '--create-grace', '0.05'],
};
const faults: Readonly<Record<RunName, FaultScript>> = {
  done: [
    { type: 'expires', batch: 4, completedRatio: 0.5 },
    { type: 'rows_fail', batch: 1, ratio: 0.3, statusCode: 400 },
    { type: 'rows_fail', batch: 2, ratio: 0.5, statusCode: 500 },
    { type: 'rows_truncated', batch: 3, ratio: 0.4 },
  ],
  paused: [
    { type: 'rows_fail', batch: 1, ratio: 0.3, statusCode: 400 },
    { type: 'rows_fail', batch: 1, ratio: 0.3, statusCode: 500 },
  ],
  killed: [],
};
const hourMs = 3_600_000;

interface Listed<A> {
  readonly data: readonly A[];
}

/**
 * The files and batches of an emulator. Another one with the same seed gives them the same ids, in
 * the same order.
 */
const heldBy = async (baseURL: string): Promise<ProviderContent> => {
  const get = (path: string): Promise<Response> =>
    fetch(`${baseURL}${path}`, { headers: { authorization: 'Bearer sk-any' } });
  const files = (await (await get('/files?order=asc')).json()) as Listed<{
    id: string;
    filename: string;
  }>;
  const batches = (await (await get('/batches')).json()) as Listed<{ id: string } & BatchRequest>;
  return {
    files: await Promise.all(
      files.data.map(async ({ id, filename }) => ({
        id,
        filename,
        text: await (await get(`/files/${id}/content`)).text(),
      })),
    ),
    batches: batches.data
      .toReversed()
      .map(({ id, input_file_id, endpoint, completion_window, metadata }) => ({
        id,
        body: { input_file_id, endpoint, completion_window, metadata },
      })),
  };
};

/** The three runs in one store. Answers what they showed, by name of the file. */
const makeRuns = async (env: Env, openings: number): Promise<Record<string, string>> => {
  const shown: Record<string, string> = {};
  const typed = (
    command: string,
    runId: RunName,
    words: readonly string[] = [],
    options: CliOptions = {},
  ): Promise<string> => cli([command, '--run-id', runId, ...words], env, options);
  const show = async (runId: RunName): Promise<void> => {
    shown[`${runId}.results.jsonl`] = await typed('results', runId, ['--partial'], {
      codes: [0, 2, 4],
    });
    shown[`${runId}.status.json`] = await typed('status', runId);
  };
  const start = (
    runId: RunName,
    baseURL: string,
    ...rest: readonly string[]
  ): readonly string[] => [
    ...[
      '--input',
      `${runId}.jsonl`,
      '--id-field',
      'id',
      '--prompt-field',
      'text',
      '--model',
      'gpt-4.1',
    ],
    ...['--base-url', baseURL, '--poll-interval', '0.05', ...flags[runId], ...rest],
  ];
  for (const runId of ['done', 'paused'] as const) {
    const emulator = await startEmulator({
      seed: 1,
      startAt: startAt(),
      validationMs: 50,
      turnaroundMs: { min: hourMs, max: 2 * hourMs },
      faults: faults[runId],
    });
    // At the close of the ninth opening the file store writes an image.
    if (runId === 'done')
      for (let i = 0; i < openings; i += 1)
        await typed('start', runId, start(runId, emulator.baseURL));
    // An hour of the provider's time, ten times a second: a window of 24 hours has to end.
    const passing = setInterval(() => void emulator.advance(hourMs), 100);
    await typed('start', runId, start(runId, emulator.baseURL, '--wait'), { codes: [0, 2, 4] });
    if (runId === 'done')
      await typed('export-artifacts', runId, ['--destination-dir', `export-${openings}`]);
    await show(runId);
    clearInterval(passing);
    await emulator.close();
  }
  const emulator = await startEmulator({
    seed: 1,
    startAt: startAt(),
    speed: 0,
    turnaroundMs: { min: hourMs, max: hourMs },
  });
  const silence = await startSilence(emulator.port, 2);
  await typed('start', 'killed', start('killed', silence.baseURL), {
    until: silence.reached,
    codes: [null],
  });
  await show('killed');
  shown['killed.provider.json'] = `${JSON.stringify(await heldBy(emulator.baseURL), null, 1)}\n`;
  silence.close();
  await emulator.close();
  return shown;
};

/** The rows of every table as JSON, each behind the name of its table, parents first. */
const dump = async (url: string, schema: string): Promise<string> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  const query = async (text: string): Promise<readonly string[]> =>
    (await client.query<string[]>({ text, rowMode: 'array' })).rows.flat();
  const tables = [
    'settings',
    'migrations',
    'runs',
    'objects',
    'items',
    'batches',
    'events',
    'commands',
    'reservations',
  ];
  const known = await query(`select tablename from pg_tables where schemaname = '${schema}'`);
  const all = [...tables, ...known.filter((name) => !tables.includes(name)).toSorted()];
  // By the database's clock, which is of today: over by any clock.
  await client.query(
    `update ${schema}.runs set lease_until = '2025-01-01' where lease_until is not null`,
  );
  const lines: string[] = [];
  for (const table of all)
    for (const row of await query(`select row_to_json(t)::text from ${schema}.${table} t`))
      lines.push(`${table} ${row}`);
  await client.end();
  return `${lines.join('\n')}\n`;
};

const save = (folder: string, shown: Readonly<Record<string, string>>): void => {
  mkdirSync(join(out, folder), { recursive: true });
  for (const [name, text] of Object.entries(shown)) writeFileSync(join(out, folder, name), text);
};

/** The snapshots that the release itself folds from the files. */
const snapshotsOf = async (): Promise<Record<string, string>> => {
  const { sqljsStore } = (await built(
    'adapters/sqljs/index.js',
  )) as typeof import('batchor/adapters/sqljs');
  const store = await must(sqljsStore({ dir: join(work, 'store') }).open({}));
  const snapshots: Record<string, string> = {};
  for (const runId of ['done', 'paused', 'killed'] as const) {
    const reader = await must(store.read(runId as RunId));
    snapshots[`${runId}.snapshot.json`] = `${JSON.stringify(reader.snapshot)}\n`;
    await reader.close();
  }
  await store.close();
  return snapshots;
};

mkdirSync(out, { recursive: true });
for (const [runId, lines] of Object.entries(inputs))
  writeFileSync(join(work, `${runId}.jsonl`), `${lines.join('\n')}\n`);
save('files', { ...(await makeRuns({ BATCHOR_STORE: 'store' }, 9)), ...(await snapshotsOf()) });
cpSync(join(work, 'store/runs'), join(out, 'files/store/runs'), { recursive: true });

const server = await startTestServer();
try {
  const url = new URL(server.url);
  url.searchParams.set('schema', 'stored');
  const shown = await makeRuns({ BATCHOR_STORE: url.href, BATCHOR_ARTIFACTS: 'payloads' }, 1);
  const steps = migrations.map(({ sql }) => sql).join('\n');
  save('postgres', { ...shown, 'schema.sql': steps });
  writeFileSync(
    join(out, 'postgres/rows.gz'),
    gzipSync(await dump(server.url, 'stored'), { level: 9 }),
  );
  cpSync(join(work, 'payloads'), join(out, 'postgres/payloads'), { recursive: true });
} finally {
  await server.dispose();
  rmSync(work, { recursive: true, force: true });
}
