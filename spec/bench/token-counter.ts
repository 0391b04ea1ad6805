// What counting request lines costs for each MB: exactly, by tiktoken alone, and as an estimate;
// and how far the estimate is off. Run: npx tsx spec/bench/token-counter.ts --rows 20000
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { byteBoundCounter, tiktokenCounter } from '../../adapters/tiktoken/index.ts';
import { estimateTokens } from '../../lib/core/internal.ts';

const ROUNDS = 5;
const TEXT_CHARS = 800;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '20000' } } });
const rowCount = Number(values.rows);
if (!Number.isSafeInteger(rowCount) || rowCount < 1)
  throw new RangeError('--rows must be a whole number above 0');

/** Varied text: this library's own core. A few repeated words would flatter a cache. */
const core = fileURLToPath(new URL('../../lib/core/', import.meta.url));
const corpus = readdirSync(core)
  .map((name) => readFileSync(`${core}${name}`, 'utf8'))
  .join('\n');
const lines = Array.from({ length: rowCount }, (_, row) => {
  const start = (row * 7_919) % (corpus.length - TEXT_CHARS);
  const body = {
    model: 'gpt-4.1-mini',
    instructions: 'You review code. Be brief.',
    input: corpus.slice(start, start + TEXT_CHARS),
  };
  return `${JSON.stringify({ custom_id: `row-${row}`, method: 'POST', url: '/v1/responses', body })}\n`;
});
const megabytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / 1e6;

const { Tiktoken } = createRequire(import.meta.url)(
  'tiktoken/lite',
) as typeof import('tiktoken/lite');
interface Ranks {
  readonly bpe_ranks: string;
  readonly special_tokens: Record<string, number>;
  readonly pat_str: string;
}
const ranks = createRequire(import.meta.url)('tiktoken/encoders/o200k_base.json') as Ranks;
const encoder = new Tiktoken(ranks.bpe_ranks, ranks.special_tokens, ranks.pat_str);

const exact = tiktokenCounter();
const bound = byteBoundCounter();
const counters: Readonly<Record<string, (line: string) => number>> = {
  tiktokenCounter: (line) => exact.count(line, 'gpt-4.1-mini'),
  'tiktoken alone, whole line': (line) => encoder.encode_ordinary(line).length,
  byteBoundCounter: (line) => bound.count(line, 'gpt-4.1-mini'),
  'estimate by bytes': (line) => estimateTokens(Buffer.byteLength(line)),
};

const loadedMs = performance.now();
exact.count('load', 'gpt-4.1-mini');
console.log(`first count: ${Math.round(performance.now() - loadedMs)} ms`);

const figures: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round += 1) {
  // In turns, so that whatever else the machine does hits all.
  for (const [name, count] of Object.entries(counters)) {
    const startedMs = performance.now();
    let tokens = 0;
    for (const line of lines) tokens += count(line);
    if (tokens < rowCount) throw new Error(`${name} counted ${tokens} tokens in ${rowCount} lines`);
    (figures[name] ??= []).push((performance.now() - startedMs) / 1_000);
  }
}
const medianOf = (seconds: readonly number[]): number =>
  seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
for (const [name, seconds] of Object.entries(figures)) {
  const median = medianOf(seconds);
  const perMegabyte = ((median * 1_000) / megabytes).toFixed(2);
  console.log(
    `${name}: ${Math.round(rowCount / median).toLocaleString('en-US')} lines/s, ${(megabytes / median).toFixed(1)} MB/s, ${perMegabyte} ms a MB`,
  );
}

// Ingestion renders slices of 2 MB: so long is the loop held by counting one of them.
const sliceMs = (2 * medianOf(figures['tiktokenCounter'] ?? []) * 1_000) / megabytes;
console.log(`exact counting of one slice of 2 MB: ${sliceMs.toFixed(0)} ms`);

const sum = (count: (line: string) => number): number =>
  lines.reduce((tokens, line) => tokens + count(line), 0);
const truth = sum((line) => exact.count(line, 'gpt-4.1-mini'));
const guess = sum((line) => estimateTokens(Buffer.byteLength(line)));
console.log(
  `the estimate is off by ${(100 * (guess / truth - 1)).toFixed(1)} % over all lines; a run's own answers correct that`,
);
