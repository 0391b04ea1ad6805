// How fast `jsonlSource` is beside the least that reading JSONL can cost. Run: npx tsx
// spec/bench/jsonl-source.ts --rows 200000
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { jsonlSource } from '../../adapters/jsonl/index.ts';

const ROUNDS = 5;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '200000' } } });
const rowCount = Number(values.rows);
if (!Number.isSafeInteger(rowCount) || rowCount < 1)
  throw new RangeError('--rows must be a whole number above 0');

/** Rows of about 200 bytes, one in ten with text beyond ASCII. */
function* lines(): Generator<string> {
  for (let row = 0; row < rowCount; row += 1) {
    const text = `${'The parcel came late and the box was torn. '.repeat(3)}${row % 10 === 0 ? 'Très déçu.' : 'Not again!'}`;
    yield `${JSON.stringify({ id: `row-${row}`, text, lang: 'en', stars: row % 5 })}\n`;
  }
}

/** The whole file in memory, split on the line feed, parsed. */
const readBare = async (path: string): Promise<number> => {
  const bytes = await readFile(path);
  let count = 0;
  for (
    let begin = 0, end = bytes.indexOf(0x0a);
    end !== -1;
    begin = end + 1, end = bytes.indexOf(0x0a, begin)
  ) {
    if (JSON.parse(bytes.toString('utf8', begin, end)) !== null) count += 1;
  }
  return count;
};

const readSource = async (path: string): Promise<number> => {
  let count = 0;
  for await (const pulled of jsonlSource(path, { itemId: 'id' }).read(null, {
    signal: new AbortController().signal,
  })) {
    count += Array.isArray(pulled) ? pulled.length : 1;
  }
  return count;
};

/** Rows per second. A reading that loses rows has no speed. */
const measure = async (read: (path: string) => Promise<number>, path: string): Promise<number> => {
  const startedMs = performance.now();
  const count = await read(path);
  if (count !== rowCount) throw new Error(`read ${count} rows of ${rowCount}`);
  return Math.round(rowCount / ((performance.now() - startedMs) / 1_000));
};

const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;

const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));
try {
  const path = join(folder, 'rows.jsonl');
  await pipeline(Readable.from(lines()), createWriteStream(path));
  const bare: number[] = [];
  const source: number[] = [];
  // In turns, so that whatever else the machine does hits both.
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await measure(readBare, path));
    source.push(await measure(readSource, path));
  }
  const [bareRowsPerSecond, sourceRowsPerSecond] = [median(bare), median(source)];
  const ratio = Number((sourceRowsPerSecond / bareRowsPerSecond).toFixed(2));
  console.log(
    JSON.stringify({
      rows: rowCount,
      rounds: ROUNDS,
      bareRowsPerSecond,
      sourceRowsPerSecond,
      ratio,
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
