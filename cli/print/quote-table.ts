import type { Quote } from '../../lib/run/quote/quote.ts';
import { dollars } from '../../lib/core/money/money.ts';
import { tableOf } from './text-table.ts';

const unknown = 'unknown';
const grouped = (count: number | null): string =>
  count === null ? unknown : count.toLocaleString('en-US');
const money = (usd: number | null): string => (usd === null ? unknown : dollars(usd));
const hours = (count: number): string =>
  count.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** A quote as a table: expected values and their ranges. */
export const quoteTable = (quote: Quote): readonly string[] => {
  const { inputTokens, outputTokens, costRange, queue, assumedBatchHours: assumed } = quote;
  // Estimated values are marked as such and shown without a range.
  const isRange = inputTokens.isBound;
  const about = (text: string): string => (isRange || text === unknown ? text : `about ${text}`);
  const counted = inputTokens.isExact
    ? 'counted'
    : !isRange
      ? 'estimated'
      : `± ${(100 * inputTokens.errorRatio).toLocaleString('en-US', { maximumFractionDigits: 2 })} %, from ${grouped(inputTokens.countedRows)} rows`;
  return [
    ...tableOf([
      [`${quote.model}, ${quote.endpoint}`, 'expected', 'at least', 'at most', ''],
      [
        'requests',
        grouped(quote.items - quote.sharedRows),
        '',
        '',
        `${grouped(quote.batches)} ${quote.batches === 1 ? 'batch' : 'batches'}${quote.sharedRows === 0 ? '' : `, for ${grouped(quote.items)} rows`}`,
      ],
      [
        'input tokens',
        about(grouped(inputTokens.expected)),
        isRange ? grouped(inputTokens.min) : '',
        isRange ? grouped(inputTokens.max) : '',
        counted,
      ],
      [
        'output tokens',
        grouped(outputTokens.expected),
        grouped(outputTokens.min),
        grouped(outputTokens.max),
        '',
      ],
      [
        'cost',
        about(money(quote.costUsd)),
        about(money(costRange.minUsd)),
        about(money(costRange.maxUsd)),
        '',
      ],
      [
        'hours',
        '',
        hours(quote.hours.from),
        hours(quote.hours.to),
        `${grouped(queue.rounds)} ${queue.rounds === 1 ? 'round' : 'rounds'}; assumes ${hours(assumed.from)} to ${hours(assumed.to)} per round`,
      ],
    ]),
    ...quote.badRows.messages.map((message) => `bad row: ${message}`),
    ...quote.warnings.map((warning) => `note: ${warning}`),
    '',
  ];
};
