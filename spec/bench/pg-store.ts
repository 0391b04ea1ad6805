/**
 * The Postgres store beside the file store and beside no store, in the same run: the drive of a run
 * stage by stage (slices of 5,000 rows, batches of 50,000, settled by 10,000), and the whole path
 * through the command line against the emulator. The server is a throwaway one on this machine
 * (fsync off: its disk is not what is measured), or the one of BATCHOR_TEST_POSTGRES_URL.
 *
 *   npm run build && npx tsx spec/bench/pg-store.ts --rows 100000 --rounds 3
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import { startEmulator } from '../../adapters/emulator/index.ts';
import { startTestServer } from '../support/postgres/server.ts';
import { medianOf, numberFlag, report } from './figures.ts';
import {
  drive,
  type Driven,
  nothingStored,
  ok,
  runId,
  type StageTimes,
} from './file-store-drive.ts';

const rows = numberFlag('rows', 100_000);
const rounds = numberFlag('rounds', 1);
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/cli/main.js');
const given = process.env['BATCHOR_TEST_POSTGRES_URL'] ?? '';
const server = given === '' ? await startTestServer() : null;
const url = server?.url ?? given;
const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));
const pool = new Pool({ connectionString: url, max: 4 });
const schemas: string[] = [];
const newSchema = (): string => {
  const schema = `bench_${randomBytes(6).toString('hex')}`;
  schemas.push(schema);
  return schema;
};

type Stages = StageTimes & { readonly cpuMs: number };
const measured = async (run: Driven): Promise<Stages> => {
  const before = process.cpuUsage();
  const stages = await drive(run, rows);
  const { user, system } = process.cpuUsage(before);
  return { ...stages, cpuMs: (user + system) / 1_000 };
};
const inFiles = async (): Promise<Stages> => {
  const store = await ok(
    sqljsStoreOn({ dir: await mkdtemp(join(folder, 'store-')) }, () =>
      localClient(nodeDisk, 0),
    ).open(),
  );
  const stages = await measured(await ok(store.create(runId, null)));
  await store.close();
  return stages;
};
const inPostgres = async (): Promise<Stages> => {
  const artifacts = filesystemArtifacts({ dir: await mkdtemp(join(folder, 'artifacts-')) });
  const store = await ok(pgStore({ pool, schema: newSchema() }).open({ artifacts }));
  const stages = await measured(await ok(store.create(runId, null)));
  await store.close();
  return stages;
};
const perSecond = (all: readonly Stages[], stage: keyof StageTimes): number =>
  Math.round((rows / medianOf(all.map((each) => each[stage]))) * 1_000);
const shown = (all: readonly Stages[]): object => ({
  ingest_rows_per_s: perSecond(all, 'ingestMs'),
  plan_rows_per_s: perSecond(all, 'planMs'),
  settle_rows_per_s: perSecond(all, 'settleMs'),
  results_rows_per_s: perSecond(all, 'resultsMs'),
  client_cpu_ms: medianOf(all.map(({ cpuMs }) => cpuMs)),
});

interface Figures {
  readonly cpu_ms: number;
  readonly peak_mb: number;
  readonly wall_ms: number;
}
/**
 * `start --wait` over the input, against an emulator of its own in this process's neighbourhood.
 */
const wholePath = async (
  name: string,
  input: string,
  storeFlags: readonly string[],
): Promise<Figures> => {
  const emulator = await startEmulator({ turnaroundMs: { min: 300, max: 500 } });
  const target = join(folder, `${name}.json`);
  const flags = [
    '--id-field',
    'id',
    '--prompt-field',
    'text',
    '--model',
    'gpt-4.1-mini',
    '--run-id',
    'bench',
    '--poll-interval',
    '0.2',
  ];
  const args = [main, 'start', '--input', input, ...flags, ...storeFlags, '--wait'];
  const env = {
    ...process.env,
    OPENAI_API_KEY: 'bench',
    OPENAI_BASE_URL: emulator.baseURL,
    BENCH_FIGURES: target,
  };
  const child = spawn(
    process.execPath,
    ['--import', join(root, 'spec/bench/exit-figures.mjs'), ...args],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    },
  );
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  await emulator.close();
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return JSON.parse(await readFile(target, 'utf8')) as Figures;
};

try {
  const input = join(folder, 'input.jsonl');
  const words =
    'the batch left at noon and came back with every answer but one which was found again in the error file '.repeat(
      6,
    );
  await writeFile(
    input,
    Array.from(
      { length: rows },
      (_, i) =>
        `${JSON.stringify({ id: `row-${i}`, text: `${i}: ${words.slice(0, 560 + (i % 40))}` })}\n`,
    ).join(''),
  );
  const all = { nothing: [] as Stages[], files: [] as Stages[], postgres: [] as Stages[] };
  const whole = { files: [] as Figures[], postgres: [] as Figures[] };
  for (let round = 0; round < rounds; round += 1) {
    all.nothing.push(await measured(nothingStored(rows)));
    all.files.push(await inFiles());
    all.postgres.push(await inPostgres());
    whole.files.push(
      await wholePath('files', input, ['--store', await mkdtemp(join(folder, 'path-'))]),
    );
    const address = new URL(url);
    address.searchParams.set('schema', newSchema());
    whole.postgres.push(
      await wholePath('postgres', input, [
        '--store',
        address.href,
        '--artifacts',
        await mkdtemp(join(folder, 'path-')),
      ]),
    );
  }
  const ofWhole = (figures: readonly Figures[]): object => ({
    start_cpu_ms: medianOf(figures.map(({ cpu_ms: cpu }) => cpu)),
    start_wall_ms: medianOf(figures.map(({ wall_ms: wall }) => wall)),
    start_peak_mb: medianOf(figures.map(({ peak_mb: peak }) => peak)),
  });
  const { rows: version } = await pool.query<{ readonly server_version: string }>(
    'show server_version',
  );
  report({
    bench: 'pg-store',
    rows,
    rounds,
    server_version: version[0]?.server_version,
    no_store: shown(all.nothing),
    file_store: shown(all.files),
    postgres_store: shown(all.postgres),
    whole_path_file_store: ofWhole(whole.files),
    whole_path_postgres_store: ofWhole(whole.postgres),
    ratio_of_wall: medianOf(
      whole.postgres.map(
        ({ wall_ms: wall }, round) => wall / (whole.files[round]?.wall_ms ?? Number.NaN),
      ),
    ),
  });
} finally {
  for (const schema of schemas) await pool.query(`drop schema if exists ${schema} cascade`);
  await pool.end();
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
}
