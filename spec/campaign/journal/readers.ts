import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import { newStoreFolder, openStore } from '../../contract/filestore-folder.ts';
import { pause, stepsOf } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { folderListing } from './folder-listing.ts';
import { holdAgainst } from './held-against.ts';

interface Child {
  /** Resolves once it has read the run for the first time. */
  readonly begun: Promise<void>;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly reads: number;
    readonly stderr: string;
  }>;
  end(): void;
}
const beginReader = (dir: string): Child => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const child = fork(fileURLToPath(new URL('./reader-child.ts', import.meta.url)), [dir], {
    execArgv: ['--import', tsx],
    stdio: 'pipe',
  });
  let reads = 0;
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  child.on('message', (message: { readonly reads: number }) => (reads = message.reads));
  const ended = new Promise<Awaited<Child['ended']>>((resolve) =>
    child.on('exit', (code) => resolve({ code, reads, stderr })),
  );
  return {
    begun: Promise.race([
      new Promise<void>((resolve) => child.once('message', () => resolve())),
      ended.then(() => undefined),
    ]),
    ended,
    end: () => void (child.connected && child.send('end')),
  };
};

/** Processes that read a run in a loop, during its owner's commits and images, and afterwards. */
export const readers = (seed: number, count: number): readonly Case[] => [
  { kind: 'readers', name: `${count} beside a live writer`, play: () => playReaders(seed, count) },
];

const playReaders = async (seed: number, count: number): Promise<Outcome> => {
  const steps = stepsOf(seed);
  const dir = newStoreFolder();
  const store = await openStore(dir, { checkpointRows: 1 });
  const run = await ok(store.create(runId, null));
  for (const step of steps.slice(0, 1))
    await ok(run.commit(step.before.snapshot.version, step.events));
  const children = Array.from({ length: count }, () => beginReader(dir));
  await Promise.all(children.map((child) => child.begun));
  for (const step of steps.slice(1)) {
    await pause(20);
    await ok(run.commit(step.before.snapshot.version, step.events));
  }
  await holdAgainst(run, steps);
  await run.close();
  await store.close();
  const before = folderListing(dir);
  await pause(1_000);
  for (const child of children) child.end();
  for (const { code, reads, stderr } of await Promise.all(children.map((child) => child.ended))) {
    assert(code === 0, `a reader ended with ${code ?? 'a signal'}: ${stderr}`);
    assert(reads > 1, 'a reader read nothing');
  }
  assert(folderListing(dir) === before, 'readers changed the folder');
  const again = await openStore(dir);
  await holdAgainst(await ok(again.read(runId)), steps);
  await again.close();
  return 'opened';
};
