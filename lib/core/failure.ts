/** What follows from a failure. `pause`: the row is retried without charge and the run pauses. */
export type FailureAction = 'retry_charged' | 'retry_uncharged' | 'fail' | 'pause';

interface FailurePolicy {
  readonly action: FailureAction;
  /** One line for the docs: when a row gets this class. */
  readonly when: string;
}

/**
 * The one failure table: what kind of failure a row had, and what follows. The order is the numbering in the journal: append only.
 * A class whose attempts are used up keeps its name and becomes permanent.
 */
const table = {
  rate_limited: { action: 'retry_charged', when: 'the line says 429 for rate' },
  server_error: { action: 'retry_charged', when: 'the line says 5xx, a status of 0, or the response says it failed' },
  request_timeout: { action: 'retry_charged', when: 'the line says 408, 504 or `request_timeout`' },
  batch_expired: { action: 'retry_uncharged', when: 'the batch expired before the row was answered' },
  batch_cancelled: { action: 'retry_uncharged', when: 'the batch was cancelled before the row was answered' },
  missing_result: { action: 'retry_uncharged', when: 'the batch ended and neither file has a line for the row' },
  over_capacity: { action: 'retry_uncharged', when: 'the provider refused the batch for its enqueue limit' },
  batch_rejected: { action: 'retry_uncharged', when: 'the batch failed validation, and not because of this row' },
  malformed_result: { action: 'retry_charged', when: 'the answer line cannot be read as one' },
  truncated: { action: 'fail', when: 'the answer stops at the output limit; the text so far is kept' },
  invalid_json: { action: 'retry_charged', when: 'a structured answer is not JSON' },
  schema_mismatch: { action: 'retry_charged', when: 'a structured answer does not satisfy the schema' },
  invalid_request: { action: 'fail', when: 'the provider refused the request (4xx other than 408, 409, 425, 429)' },
  context_too_long: { action: 'fail', when: 'the prompt does not fit the model' },
  refusal: { action: 'fail', when: 'the model refused to answer' },
  content_filtered: { action: 'fail', when: 'a content filter stopped the answer' },
  request_too_large: { action: 'fail', when: 'the request line alone is larger than a batch may be' },
  insufficient_quota: { action: 'pause', when: 'the account is out of money' },
  run_cancelled: { action: 'fail', when: 'the run was cancelled before the row was answered' },
  invalid_row: { action: 'fail', when: 'the source row cannot be an item (recorded by policy)' },
} as const satisfies Readonly<Record<string, FailurePolicy>>;

export type FailureClass = keyof typeof table;
export const failureClasses = Object.keys(table) as readonly FailureClass[];
export const failureAction = (failureClass: FailureClass): FailureAction => table[failureClass].action;
/** When a row gets the class, for people. */
export const failureReason = (failureClass: FailureClass): string => table[failureClass].when;
/** The class's number in events and rows. */
export const codeOfFailure = (failureClass: FailureClass): number => failureClasses.indexOf(failureClass);
export const failureOfCode = (code: number): FailureClass => failureClasses[code] ?? 'malformed_result';
export const isFailureClass = (text: string): text is FailureClass => Object.hasOwn(table, text);
