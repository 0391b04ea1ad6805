/** Counts prompt tokens where a budget needs them. */
export interface TokenCounter {
  readonly name: string;
  /** False: an upper bound, or an estimate. Runs say which. */
  readonly isExact: boolean;
  /** Tokens of a request line; an upper bound where exactness costs too much. */
  count(text: string, model: string): number;
}
