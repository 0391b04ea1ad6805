import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { thisProcess } from '../../adapters/filestore/ownership/lock-file.ts';
import { isJsonObject } from '../../lib/core/json/json.ts';
import { newSchema } from '../support/postgres/schema.ts';
import { restoreContent, type ProviderContent } from '../support/stored/provider-content.ts';
import { restoreRows } from '../support/stored/restore-rows.ts';
import { type CliWorld, createCliWorld, linesOf, type Ran } from './in-process.ts';

/** Stores with three runs each, as the release 6bc519e left them, and what it showed of them. */
const stored = fileURLToPath(new URL('../support/stored/6bc519e', import.meta.url));

/** No system gives a process this id. */
const deadPid = 2 ** 30;

type Line = Readonly<Record<string, unknown>>;

const errorClassOf = (error: unknown): string =>
  isJsonObject(error) ? String(error['error_class']) : 'whole';

/** A stored store, opened by this build. */
interface Opened extends AsyncDisposable {
  readonly world: CliWorld;
  typed(command: string, runId: string | null, ...rest: readonly string[]): Promise<Ran>;
  /** What the release showed. */
  shown(name: string): string;
}

const kinds = ['files', 'postgres'] as const;

const open = async (kind: (typeof kinds)[number], seed: number): Promise<Opened> => {
  const world = await createCliWorld({ seed });
  const folder = join(stored, kind);
  const schema = kind === 'postgres' ? newSchema() : null;
  const place = { BATCHOR_STORE: 'store', BATCHOR_ARTIFACTS: 'payloads' };
  if (schema === null) {
    cpSync(join(folder, 'store'), join(world.folder, 'store'), { recursive: true });
    // As if its owner had run on this machine: a process that is known to be dead is not waited
    // for.
    const lock = join(world.folder, 'store/runs/killed/lock.1');
    const owner = JSON.parse(readFileSync(lock, 'utf8')) as Line;
    writeFileSync(lock, JSON.stringify({ ...owner, ...thisProcess(), pid: deadPid }));
  } else {
    cpSync(join(folder, 'payloads'), join(world.folder, 'payloads'), { recursive: true });
    await restoreRows(folder, schema.url, schema.name);
    const url = new URL(schema.url);
    url.searchParams.set('schema', schema.name);
    place.BATCHOR_STORE = url.href;
  }
  return {
    world,
    typed: (command, runId, ...rest) =>
      world.run([command, ...(runId === null ? [] : ['--run-id', runId]), ...rest], { env: place }),
    shown: (name) => readFileSync(join(folder, name), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await schema?.drop();
      await world[Symbol.asyncDispose]();
    },
  };
};

describe.each(kinds)('a store (%s) that release 6bc519e left', (kind) => {
  it('lists its runs, and reads each as it was', async () => {
    await using store = await open(kind, 2);
    const listed = JSON.parse((await store.typed('list', null)).stdout) as readonly Line[];
    expect(listed.map((run) => [run['run_id'], run['status']])).toEqual([
      ['killed', 'running'],
      ['paused', 'running'],
      ['done', 'completed_with_failures'],
    ]);
    for (const runId of ['done', 'paused', 'killed']) {
      const before = JSON.parse(store.shown(`${runId}.status.json`)) as Line;
      expect((await store.typed('status', runId)).json).toMatchObject(before);
      const results = linesOf(store.shown(`${runId}.results.jsonl`));
      expect((await store.typed('results', runId, '--partial')).lines).toMatchObject(results);
      expect((await store.typed('verify', runId)).json).toMatchObject({ is_sound: true });
    }
  });

  it('has a finished run that is inspected, exported and pruned', async () => {
    await using store = await open(kind, 2);
    const { stdout, lines } = await store.typed('results', 'done');
    expect(lines).toHaveLength(40);
    // One row of each kind.
    const kindOf = ({
      status,
      attempt_count: charged,
      uncharged_attempt_count: free,
      error,
      ...line
    }: Line): string =>
      `${JSON.stringify(status)} after ${JSON.stringify([charged, free])}, ${errorClassOf(error)}, ${line['shared_with_index'] === undefined ? 'sent' : 'shared'}`;
    const rows = new Map(lines.map((line) => [kindOf(line), line]));
    expect([...rows.keys()].toSorted()).toEqual([
      '"completed" after [0,0], whole, shared',
      '"completed" after [1,0], whole, sent',
      '"completed" after [1,1], whole, sent',
      '"completed" after [2,0], whole, sent',
      '"failed_permanent" after [0,0], invalid_request, shared',
      '"failed_permanent" after [0,0], invalid_row, sent',
      '"failed_permanent" after [1,0], invalid_request, sent',
      '"failed_permanent" after [1,0], truncated, sent',
    ]);
    for (const line of rows.values())
      expect(
        (await store.typed('inspect', 'done', '--item', String(line['item_id']))).json,
      ).toMatchObject({ status: line['status'] });
    expect(
      (await store.typed('export-artifacts', 'done', '--destination-dir', 'copy')).json,
    ).toMatchObject({ result_count: 40 });
    expect((await store.typed('prune-artifacts', 'done', '--include-raw')).code).toBe(0);
    expect((await store.typed('results', 'done')).stdout).toBe(stdout);
    expect((await store.typed('verify', 'done')).json).toMatchObject({ is_sound: true });
  });

  it('has a paused run that resumes at a service that knows none of its batches, and ends', async () => {
    await using store = await open(kind, 2);
    const before = (await store.typed('results', 'paused', '--partial')).lines;
    const resumed = await store.typed(
      'resume',
      'paused',
      '--canary',
      '0',
      '--base-url',
      store.world.emulator.baseURL,
      '--wait',
    );
    expect([resumed.code, resumed.json['status']]).toEqual([2, 'completed_with_failures']);
    const { lines } = await store.typed('results', 'paused');
    expect(lines.map((line) => line['item_id']).toSorted()).toEqual(
      Array.from({ length: 24 }, (_, i) => `r${i}`).toSorted(),
    );
    // An unfinished run prints its results in the order in which they came.
    const bySequence = lines.toSorted((a, b) => Number(a['sequence']) - Number(b['sequence']));
    expect(bySequence.slice(0, before.length)).toEqual(before);
    expect((await store.typed('verify', 'paused')).json).toMatchObject({ is_sound: true });
  });

  it('has a run of a killed owner that finishes: one batch created, one create without an answer, one batch planned', async () => {
    await using store = await open(kind, 1);
    const content = JSON.parse(store.shown('killed.provider.json')) as ProviderContent;
    const ids = [...content.files, ...content.batches].map(({ id }) => id);
    expect(content.batches).toHaveLength(1);
    expect(await restoreContent(store.world.emulator.baseURL, content)).toEqual(ids);
    const resumed = await store.typed('wait', 'killed', '--base-url', store.world.emulator.baseURL);
    // How far the search for the lost create has come is said where a report of progress finds it
    // there.
    expect(resumed.stderr).toMatch(
      /^(batchor: (the create of batch \w+ got no answer|batch \w+ does not exist); .*\n){0,2}$/u,
    );
    expect([resumed.code, resumed.json['status']]).toEqual([0, 'completed']);
    expect((await store.typed('results', 'killed')).lines).toHaveLength(18);
    expect((await store.typed('verify', 'killed')).json).toMatchObject({ is_sound: true });
    // The batch that it knew was not sent again.
    const { batches, doubleBilled } = store.world.emulator.ledger;
    expect([batches.length, doubleBilled]).toEqual([3, []]);
  });
});
