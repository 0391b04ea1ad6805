import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Emulator,
  type EmulatorOptions,
  startEmulator,
} from '../../adapters/emulator/index.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { createOpenAI } from '../../adapters/openai/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { sqljsStore } from '../../adapters/filestore/index.ts';
import { BatchRunner, type Run } from '../../lib/index.ts';
import { specEnv } from '../gate/env.mjs';
import { parquetBytes, texts } from '../contract/parquet-files.ts';
import { newDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { waitFor } from '../support/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = (name: string): string => join(root, 'docs/examples', name);
const tsx = fileURLToPath(import.meta.resolve('tsx'));
/** Within the project, so that `batchor` is the built package. */
const builds = mkdtempSync(join(root, '.build-programs-'));
/** The run that the programs about a run name. */
const runId = 'batchor_20260403T120000Z_ab12cd34';

interface ResultLine {
  readonly output: { readonly sentiment: string };
  readonly metadata: { readonly stars: number };
}

/** A program at work. */
interface Running {
  readonly child: ChildProcess;
  /** Resolves once its output matches. */
  says(pattern: RegExp): Promise<void>;
  /** All that it printed, on both streams; rejects unless it ends with 0. */
  readonly ended: Promise<string>;
}

/**
 * Such a program as JavaScript: under tsx, which looks at each module of batchor too, it takes
 * twice as long to start.
 */
const builtOf = (path: string): string => {
  const outfile = join(builds, `${basename(path)}.mjs`);
  if (!existsSync(outfile))
    buildSync({
      entryPoints: [path],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20.15',
    });
  return outfile;
};

/** A program as a process of its own, in a folder of its own. `args`: of node, before it. */
const beginAt = (
  path: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Running => {
  const name = basename(path);
  const child = spawn(process.execPath, [...args, path], {
    cwd,
    env: { ...specEnv(process.env), OPENAI_API_KEY: 'sk-emulator', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const ended = new Promise<string>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${name} ended with ${code}:\n${said}`)),
    );
  });
  const says = async (pattern: RegExp): Promise<void> => {
    let isOver = false;
    const over = (): void => void (isOver = true);
    ended.then(over, over);
    await waitFor(`that ${name} says ${String(pattern)}`, () => isOver || pattern.test(said));
    if (!pattern.test(said)) throw new Error(`${name} never said ${String(pattern)}:\n${said}`);
  };
  return { child, says, ended };
};
/** A program of docs/examples. */
const begin = (name: string, cwd: string, baseURL: string): Running =>
  beginAt(builtOf(program(name)), cwd, { OPENAI_BASE_URL: baseURL });

const hourMs = 3_600_000;

describe.concurrent('the programs of docs/examples', () => {
  const open = new Set<{ close(): Promise<void> }>();
  const emulate = async (options: EmulatorOptions): Promise<Emulator> => {
    const emulator = await startEmulator(options);
    open.add(emulator);
    return emulator;
  };
  const folders: string[] = [];
  const databases: TestDatabase[] = [];
  const folder = (): string => {
    const cwd = mkdtempSync(join(tmpdir(), 'batchor-program-'));
    folders.push(cwd);
    return cwd;
  };
  afterAll(async () => {
    await Promise.all([...open].map((each) => each.close()));
    await Promise.all(databases.map((database) => database.drop()));
    for (const each of [builds, ...folders])
      rmSync(each, { recursive: true, force: true, maxRetries: 3 });
  });

  /**
   * Twelve rows in two batches, in the store that a program finds in its folder; driven by this
   * process until it is closed.
   */
  const prepare = async (
    cwd: string,
    baseURL: string,
  ): Promise<{ readonly runner: BatchRunner; readonly run: Run }> => {
    const connection = createOpenAI({ baseURL, apiKey: 'sk-emulator' });
    const runner = new BatchRunner({
      storage: sqljsStore({ dir: join(cwd, '.batchor') }),
      providers: [connection],
    });
    open.add(runner);
    const job = {
      items: Array.from({ length: 12 }, (_, i) => ({ itemId: `row${i}`, payload: `Say ${i}.` })),
      buildPrompt: ({ payload }: { readonly payload: string }) => payload,
      providerConfig: connection({ model: 'gpt-4.1-mini', pollIntervalMs: 200 }),
      chunkPolicy: { maxRequests: 6 },
    };
    const run: Run = await runner.start(job, { runId });
    await waitFor(
      'that both batches are sent',
      () => run.summary().liveBatches.filter(({ phase }) => phase === 'created').length === 2,
    );
    return { runner, run };
  };
  // A batch is over as soon as it is looked at: these programs leave the poll interval at its
  // minute.
  const atOnce: EmulatorOptions = { turnaroundMs: { min: 0, max: 0 } };

  it('01: answers two prompts in memory', async () => {
    const cwd = folder();
    const emulator = await emulate(atOnce);
    // This one as its users run it; the others are built first.
    const env = { OPENAI_BASE_URL: emulator.baseURL };
    const said = await beginAt(program('01-text-in-memory.ts'), cwd, env, ['--import', tsx]).ended;
    expect(said).toMatch(
      /^row1 YOU ASKED: "SUMMARIZE IN FIVE WORDS: THE QUARTERLY REPORT IS LATE AGAIN\."/m,
    );
    expect(said).toMatch(
      /^row2 YOU ASKED: "SUMMARIZE IN FIVE WORDS: EVERYTHING SHIPPED ON TIME\."/m,
    );
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('02: answers a file, and says the same once more without asking again', async () => {
    const cwd = folder();
    const emulator = await emulate(atOnce);
    mkdirSync(join(cwd, 'input'));
    const tickets = Array.from({ length: 30 }, (_, i) => ({
      id: i,
      text: `It broke ${i} times.`,
      lang: i % 3 === 0 ? 'de' : 'en',
    }));
    writeFileSync(
      join(cwd, 'input/tickets.jsonl'),
      tickets.map((ticket) => `${JSON.stringify(ticket)}\n`).join(''),
    );
    const said = await begin('02-durable-jsonl.ts', cwd, emulator.baseURL).ended;
    expect(said).toMatch(/^10 [1-9]\d* input tokens$/m);
    expect(emulator.ledger.requestsBilled).toBe(30);
    expect(await begin('02-durable-jsonl.ts', cwd, emulator.baseURL).ended).toBe(said);
    expect(emulator.ledger.requestsBilled).toBe(30);
  });

  it('03: gives typed objects by Zod, Valibot and ArkType', async () => {
    const emulator = await emulate(atOnce);
    const said = await begin('03-structured-zod-valibot-arktype.ts', folder(), emulator.baseURL)
      .ended;
    expect(said).toMatch(
      /^zod (bug|praise|question) (\d+|no date) acme\nvalibot true\narktype true\n$/,
    );
  });

  it('04: gives typed objects by an io-ts codec and by a JSON Schema', async () => {
    const emulator = await emulate(atOnce);
    const said = await begin('04-structured-io-ts-and-json-schema.ts', folder(), emulator.baseURL)
      .ended;
    expect(said).toMatch(/^mail-1 (spam|ham) (unsure|-?\d+\.\d\d)\nmail-1 (spam|ham) \[/);
  });

  it('05: reads three files of three kinds as one input', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'input'));
    writeFileSync(join(cwd, 'input/a.csv'), 'id,body\n1,first\n2,second\n');
    writeFileSync(join(cwd, 'input/b.jsonl'), '{"id":1,"body":"third"}\n');
    writeFileSync(
      join(cwd, 'input/c.parquet'),
      parquetBytes({
        id: texts(['1', '2']),
        body: texts(['fourth', 'fifth']),
        market: texts(['dk', 'se']),
      }),
    );
    const emulator = await emulate(atOnce);
    const said = await begin('05-composite-source.ts', cwd, emulator.baseURL).ended;
    const lines = said.trimEnd().split('\n');
    expect(lines.toSorted()).toEqual([
      'crm:1 crm 1',
      'crm:2 crm 2',
      'dk',
      'mail:1 mail null',
      'se',
      'shop:1 shop null',
      'shop:2 shop null',
    ]);
  });

  it('06: reads a database by key, page after page', async () => {
    const cwd = folder();
    const main = join(cwd, 'main.mjs');
    const example = JSON.stringify(
      pathToFileURL(builtOf(program('06-source-of-your-own.ts'))).href,
    );
    writeFileSync(
      main,
      `import { translate } from ${example};
       const rows = Array.from({ length: 1_500 }, (_, i) => ({ id: i + 1, title: 'T' + i, body: 'B', section: i % 2 ? 'news' : 'sport' }));
       await translate({
         query: (sql, params) =>
           Promise.resolve(sql.includes('digest') ? [{ digest: 'd' }] : rows.filter(({ id }) => id > params[1]).slice(0, 1_000)),
       });`,
    );
    const emulator = await emulate(atOnce);
    const said = await beginAt(main, cwd, { OPENAI_BASE_URL: emulator.baseURL }).ended;
    expect(said.match(/^(news|sport) \d+$/gmu)).toHaveLength(1_500);
  });

  it('07: gives vectors of the length that was asked for', async () => {
    const cwd = folder();
    const emulator = await emulate(atOnce);
    mkdirSync(join(cwd, 'input'));
    writeFileSync(
      join(cwd, 'input/products.csv'),
      'sku,title,description\na,Chair,"Wood, four legs"\nb,Table,Round\n',
    );
    const said = await begin('07-embeddings.ts', cwd, emulator.baseURL).ended;
    expect(said).toMatch(/^a 256 1\.000\nb 256 1\.000\n$/);
  });

  it('10: quotes a job, sends a canary, and keeps to its cap and its queue', async () => {
    const cwd = folder();
    const emulator = await emulate({ ...atOnce, enqueuedTokensMax: 2_000_000 });
    mkdirSync(join(cwd, 'input'));
    const rows = Array.from({ length: 300 }, (_, i) => ({
      id: i,
      text: `Say in how many words you would tell of number ${i}.`,
    }));
    writeFileSync(
      join(cwd, 'input/million.jsonl'),
      rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
    const said = await begin('10-limits-and-budget.ts', cwd, emulator.baseURL).ended;
    // 300 answers of at most 1,200 tokens (the raised limit) at $0.80 a million, and 180 expected;
    // prompts on top. The canary, and the rest.
    expect(said).toMatch(/^2 batches, expected 0\.04\d+ USD, at worst 0\.28\d+ USD$/m);
    expect(said).toMatch(/^300 answers for 0\.0\d+ USD$/m);
    expect(emulator.ledger.batchesCreated).toBe(2);
    expect(emulator.ledger.requestsBilled).toBe(300);
  });

  it('11: controls a run that another process drives, reads what is done, and follows it to its end', async () => {
    const cwd = folder();
    const emulator = await emulate({
      speed: 0,
      faults: [{ type: 'slow_finalizing', batch: 2, forMs: 24 * hourMs }],
    });
    const { run } = await prepare(cwd, emulator.baseURL);
    await emulator.advance(6 * hourMs);
    await waitFor(
      'that the first batch is settled',
      () => run.summary().itemCounts.completed === 6,
    );

    const interrupted = begin('11-control-and-incremental-results.ts', cwd, emulator.baseURL);
    await interrupted.says(/^6 6$/m);
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended).toContain(`still running, state kept: ${runId}`);

    const followed = begin('11-control-and-incremental-results.ts', cwd, emulator.baseURL);
    await followed.says(/^6 6$/m);
    await emulator.advance(24 * hourMs);
    const said = await followed.ended;
    expect(said).toMatch(/^paused manual\n/);
    expect(said.match(/^\d+ row\d+ completed$/gm)).toHaveLength(6);
    expect(
      readFileSync(join(cwd, 'exports/partial.jsonl'), 'utf8').trimEnd().split('\n'),
    ).toHaveLength(6);
    expect((await run.wait()).itemCounts.completed).toBe(12);
  });

  it('12: continues a run that no process drives, and reports what happens after its cursor', async () => {
    const cwd = folder();
    const emulator = await emulate({ speed: 0 });
    const { runner } = await prepare(cwd, emulator.baseURL);
    await runner.close();
    await emulator.advance(6 * hourMs);
    const said = await begin('12-observe-rxjs.ts', cwd, emulator.baseURL).ended;
    expect(said).toMatch(/^0 %$/m);
    expect(said).toMatch(/^100 %$/m);
    expect(said.match(/^completed 6$/gm)).toHaveLength(2);
    expect(said).toContain('"event_type":"run_finished"');
  });

  it('17: plays a day of failures, and loses nothing', async () => {
    const said = await begin('17-simulate-faults.ts', folder(), 'http://127.0.0.1:9/v1').ended;
    expect(said).toMatch(
      /^\d+ batches [1-9]\d* crashes \d+\.\d h 0\.0\d+ USD\ntrue completed(_with_failures)?\ncompleted\n$/,
    );
  });

  it('18: is a job that the command line starts, and reads again with nothing typed', async () => {
    const cwd = folder();
    const emulator = await emulate(atOnce);
    mkdirSync(join(cwd, 'input'));
    const rows = Array.from({ length: 8 }, (_, i) => `r${i},${(i % 5) + 1},It was number ${i}.`);
    writeFileSync(join(cwd, 'input/reviews.csv'), `review_id,stars,text\n${rows.join('\n')}\n`);
    const batchor = (...args: readonly string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const env = {
          ...specEnv(process.env),
          OPENAI_API_KEY: 'sk-emulator',
          OPENAI_BASE_URL: emulator.baseURL,
        };
        execFile(
          process.execPath,
          [join(root, 'dist/cli/main.js'), ...args],
          { cwd, env },
          (error, stdout, stderr) => {
            if (error === null) resolve(stdout);
            else reject(new Error(stderr));
          },
        );
      });
    await batchor('start', '--job', program('18-cli-job.ts'), '--run-id', 'reviews');
    expect(JSON.parse(await batchor('wait', '--run-id', 'reviews'))).toMatchObject({
      job_name: 'reviews',
      status: 'completed',
      item_count: 8,
    });
    const lines = (await batchor('results', '--run-id', 'reviews'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ResultLine);
    expect(lines.map(({ metadata }) => metadata.stars)).toEqual([1, 2, 3, 4, 5, 1, 2, 3]);
    for (const { output } of lines) expect(['good', 'bad', 'mixed']).toContain(output.sentiment);
  });

  it('13: reads, proves, exports, prunes, and still has its results', async () => {
    const cwd = folder();
    const emulator = await emulate(atOnce);
    const connection = createOpenAI({ baseURL: emulator.baseURL, apiKey: 'sk-emulator' });
    const runner = new BatchRunner({
      storage: sqljsStore({ dir: join(cwd, '.batchor') }),
      providers: [connection],
    });
    const run = await runner.runAndWait(
      {
        items: Array.from({ length: 12 }, (_, i) => ({ itemId: `row${i}`, payload: `Say ${i}.` })),
        buildPrompt: ({ payload }) => payload,
        providerConfig: connection({ model: 'gpt-4.1-mini', pollIntervalMs: 100 }),
        structuredOutput: z.object({
          sentiment: z.enum(['good', 'bad']),
          topics: z.array(z.string()),
        }),
      },
      { runId },
    );
    expect(run.summary().itemCounts.completed).toBe(12);
    await runner.close();
    const said = await begin('13-results-everywhere.ts', cwd, emulator.baseURL).ended;
    expect(said.match(/^row\d+ (good|bad) \d+$/gmu)).toHaveLength(12);
    expect(said).toContain('12 rows true');
    expect(said).toMatch(/exports\/labels\/manifest\.json 2/u);
    expect(readdirSync(join(cwd, 'exports')).toSorted()).toEqual(['labels', 'labels.parquet']);
    const kept = readdirSync(join(cwd, '.batchor'), { recursive: true, encoding: 'utf8' });
    expect(
      kept.filter((name) => /\braw\/.*\.jsonl$/u.test(name) && !name.includes('compact')),
    ).toEqual([]);
  });

  it('14: starts a run in one process, and carries it to its end in another, which leaves when it is stopped', async () => {
    const cwd = folder();
    const emulator = await emulate(atOnce);
    const database = await newDatabase();
    databases.push(database);
    mkdirSync(join(cwd, 'shared/input'), { recursive: true });
    const rows = Array.from({ length: 25 }, (_, i) => ({ id: i, text: `Label ${i}.` }));
    writeFileSync(
      join(cwd, 'shared/input/today.jsonl'),
      rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
    const env = { OPENAI_BASE_URL: emulator.baseURL, DATABASE_URL: database.url };
    /** The example exports what its two processes do. */
    const call = (name: 'startFromWeb' | 'worker'): Running => {
      const caller = join(cwd, `${name}.mjs`);
      const example = JSON.stringify(pathToFileURL(builtOf(program('14-postgres-worker.ts'))).href);
      writeFileSync(
        caller,
        `import { ${name} } from ${example};\nconsole.log('done', await ${name}());\n`,
      );
      return beginAt(caller, cwd, env);
    };

    const started = await call('startFromWeb').ended;
    expect(started).toMatch(/^done nightly_\d{4}-\d\d-\d\d$/m);
    expect(emulator.ledger.createAttempts).toBe(0);
    const id = started.trim().slice('done '.length);

    const worker = call('worker');
    await worker.says(new RegExp(`^${id} run_finished$`, 'm'));
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatch(/^done undefined$/m);
    expect(emulator.ledger).toMatchObject({ batchesCreated: 1, requestsBilled: 25 });

    const runner = new BatchRunner({
      storage: pgStore({ connectionString: database.url, schema: 'batchor' }),
      artifactStore: filesystemArtifacts({ dir: join(cwd, 'shared/batchor') }),
      providers: [createOpenAI({ baseURL: emulator.baseURL, apiKey: 'sk-emulator' })],
      autorun: false,
    });
    open.add(runner);
    const run = await runner.getRun(id);
    const results = await run.results({ order: 'input' }).toArray();
    expect(results.map(({ itemId, status }) => [itemId, status])).toEqual(
      rows.map(({ id: row }) => [String(row), 'completed']),
    );
    expect((await run.verify()).isSound).toBe(true);
  });
});
