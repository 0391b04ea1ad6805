/** What goes wrong again and again, or needs an operator, as a summary shows it; `retryAt`: when it is tried next, or was noticed. */
export interface Trouble {
  readonly what: string;
  readonly count: number;
  readonly message: string;
  readonly retryAt: Date;
}
