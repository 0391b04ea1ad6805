import type { Operation } from '../../core/model/config.ts';
import type { Quote } from './quote.ts';

export interface WarningContext {
  readonly overBudgetRows: number;
  readonly badRows: Operation['badRows'];
  readonly perItem: number | undefined;
}

/** What the figures alone do not show. */
export const warningsOf = (quote: Omit<Quote, 'warnings'>, { overBudgetRows, badRows, perItem }: WarningContext): readonly string[] => {
  const { items, inputTokens, outputTokens, prices, cap, queue } = quote;
  const said: (string | false)[] = [
    items === 0 && 'the input has no row that can be an item',
    quote.badRows.count > 0 &&
      `${rowsOf(quote.badRows.count)} cannot be items: ${badRows === 'fail' ? 'a run pauses at the first of them' : 'each becomes a failed item'}`,
    quote.oversizedRows > 0 && `${rowsOf(quote.oversizedRows)} no batch may hold: they fail unsent, and are in the figures all the same`,
    overBudgetRows > 0 &&
      `${rowsOf(overBudgetRows)} ${overBudgetRows === 1 ? 'is' : 'are'} larger than the whole enqueue budget (${[tokensOf(queue.tokensMax), requestsOf(queue.requestsMax)].filter((each) => each !== null).join(', ')}): a run pauses at the first of them`,
    prices === null && `nobody knows what ${quote.model} costs`,
    prices !== null && `prices as of ${prices.asOf} (${prices.source})`,
    outputTokens.max === null && 'an answer may have any length: no worst case is known',
    outputTokens.expected === null &&
      `how long an answer is was not said: no cost is expected, only ${inputTokens.isBound ? 'bounded' : 'estimated'}`,
    perItem !== undefined &&
      outputTokens.max !== null &&
      perItem * items > outputTokens.max &&
      outputTokens.max > 0 &&
      'answers are expected to be longer than they may be: many will be cut off, and fail',
    cap?.verdict === 'reached' && `the cost cap of ${dollarsOf(cap.usd)} is reached before the input is done`,
    cap?.verdict === 'may_be_reached' && `the cost cap of ${dollarsOf(cap.usd)} may be reached before the input is done`,
    cap?.verdict === 'unknown' && `whether the cost cap of ${dollarsOf(cap.usd)} can be kept is unknown: a run is refused under it`,
    !inputTokens.isBound &&
      items > 0 &&
      `input tokens are an estimate and no bound: the token counter ${inputTokens.counter} cannot count all that these rows may be billed (pictures, sound, files, hosted tools, stored conversations and prompts, parameters that it does not know), or does not know the tokens of ${quote.model}${cap === null ? '' : `; the cost cap of ${dollarsOf(cap.usd)} is held by estimate, and may be passed`}`,
  ];
  return said.filter((warning) => warning !== false);
};

const countOf = (count: number, what: string): string => `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
const rowsOf = (count: number): string => countOf(count, 'row');
/** As it was said, without an exponent. */
const dollarsOf = (usd: number): string => `$${usd.toLocaleString('en-US', { maximumFractionDigits: 20, useGrouping: false })}`;
const tokensOf = (max: number | null): string | null => (max === null ? null : countOf(max, 'token'));
const requestsOf = (max: number | null): string | null => (max === null ? null : countOf(max, 'request'));
