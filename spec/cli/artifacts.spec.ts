import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, csvOf, startArgs, type CliWorld, type Ran } from './in-process.ts';

describe('batchor export-artifacts and prune-artifacts', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld({ faults: [{ type: 'rows_fail', ratio: 0.2, statusCode: 500 }] });
    world.write('rows.csv', csvOf(40));
    for (const [runId, ...rest] of [['kept'], ['unkept', '--no-raw-output']] as const)
      expect(
        (
          await world.run(
            startArgs('rows.csv', runId, '--wait', '--max-requests-per-batch', '15', ...rest),
          )
        ).code,
      ).toBeLessThanOrEqual(2);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  /** Without a key and without a network. */
  const typed = (command: string, runId: string, ...rest: readonly string[]): Promise<Ran> =>
    world.run([command, '--run-id', runId, '--store', 'store', ...rest], { onlyEnv: {} });
  const objects = (runId: string): readonly string[] => {
    const parts = readdirSync(join(world.folder, 'store', 'runs', runId, 'objects'), {
      recursive: true,
      encoding: 'utf8',
    });
    return [
      ...new Set(
        parts.filter((name) => name.endsWith('.jsonl')).map((name) => name.split('/')[0] ?? ''),
      ),
    ].toSorted();
  };

  it('refuse to remove what was copied nowhere, and say what to type', async () => {
    const refused = await typed('prune-artifacts', 'kept', '--include-raw');
    expect([refused.code, refused.stdout]).toEqual([4, '']);
    expect(refused.stderr).toContain('was never exported');
    expect(refused.stderr).toContain(
      'batchor export-artifacts --run-id kept --store store --destination-dir FOLDER',
    );
    expect(objects('kept')).toEqual(['items', 'raw', 'requests']);
  });

  it('refuse a folder that holds anything, a missing flag, and a place that cannot be written', async () => {
    world.write('taken', 'mine');
    mkdirSync(join(world.folder, 'full'));
    world.write('full/mine', 'mine');
    for (const [given, words] of [
      ['taken', 'is not a folder'],
      ['full', 'is not empty'],
    ] as const) {
      const refused = await typed('export-artifacts', 'kept', '--destination-dir', given);
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toContain(words);
      expect(refused.stderr).toContain('--destination-dir FOLDER');
    }
    expect((await typed('export-artifacts', 'kept')).code).toBe(1);
    const below = await typed('export-artifacts', 'kept', '--destination-dir', 'taken/below');
    expect([below.code === 0, below.stdout]).toEqual([false, '']);
    expect(below.stderr).not.toContain('    at ');
    expect(readFileSync(join(world.folder, 'taken'), 'utf8')).toBe('mine');
  });

  it('write nothing into the store, by whatever way it is named: what lies there goes with its runs', async () => {
    symlinkSync('store', join(world.folder, 'way'));
    symlinkSync('store/runs/kept/new', join(world.folder, 'gone'));
    const files = (): readonly string[] =>
      readdirSync(join(world.folder, 'store'), { recursive: true, encoding: 'utf8' }).toSorted();
    const before = files();
    for (const given of [
      'store/runs',
      'store/runs/copy',
      'store/runs/kept/objects/raw/copy',
      'way/runs/copy',
      'way/../store/quota/a/b',
      'gone',
    ]) {
      for (const [command, flag] of [
        ['export-artifacts', '--destination-dir'],
        ['results', '--output'],
      ] as const) {
        const refused = await typed(command, 'kept', flag, given);
        expect([given, refused.code, refused.stdout]).toEqual([given, 1, '']);
        expect(refused.stderr).toContain(`${flag} ${given} lies in the store`);
      }
    }
    expect(files()).toEqual(before);
    // Beside what it is made of there may be anything: a folder of one's own may be the store.
    for (const given of ['store.jsonl', 'store/mine.jsonl'])
      expect((await typed('results', 'kept', '--output', given)).code).toBe(0);
  });

  it('write the run out, then remove what it needs no more; results, proof and history stay', async () => {
    const before = await typed('results', 'kept');
    const exported = await typed('export-artifacts', 'kept', '--destination-dir', 'copy');
    expect([exported.code, exported.stderr]).toEqual([0, '']);
    expect(exported.json).toMatchObject({
      run_id: 'kept',
      destination_dir: join(world.folder, 'copy'),
      result_count: 40,
    });
    expect(readFileSync(join(world.folder, 'copy', 'results.jsonl'), 'utf8')).toBe(before.stdout);
    const manifest = JSON.parse(
      readFileSync(join(world.folder, 'copy', 'manifest.json'), 'utf8'),
    ) as Readonly<Record<string, unknown>>;
    expect(manifest).toMatchObject({
      run_id: 'kept',
      endpoint: 'responses',
      item_count: 40,
      raw_files_not_kept: [],
    });
    const pruned = await typed('prune-artifacts', 'kept', '--include-raw');
    expect(pruned.json).toMatchObject({ run_id: 'kept', includes_raw: true });
    expect(Number(pruned.json['removed_bytes'])).toBeGreaterThan(0);
    expect(objects('kept')).toEqual(['compact', 'items']);
    expect((await typed('prune-artifacts', 'kept', '--include-raw')).json).toMatchObject({
      removed_count: 0,
    });
    expect((await typed('results', 'kept')).stdout).toBe(before.stdout);
    const verified = await typed('verify', 'kept');
    expect([verified.code, verified.json['is_sound']]).toEqual([0, true]);
    expect(verified.stderr).toContain('request lines were pruned');
    expect(verified.stderr).toContain('raw files are not kept');
    const inspected = await typed('inspect', 'kept', '--item', 'item-3');
    expect(inspected.code).toBe(0);
    expect(inspected.stderr).toContain('request line: pruned');
    expect(inspected.stderr).toContain('the answer');
    // Nor does whoever looks after the store take what was made of raw files for leftovers.
    expect((await typed('doctor', 'kept')).code).toBe(0);
    expect(JSON.stringify((await typed('doctor', 'kept')).json)).toContain(
      '"unreferenced_count":0',
    );
  });

  it('say of a run without raw files what was not kept', async () => {
    expect(objects('unkept')).toEqual(['compact', 'items', 'requests']);
    expect(
      (await typed('export-artifacts', 'unkept', '--destination-dir', 'other')).json,
    ).toMatchObject({
      file_count: 1,
      result_count: 40,
    });
    const manifest = JSON.parse(
      readFileSync(join(world.folder, 'other', 'manifest.json'), 'utf8'),
    ) as Readonly<Record<string, unknown>>;
    expect((manifest['raw_files_not_kept'] as readonly unknown[]).length).toBeGreaterThan(2);
    expect((await typed('verify', 'unkept')).code).toBe(0);
  });

  it('leave a run whose compact answers are damaged or gone for what it is: broken, and where', async () => {
    const folder = join(world.folder, 'store', 'runs', 'unkept', 'objects', 'compact');
    const [name = ''] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((each) => each.includes('/output-') && !each.includes('.sums-'))
      .toSorted(
        // Answers that results point to, and more of them than one.
        (one, other) =>
          readFileSync(join(folder, other)).length - readFileSync(join(folder, one)).length,
      );
    const whole = readFileSync(join(folder, name));
    writeFileSync(
      join(folder, name),
      Buffer.from(whole.toString('utf8').replace(/("custom_id":"r\w{8}-)\d/gu, '$19')),
    );
    expect([
      (await typed('verify', 'unkept')).code,
      (await typed('verify', 'unkept')).json['broken'],
    ]).toMatchObject([6, { law: 'batches' }]);
    rmSync(join(folder, name));
    expect([
      (await typed('verify', 'unkept')).code,
      (await typed('verify', 'unkept')).json['broken'],
    ]).toMatchObject([6, { law: 'batches' }]);
    const exported = await typed('export-artifacts', 'unkept', '--destination-dir', 'third');
    expect([
      exported.code,
      readdirSync(world.folder).filter((each) => each.startsWith('third')),
    ]).toEqual([3, []]);
    writeFileSync(join(folder, name), whole);
    expect((await typed('verify', 'unkept')).code).toBe(0);
  });
});
