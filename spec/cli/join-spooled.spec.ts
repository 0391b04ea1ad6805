import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createFileIds } from '../../cli/actions/file-ids.ts';
import { joinById } from '../../cli/actions/join-spooled.ts';
import { openRowFile, rowIdsOf } from '../../cli/job/row-file.ts';
import type { Cell, TablePage } from '../../lib/ports/table.ts';
import { createCliWorld, startArgs } from './in-process.ts';
import { waitFor } from '../support/wait-for.ts';

const scratch = mkdtempSync(join(tmpdir(), 'batchor spooled ü '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const spools = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('batchor-join-'));

/** Joins a file of these ids with results in this order; answers the cell beside each row. */
const joined = async (
  fileIds: readonly string[],
  results: readonly (readonly [id: string, cell: Cell])[],
  { pageRows = 7, isWanted = () => true }: { pageRows?: number; isWanted?: () => boolean } = {},
) => {
  const path = join(scratch, 'rows.csv');
  writeFileSync(path, ['id', ...fileIds].map((id) => `${id}\n`).join(''));
  const input = { given: 'rows.csv', absolute: path, delimiter: ',' };
  const options = { idField: 'id', keepsDigits: true };
  const ids = createFileIds();
  for await (const page of rowIdsOf(input, path, options)) ids.add(page);
  let pages = 0;
  async function* paged(): AsyncGenerator<TablePage> {
    for (let at = 0; at < results.length; at += pageRows) {
      const page = results.slice(at, at + pageRows);
      pages += 1;
      yield {
        rowCount: page.length,
        columns: [
          page.map(([id]) => id),
          page.map(() => 'completed'),
          page.map(() => null),
          page.map(([, cell]) => cell),
        ],
      };
    }
  }
  const file = await openRowFile(input, path, options);
  const counts = { read: 0, known: 0, repeated: 0 };
  const cells: Cell[] = [];
  const table = { columns: [], pages: paged() };
  for await (const rows of joinById(file, table, { ids, isWanted, counts, idPrefix: '' }))
    for (const row of rows) cells.push(row.cells?.[0] ?? null);
  await file.close();
  return { cells, counts, pages };
};

describe('rows that are matched by their ids', () => {
  it('have the results of their ids, whatever the two orders are; rows that share an id have none, and are counted', async () => {
    const before = spools();
    const id = fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__', 'd 1', 'é');
    await fc.assert(
      fc.asyncProperty(
        fc.array(id, { maxLength: 30 }),
        fc.uniqueArray(fc.tuple(id, fc.option(fc.string(), { nil: null })), {
          selector: ([name]) => name,
        }),
        fc.integer({ min: 1, max: 4 }),
        async (fileIds, results, pageRows) => {
          const found = new Map<string, Cell>(results);
          const { cells, counts } = await joined(fileIds, results, { pageRows });
          const isRepeated = (name: string): boolean =>
            fileIds.filter((other) => other === name).length > 1;
          const known = fileIds.filter((name) => found.has(name));
          expect(cells).toEqual(
            fileIds.map((name) => (isRepeated(name) ? null : (found.get(name) ?? null))),
          );
          const repeated = known.filter(isRepeated).length;
          expect(counts).toEqual({ read: fileIds.length, known: known.length, repeated });
          const none = await joined(fileIds, results, { pageRows, isWanted: () => false });
          expect([none.cells.every((cell) => cell === null), none.counts]).toEqual([
            true,
            { ...counts, repeated: 0 },
          ]);
        },
      ),
      { numRuns: 30 },
    );
    expect(spools()).toEqual(before);
  });

  it('read results and rows once, though neighbours of one are far apart in the other', async () => {
    const count = 30_000;
    const names = Array.from({ length: count }, (_, i) => `row-${(i * 7_919) % count}`);
    const results = Array.from({ length: count }, (_, i) => [`row-${i}`, i] as const);
    const { cells, pages } = await joined(names, results, { pageRows: 1_000 });
    expect(cells).toEqual(names.map((name) => Number(name.slice('row-'.length))));
    expect(pages).toBe(count / 1_000);
    // As many rows of one id cost no more.
    const same = await joined(Array<string>(count).fill('one'), [['one', 1]]);
    expect(same.counts).toEqual({ read: count, known: count, repeated: count });
  });
});

describe('a file with an id twice', () => {
  it('is matched by place where it is the file of the run, else its rows get no result, and a note counts them', async () => {
    await using world = await createCliWorld();
    const rows = 'id,text,lang\n1,a,en\n2,b,fr\n1,c,en\n';
    world.write('rows.csv', rows);
    const record = ['--bad-rows', 'record', '--keep-columns', '--wait'];
    expect((await world.run(startArgs('rows.csv', 'r', ...record))).code).toBe(2);
    const byId = (name: string) =>
      world.run([
        ...['results', '--run-id', 'r', '--store', 'store', '--join', name, '--join-by', 'id'],
        ...['--columns', 'status,n=item_index'],
      ]);
    const own = await byId('rows.csv');
    expect([own.stderr, own.stdout]).toEqual([
      '',
      'id,text,lang,status,n\n1,a,en,completed,0\n2,b,fr,completed,1\n1,c,en,failed_permanent,2\n',
    ]);
    world.write('other.csv', 'id,x\n1,c\n2,b\n1,a\n');
    const other = await byId('other.csv');
    expect(other.stdout).toBe('id,x,status,n\n1,c,,\n2,b,completed,1\n1,a,,\n');
    expect(other.stderr).toContain('2 rows of other.csv share their ids with other rows');
    // A column of the input is named, and nothing is said of the columns before.
    const store = ['--run-id', 'r', '--store', 'store'];
    for (const rest of [[], ['--join', 'rows.csv']]) {
      const { stderr } = await world.run(['results', ...store, '--columns', 'lang', ...rest]);
      expect(stderr).toMatch(/^batchor: .* no column "lang"\n +Did you mean "metadata.lang"\?/u);
    }
  });
});

describe('results so far', () => {
  it('stand beside the rows of the file, and the others are empty', async () => {
    await using world = await createCliWorld({ faults: [{ type: 'never_ends', batch: 2 }] });
    world.write('rows.csv', 'id,text\na,one\nb,two\nc,three\nd,four\n');
    const store = ['--store', 'store', '--run-id', 'half'];
    const flags = ['--id-field', 'id', '--prompt-field', 'text', '--model', 'gpt-4.1-mini'];
    const halves = ['--max-requests-per-batch', '2', '--poll-interval', '0.05'];
    const results = (...rest: readonly string[]) => world.run(['results', ...store, ...rest]);
    await world.run(['start', '--input', 'rows.csv', ...flags, ...halves, ...store]);
    await world.run(['wait', ...store], {
      interruptAfter: () =>
        waitFor(
          'the first batch is settled',
          async () => (await results('--partial')).lines.length === 2,
        ),
    });
    const columns = ['--columns', 'status,n=item_index'];
    const expected =
      'id,text,status,n\na,one,completed,0\nb,two,completed,1\nc,three,,\nd,four,,\n';
    const refused = await results('--join', 'rows.csv', '--output', 'out.csv', ...columns);
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringContaining('--partial --join rows.csv --output out.csv'),
    ]);
    const partial = await results('--join', 'rows.csv', '--partial', ...columns);
    expect([partial.code, partial.stdout]).toEqual([0, expected]);
    expect(partial.stderr).toContain('2 of 4 rows of rows.csv have no result in the run');
    const byId = await results('--join', 'rows.csv', '--partial', '--join-by', 'id', ...columns);
    expect(byId.stdout).toBe(expected);
    const chosen = await results(
      '--join',
      'rows.csv',
      '--partial',
      '--only',
      'completed',
      ...columns,
    );
    expect(chosen.stdout).toBe('id,text,status,n\na,one,completed,0\nb,two,completed,1\n');
  });
});
