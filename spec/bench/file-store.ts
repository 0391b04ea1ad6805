// What the file store costs, each figure beside a baseline of the same sitting: `npx tsx
// spec/bench/file-store.ts --rows 1000000`.
import {
  closeSync,
  cpSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import initSqlJs from 'sql.js';
import { sqljsStore } from '../../adapters/filestore/index.ts';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import { lockFile, listRunFolder, runFolder } from '../../adapters/filestore/disk/run-folder.ts';
import type { RunStore, Storage } from '../../lib/ports/run-store.ts';
import { drive, nothingStored, ok, runId, type StageTimes } from './file-store-drive.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' } } });
const rows = Number(values.rows);
const dirs: string[] = [];
const newDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'batchor-bench-'));
  dirs.push(dir);
  return dir;
};
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));
const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1_000);
const cpuMs = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000;
const megabytes = (bytes: number): number => round(bytes / 1e6, 1);
const clock = async <A>(
  act: () => A | Promise<A>,
): Promise<{ readonly ms: number; readonly cpu: number; readonly value: A }> => {
  const [startedMs, startedCpu] = [performance.now(), cpuMs()];
  const value = await act();
  return { ms: performance.now() - startedMs, cpu: cpuMs() - startedCpu, value };
};
/** The longest time that the main loop did not turn. */
const watchStalls = (): (() => number) => {
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longest = Math.max(longest, nowMs - last - 1);
    last = nowMs;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
};
const shown = ({ ingestMs, planMs, settleMs, resultsMs }: StageTimes): object => ({
  ingestRowsPerSecond: perSecond(rows, ingestMs),
  planAndSettleRowsPerSecond: perSecond(rows, planMs + settleMs),
  resultRowsPerSecond: perSecond(rows, resultsMs),
});

const openStore = (storage: Storage<'local'>): Promise<RunStore> => ok(storage.open());
/** A folder as a killed process leaves it, with an owner that is known to be gone. */
const afterCrash = (dir: string): string => {
  const copy = newDir();
  cpSync(dir, copy, { recursive: true });
  const folder = runFolder(copy, runId);
  for (const epoch of listRunFolder(folder).lockEpochs) {
    const lock = join(folder, lockFile(epoch));
    writeFileSync(
      lock,
      JSON.stringify({ ...(JSON.parse(readFileSync(lock, 'utf8')) as object), released: true }),
    );
  }
  return copy;
};
const sizes = (dir: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    readdirSync(runFolder(dir, runId)).map((file) => [
      file,
      statSync(join(runFolder(dir, runId), file)).size,
    ]),
  );
const sizeOf = (files: Readonly<Record<string, number>>, prefix: string): number =>
  Object.entries(files).reduce(
    (sum, [file, bytes]) => sum + (file.startsWith(prefix) ? bytes : 0),
    0,
  );

const reopen = async (dir: string): Promise<{ readonly ms: number; readonly cpu: number }> => {
  const store = await openStore(sqljsStore({ dir }));
  // The thread and SQLite are begun before the clock is.
  await (await ok(store.create('warm' as never, null))).close();
  const { ms, cpu, value } = await clock(() => ok(store.own(runId)));
  if (value.snapshot.resultSequence !== rows) throw new Error('not everything is there');
  await store.close();
  return { ms: round(ms), cpu: round(cpu) };
};

const wholeRun = async (): Promise<object> => {
  const idle = process.memoryUsage.rss();
  const dir = newDir();
  const store = await openStore(sqljsStore({ dir }));
  const run = await ok(store.create(runId, null));
  const stall = watchStalls();
  const { ms, cpu, value } = await clock(() => drive(run, rows));
  const longestStallMs = round(stall(), 1);
  const closing = await clock(() => run.close());
  await store.close();
  const peak = process.resourceUsage().maxRSS * 1_024;
  const files = sizes(dir);
  const [newest] = Object.keys(files)
    .filter((file) => file.startsWith('checkpoint.'))
    .sort((a, b) => (files[b] ?? 0) - (files[a] ?? 0));
  return {
    ...shown(value),
    wholeMs: round(ms),
    cpuMs: round(cpu + closing.cpu),
    closeMs: round(closing.ms),
    longestMainLoopStallMs: longestStallMs,
    peakRssAboveIdleMB: megabytes(peak - idle),
    diskBytesPerRow: {
      image: round((files[newest ?? ''] ?? 0) / rows, 1),
      folder: round(sizeOf(files, '') / rows, 1),
    },
    reopenFromCheckpoint: await reopen(dir),
  };
};

