import type { TokenPrices } from '../../../lib/core/model/config.ts';
import { priceIn } from '../../../lib/core/money/money.ts';

/**
 * Sync prices of OpenAI's pricing page, in dollars for a million tokens: input, cached input in a
 * batch (null: as the input), output.
 */
type Row = readonly [input: number, cachedInBatch: number | null, output: number, asOf: string];

/** The batch API costs half, of input and output (OpenAI's batch guide, 2026-09). */
const batchRatio = 0.5;

/**
 * As they were read on the day that each row names. Prices change more often than this file:
 * `quote` says how old they are, and a price file of your own wins. Where the page names no price
 * of cached input in a batch it counts as input.
 */
const rows: Readonly<Record<string, Row>> = {
  'gpt-6-luna': [0.1, 0.005, 0.5, '2026-10-04'],
  'gpt-5': [1.25, 0.0625, 10, '2025-08-07'],
  'gpt-5-mini': [0.25, 0.0125, 2, '2025-08-07'],
  'gpt-5-nano': [0.05, 0.0025, 0.4, '2025-08-07'],
  'gpt-4.1': [2, null, 8, '2025-04-14'],
  'gpt-4.1-mini': [0.4, null, 1.6, '2025-04-14'],
  'gpt-4.1-nano': [0.1, null, 0.4, '2025-04-14'],
  'gpt-4o': [2.5, null, 10, '2025-04-14'],
  'gpt-4o-mini': [0.15, null, 0.6, '2025-04-14'],
  'o4-mini': [1.1, null, 4.4, '2025-04-16'],
  'text-embedding-3-small': [0.02, null, 0, '2025-04-14'],
  'text-embedding-3-large': [0.13, null, 0, '2025-04-14'],
};

const pricesOf = ([input, cached, output, asOf]: Row): TokenPrices => ({
  inputUsdPerMillion: input * batchRatio,
  cachedInputUsdPerMillion: cached ?? input * batchRatio,
  outputUsdPerMillion: output * batchRatio,
  asOf,
  source: "OpenAI's pricing page",
});

/** Batch prices by model name. */
export const openaiPrices: Readonly<Record<string, TokenPrices>> = Object.fromEntries(
  Object.entries(rows).map(([model, row]) => [model, pricesOf(row)]),
);

/** Null for a model without a known price. Dated snapshots cost the same as their model. */
export const openaiPriceOf = (model: string): TokenPrices | null => priceIn(openaiPrices, model);

/**
 * Prices outside of batches of services that speak OpenAI's API, in dollars for a million tokens,
 * and what a batch costs of that. Where no source says it, nothing stands here: a price of another
 * service is not theirs.
 */
interface ServiceRows {
  readonly batchRatio: number;
  readonly asOf: string;
  readonly source: string;
  readonly rows: Readonly<Record<string, readonly [input: number, output: number]>>;
}

const serviceRows: Readonly<Record<string, ServiceRows>> = {
  groq: {
    batchRatio: 0.5,
    asOf: '2026-05-08',
    source: "Groq's pricing page",
    rows: {
      'llama-3.3-70b-versatile': [0.59, 0.79],
      'llama-3.1-8b-instant': [0.05, 0.08],
      'openai/gpt-oss-120b': [0.15, 0.6],
    },
  },
  deepinfra: {
    batchRatio: 0.8,
    asOf: '2026-11-05',
    source: "DeepInfra's pricing page",
    rows: {
      'meta-llama/Llama-3.3-70B-Instruct-Turbo': [0.1, 0.32],
      'meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo': [0.02, 0.04],
    },
  },
};

/**
 * Batch price of a model at a service, OpenAI among them; null: unknown. Cached input counts as
 * input where the service is not OpenAI.
 */
export const servicePriceOf = (service: string, model: string): TokenPrices | null => {
  if (service === 'openai') return openaiPriceOf(model);
  const known = Object.hasOwn(serviceRows, service) ? serviceRows[service] : undefined;
  const row = known !== undefined && Object.hasOwn(known.rows, model) ? known.rows[model] : null;
  if (known === undefined || row === null || row === undefined) return null;
  const [input, output] = row.map((usd) => usd * known.batchRatio) as [number, number];
  const { asOf, source } = known;
  return {
    inputUsdPerMillion: input,
    cachedInputUsdPerMillion: input,
    outputUsdPerMillion: output,
    asOf,
    source,
  };
};
