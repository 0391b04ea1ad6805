import type { Operation } from '../../core/model/config.ts';
import type { Quote } from './quote.ts';

export interface WarningContext {
  readonly overBudgetRows: number;
  readonly badRows: Operation['badRows'];
  readonly perItem: number | undefined;
  /** Of a job of existing batches; null: of rows to send. */
  readonly adopting: { readonly retries: boolean; readonly attemptsMax: number } | null;
}

/** Warnings about what the numbers of a quote do not show. */
export const warningsOf = (
  quote: Omit<Quote, 'warnings'>,
  { overBudgetRows, badRows, perItem, adopting }: WarningContext,
): readonly string[] => {
  const { items, inputTokens, outputTokens, prices, cap, queue } = quote;
  const sentences: (string | false)[] = [
    adopting !== null && adoptedNote(adopting),
    items === 0 && 'the input has no valid row',
    quote.badRows.count > 0 &&
      `${rowsOf(quote.badRows.count)} cannot be items: ${badRows === 'fail' ? 'a run pauses at the first of them' : 'each becomes a failed item'}`,
    quote.oversizedRows > 0 &&
      `${rowsOf(quote.oversizedRows)} ${quote.oversizedRows === 1 ? 'is' : 'are'} too large for any batch and will fail unsent, but ${quote.oversizedRows === 1 ? 'is' : 'are'} included in these numbers`,
    overBudgetRows > 0 &&
      `${rowsOf(overBudgetRows)} ${overBudgetRows === 1 ? 'is' : 'are'} larger than the whole enqueue budget (${[tokensOf(queue.tokensMax), requestsOf(queue.requestsMax)].filter((each) => each !== null).join(', ')}): a run pauses at the first of them`,
    prices === null && `no price is known for model ${quote.model}`,
    prices !== null && `prices as of ${prices.asOf} (${prices.source})`,
    outputTokens.max === null && 'answers have no length limit, so the worst case is unknown',
    outputTokens.expected === null &&
      `no average answer length was given, so there is no expected cost, only ${inputTokens.isBound ? 'bounds' : 'an estimated range'}`,
    perItem !== undefined &&
      outputTokens.max !== null &&
      perItem * items > outputTokens.max &&
      outputTokens.max > 0 &&
      'the expected answer length exceeds the limit: many answers will be cut off and fail',
    cap?.verdict === 'reached' &&
      `the cost cap of ${dollarsOf(cap.usd)} is reached before all rows are sent`,
    cap?.verdict === 'may_be_reached' &&
      `the cost cap of ${dollarsOf(cap.usd)} may be reached before all rows are sent`,
    cap?.verdict === 'unknown' &&
      `the cost cap of ${dollarsOf(cap.usd)} cannot be enforced, because a price or an answer length is unknown: batchor will refuse to start the run`,
    !inputTokens.isBound &&
      items > 0 &&
      `input tokens are an estimate, not a bound: the token counter ${inputTokens.counter} cannot count all that these rows may be billed (pictures, sound, files, hosted tools, stored conversations and prompts, parameters that it does not know), or does not know the tokens of ${quote.model}${cap === null ? '' : `; the cost cap of ${dollarsOf(cap.usd)} is enforced by this estimate and may be exceeded`}`,
  ];
  return sentences.filter((warning) => warning !== false);
};

const adoptedNote = ({
  retries,
  attemptsMax,
}: {
  retries: boolean;
  attemptsMax: number;
}): string =>
  retries
    ? `these numbers are of sending every row of the batches once more; rows that succeeded are not sent, and the others at most ${attemptsMax === 1 ? 'once' : `${attemptsMax} times`}`
    : 'nothing is sent for existing batches without retryAdopted; these numbers are of sending every row of them once more';

const countOf = (count: number, what: string): string =>
  `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
const rowsOf = (count: number): string => countOf(count, 'row');
/** Without an exponent. */
const dollarsOf = (usd: number): string =>
  `$${usd.toLocaleString('en-US', { maximumFractionDigits: 20, useGrouping: false })}`;
const tokensOf = (max: number | null): string | null =>
  max === null ? null : countOf(max, 'token');
const requestsOf = (max: number | null): string | null =>
  max === null ? null : countOf(max, 'request');
