/** A count, and whether it is what the provider will bill. */
export interface CountedTokens {
  readonly tokens: number;
  /** False: an estimate, which may be too high or too low. No bound. */
  readonly isExact: boolean;
}

/** Counts prompt tokens where a budget needs them. */
export interface TokenCounter {
  readonly name: string;
  /** False: an upper bound, or an estimate. Runs say which. */
  readonly isExact: boolean;
  /** Tokens of a request line; an upper bound where exactness costs too much. */
  count(text: string, model: string): number;
  /**
   * The same, and whether this line's count is exact: a counter that counts text may only estimate
   * pictures, or models that it does not know. Default: `count`, as exact as the counter says of
   * itself.
   */
  measure?(text: string, model: string): CountedTokens;
  /**
   * Whether `measure` would call this line's count exact, without counting it. Quotes ask it of
   * rows that they do not count.
   */
  measuresExactly?(text: string, model: string): boolean;
}