const withoutCheckpoints = async (): Promise<object> => {
  const dir = newDir();
  const store = await openStore(sqljsStore({ dir, checkpointRows: Number.MAX_SAFE_INTEGER }));
  const run = await ok(store.create(runId, null));
  const { cpu, value } = await clock(() => drive(run, rows));
  const crashed = afterCrash(dir);
  const journalBytes = sizeOf(sizes(crashed), 'journal.');
  await store.close();
  return {
    ...shown(value),
    cpuMs: round(cpu),
    journalBytesPerRow: round(journalBytes / rows, 1),
    reopenByFullReplay: await reopen(crashed),
  };
};

const inThisThread = async (): Promise<object> => {
  const store = await openStore(sqljsStoreOn({ dir: newDir() }, () => localClient(nodeDisk, 0)));
  const run = await ok(store.create(runId, null));
  const stall = watchStalls();
  const { ms, cpu, value } = await clock(() => drive(run, rows));
  const longest = round(stall(), 1);
  const closing = await clock(() => run.close());
  await store.close();
  return {
    ...shown(value),
    wholeMs: round(ms),
    cpuMs: round(cpu + closing.cpu),
    longestMainLoopStallMs: longest,
  };
};

const withoutStore = async (): Promise<object> => {
  const { ms, cpu, value } = await clock(() => drive(nothingStored(rows), rows));
  return { ...shown(value), wholeMs: round(ms), cpuMs: round(cpu) };
};

/**
 * Commits of a few bytes, one after the other and many at once; beside them, the same bytes
 * appended and synced by nobody's store.
 */
const smallCommits = async (): Promise<object> => {
  const dir = newDir();
  const store = await openStore(sqljsStore({ dir }));
  const run = await ok(store.create(runId, null));
  await drive(run, 5_000).catch(() => undefined);
  const count = 1_000;
  const opened = (): readonly [{ readonly type: 'RunOpened'; readonly atMs: number }] => [
    { type: 'RunOpened', atMs: 1 },
  ];
  const serial = await clock(async () => {
    for (let i = 0; i < count; i += 1) await ok(run.commit(run.snapshot.version, opened()));
  });
  const from = run.snapshot.version;
  const together = await clock(async () => {
    for (let i = 0; i < 10 * count; i += 64)
      await Promise.all(
        Array.from({ length: 64 }, (_, j) => ok(run.commit(from + i + j, opened()))),
      );
  });
  await store.close();
  const fd = openSync(join(newDir(), 'bare'), 'w');
  const record = Buffer.alloc(112);
  const bare = await clock(() => {
    for (let i = 0; i < count; i += 1) {
      writeSync(fd, record);
      fdatasyncSync(fd);
    }
  });
  closeSync(fd);
  return {
    serialCommitsPerSecond: perSecond(count, serial.ms),
    of64AtOnceCommitsPerSecond: perSecond(10 * count, together.ms),
    baselineAppendAndSyncPerSecond: perSecond(count, bare.ms),
  };
};

/** What a table alone would take: one prepared insert, then one update, per row. */
const plainSql = async (): Promise<object> => {
  const sql = await initSqlJs();
  const database = new sql.Database();
  database.run(
    'create table items (item_index integer primary key, item_id text, status integer, charged integer, uncharged integer, batch_no integer, due integer)',
  );
  const insert = database.prepare('insert into items values (?,?,?,?,?,?,?)');
  const inserted = await clock(() => {
    database.run('begin');
    for (let i = 0; i < rows; i += 1) insert.run([i, `customer-${i}`, 0, 0, 0, 0, 0]);
    database.run('commit');
  });
  const update = database.prepare(
    'update items set status = 3, charged = charged + 1, batch_no = ? where item_index = ?',
  );
  const updated = await clock(() => {
    database.run('begin');
    for (let i = 0; i < rows; i += 1) update.run([1, i]);
    database.run('commit');
  });
  insert.free();
  update.free();
  database.close();
  return {
    insertRowsPerSecond: perSecond(rows, inserted.ms),
    updateRowsPerSecond: perSecond(rows, updated.ms),
  };
};

try {
  const report = {
    rows,
    node: process.version,
    store: await wholeRun(),
    baselineDriverAlone: await withoutStore(),
    withoutCheckpoints: await withoutCheckpoints(),
    inThisThread: await inThisThread(),
    baselinePlainSql: await plainSql(),
    smallCommits: await smallCommits(),
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
}
