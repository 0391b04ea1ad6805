import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteCount } from '../../cli/shell/byte-count.ts';
import { inMiB, rowBytesLimit } from '../../cli/shell/row-bytes.ts';
import { createCliWorld, startArgs, type CliWorld } from './in-process.ts';

const MIB = 1024 * 1024;

describe('rows longer than 16 MiB', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const long = 'A'.repeat(17 * MIB);
  const rows = {
    'rows.jsonl': `${JSON.stringify({ id: 'a', text: long })}\n{"id":"b","text":"short"}\n`,
    'rows.json': JSON.stringify([{ id: 'a', text: long }]),
    'rows.csv': `id,text\na,${long}\nb,short\n`,
  };

  it.each(Object.keys(rows))(
    'of %s are refused before a run exists, with a command that reads them',
    async (name) => {
      world.write(name, rows[name as keyof typeof rows]);
      const refused = await world.run(startArgs(name, `refused-${name}`));
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        'is longer than 16777216 bytes, the most that a row may have (--max-row-bytes)',
      );
      expect(refused.stderr).toContain(' --max-row-bytes 64MiB\n');
    },
  );

  it('go out whole where the flag allows them', async () => {
    world.write('rows.jsonl', rows['rows.jsonl']);
    const dry = await world.run([
      ...startArgs('rows.jsonl', 'dry', '--dry-run', '--max-row-bytes', '64MiB', '--limit', '1'),
    ]);
    expect(dry.code).toBe(0);
    expect(dry.stdout.length).toBeGreaterThan(long.length);
  });

  it('are read in every later process, with the size that the run was started with', async () => {
    const small = `{"id":"a","text":"${'a'.repeat(100)}"}\n{"id":"b","text":"short"}\n`;
    world.write('small.jsonl', small);
    const flags = ['--max-row-bytes', '200'] as const;
    const started = await world.run(startArgs('small.jsonl', 'kept', ...flags));
    expect(started.code).toBe(0);
    expect((await world.run(startArgs('small.jsonl', 'kept'))).code).toBe(0);
    const other = await world.run(startArgs('small.jsonl', 'kept', '--max-row-bytes', '300'));
    expect(other.stderr).toContain('differs from run kept in --max-row-bytes');
    const waited = await world.run(['wait', '--run-id', 'kept', '--store', 'store']);
    expect(waited.code).toBe(0);
    expect(waited.json).toMatchObject({ status: 'completed', item_count: 2 });
    const quoted = await world.run([
      'quote',
      '--input',
      'small.jsonl',
      ...['--id-field', 'id', '--prompt-field', 'text', '--model', 'gpt-4.1'],
      ...['--max-row-bytes', '50', '--bad-rows', 'record'],
    ]);
    expect(quoted.code).toBe(0);
    expect(quoted.json).toMatchObject({ bad_row_count: 1 });
  });

  it('name the flag where they come late, and pause the run', async () => {
    const early = Array.from({ length: 1500 }, (_, i) => `{"id":${i},"text":"t"}\n`).join('');
    world.write('late.jsonl', `${early}{"id":"z","text":"${'a'.repeat(100)}"}\n`);
    const paused = await world.run(startArgs('late.jsonl', 'late', '--max-row-bytes', '64'));
    expect(paused.code).toBe(4);
    expect(paused.stderr).toContain('the line is longer than 64 bytes');
    expect(paused.stderr).toContain('--run-id late-2 --max-row-bytes 256\n');
  });

  it('have no size for files that are not text', async () => {
    const refused = await world.run([
      ...startArgs('rows.parquet', 'p', '--max-row-bytes', '1MiB', '--dry-run'),
    ]);
    expect(refused.code).toBe(1);
  });
});

describe('a size', () => {
  it.each([
    ['64MiB', 64 * MIB],
    ['64 mib', 64 * MIB],
    ['64MB', 64_000_000],
    ['500kB', 500_000],
    ['1KiB', 1024],
    ['67108864', 64 * MIB],
    ['12B', 12],
  ])('%s has so many bytes', (text, bytes) => {
    expect(byteCount('--max-row-bytes', text, rowBytesLimit)).toBe(bytes);
  });

  it.each(['0', '', '-1', '64GiB', '1.5MiB', '257MiB', 'MiB', 'constructor'])(
    '%j is none',
    (text) => {
      expect(() => byteCount('--max-row-bytes', text, rowBytesLimit)).toThrow(
        '--max-row-bytes must be a size of 1 byte to 256MiB, e.g. 64MiB',
      );
    },
  );

  it('is written in MiB where it is whole ones', () => {
    expect([inMiB(64 * MIB), inMiB(100)]).toEqual(['64MiB', '100']);
  });
});
