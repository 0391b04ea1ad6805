/** A warning of a summary. `retryAt`: the time of the next try, or when it was noticed. */
export interface RetryingError {
  readonly what: string;
  readonly count: number;
  readonly message: string;
  readonly retryAt: Date;
}
