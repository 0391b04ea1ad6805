/** What follows from a failure. `pause`: the row is retried without charge and the run pauses. */
export type FailureAction = 'retry_charged' | 'retry_uncharged' | 'fail' | 'pause';

interface FailurePolicy {
  readonly action: FailureAction;
  /** One line for the docs: when a row gets this class. */
  readonly when: string;
  /** One line for the docs: what to do about it while the row has attempts left. */
  readonly remedy: string;
  /**
   * True where the whole batch was refused and nothing was billed: attempts have no ceiling then,
   * the run pauses instead.
   */
  readonly isOfBatch?: true;
  /** True where the provider may have given an answer that does not satisfy the schema. */
  readonly isOfStructure?: true;
}

/**
 * The one failure table: what kind of failure a row had, and what follows. The order is the
 * numbering in the journal: append only. A class whose attempts are used up keeps its name and
 * becomes permanent.
 */
const table = {
  rate_limited: {
    action: 'retry_charged',
    when: 'the line says 429 for rate',
    remedy: 'none: it is asked again',
  },
  server_error: {
    action: 'retry_charged',
    when: 'the line says 5xx, a status of 0, or the response says it failed',
    remedy: 'none: it is asked again',
  },
  request_timeout: {
    action: 'retry_charged',
    when: 'the line says 408, 504 or `request_timeout`',
    remedy: 'none: it is asked again; fewer output tokens answer sooner',
  },
  batch_expired: {
    action: 'retry_uncharged',
    when: 'the batch expired before the row was answered',
    remedy: 'none: it is asked again; smaller batches are over sooner',
  },
  batch_cancelled: {
    action: 'retry_uncharged',
    when: 'the batch was cancelled before the row was answered',
    remedy: 'none: it is asked again',
  },
  missing_result: {
    action: 'retry_uncharged',
    when: 'the batch ended and neither file has a line for the row',
    remedy:
      'none: it is asked again; every line that speaks of the row: `batchor inspect --run-id RUN --item ID`',
  },
  over_capacity: {
    action: 'retry_uncharged',
    when: 'the provider refused the batch for its enqueue limit',
    remedy: 'none: it waits for capacity; a lower enqueue limit avoids the refusal',
    isOfBatch: true,
  },
  batch_rejected: {
    action: 'retry_uncharged',
    when: 'the batch failed validation, and not because of this row',
    remedy:
      'read what the provider said of the batch (`batchor inspect --run-id RUN --item ID`): model, endpoint or parameters may be at fault',
    isOfBatch: true,
  },
  malformed_result: {
    action: 'retry_charged',
    when: 'the line names the row, and what it holds is no answer',
    remedy: 'none: it is asked again; the line: `batchor inspect --run-id RUN --item ID`',
  },
  truncated: {
    action: 'fail',
    when: 'the answer stops at the output limit, or for a reason that is not known to end whole answers; the text so far is kept',
    remedy:
      'a new run with a higher output limit, or with `--raise-output-tokens-to N` (`raiseOutputTokensTo`)',
  },
  invalid_json: {
    action: 'retry_charged',
    when: 'a structured answer is not JSON',
    remedy: 'a stricter schema, or a higher output limit',
    isOfStructure: true,
  },
  schema_mismatch: {
    action: 'retry_charged',
    when: 'a structured answer does not satisfy the schema',
    remedy: 'a schema that the model can satisfy',
    isOfStructure: true,
  },
  invalid_request: {
    action: 'fail',
    when: 'the provider refused the request (4xx other than 408, 409, 425, 429)',
    remedy:
      'correct the request, and send it in a new run: what the provider says is in `raw_error`',
  },
  context_too_long: {
    action: 'fail',
    when: 'the prompt does not fit the model',
    remedy: 'a shorter prompt, or a model that takes more',
  },
  refusal: {
    action: 'fail',
    when: 'the model refused to answer',
    remedy: 'another prompt: what the model said is the message of the error',
  },
  content_filtered: {
    action: 'fail',
    when: 'a content filter stopped the answer',
    remedy: 'another prompt',
  },
  request_too_large: {
    action: 'fail',
    when: 'the request line alone is larger than a batch, or a file of the service, may be',
    remedy:
      'a smaller request; where the limit is yours, a higher one: `--max-bytes-per-batch` (`maxFileBytes`), `--max-batch-enqueued-tokens` (`maxBatchEnqueuedTokens`) or `maxInputTokens`',
  },
  insufficient_quota: {
    action: 'pause',
    when: 'the account is out of money',
    remedy: 'add credit or raise the spend limit',
    isOfBatch: true,
  },
  run_cancelled: {
    action: 'fail',
    when: 'the run was cancelled before the row was answered',
    remedy: 'a new run with these rows',
  },
  invalid_row: {
    action: 'fail',
    when: 'the source row cannot be an item (recorded by policy)',
    remedy: 'correct the row, and send it in a new run: file, line and reason are in the error',
  },
  empty_output: {
    action: 'retry_charged',
    when: 'the answer has no text, no call and no media',
    remedy: 'none: it is asked again; a higher output limit where the model reasons',
    isOfStructure: true,
  },
  fenced_json: {
    action: 'retry_charged',
    when: 'a structured answer stands in a code fence',
    remedy: 'a service that keeps strict schemas; the answer is in `output_text`',
    isOfStructure: true,
  },
  input_not_fetched: {
    action: 'retry_charged',
    when: 'an image or a file that the request names could not be fetched by the provider',
    remedy:
      'make sure that the provider can read the address, then a new run with the row; send the data in the request instead',
  },
  tool_call: {
    action: 'fail',
    when: 'a structured answer is a call of a tool, and no text that satisfies the schema',
    remedy:
      'answer the call, which is in `tool_calls`, in a request of a new run; or offer no tools',
    isOfStructure: true,
  },
} as const satisfies Readonly<Record<string, FailurePolicy>>;

/** Why a row failed. The class alone decides what follows: see `failureAction`. */
export type FailureClass = keyof typeof table;
/**
 * Every failure class, in the order of their codes. New ones are added at the end: stored rows hold
 * the code.
 */
export const failureClasses = Object.keys(table) as readonly FailureClass[];
/**
 * What follows from a failure of the class: another attempt, charged or not, a permanent failure,
 * or a pause of the run.
 */
export const failureAction = (failureClass: FailureClass): FailureAction =>
  table[failureClass].action;
/** When a row gets the class, for people. */
export const failureReason = (failureClass: FailureClass): string => table[failureClass].when;
/** What to do about a row that fails so and has attempts left, for people. */
export const failureRemedy = (failureClass: FailureClass): string => table[failureClass].remedy;
/**
 * What a user can do about a row that has failed for good: batchor does not retry it.
 * `isOfAdopted`: its batch was created elsewhere, so batchor sends nothing for it.
 */
export const endedRemedy = (failureClass: FailureClass, isOfAdopted = false): string => {
  const remedy = failureRemedy(failureClass);
  if (failureAction(failureClass) === 'fail') return remedy;
  const more = /^none: [^;]*/u.test(remedy) ? remedy.replace(/^none: [^;]*/u, '') : `; ${remedy}`;
  const why = isOfAdopted ? 'its batch was created elsewhere' : 'its attempts are used up';
  return `${why}, and it is not asked again: a new run with such rows (\`batchor start --from-run RUN --only ${failureClass}\`)${more}`;
};
/** True where the whole batch was refused, and not because of the row. */
export const isFailureOfBatch = (failureClass: FailureClass): boolean => {
  const policy: FailurePolicy = table[failureClass];
  return policy.isOfBatch === true;
};
/** True where the line is a success to the provider, and its text does not satisfy the schema. */
export const isFailureOfStructure = (failureClass: FailureClass): boolean => {
  const policy: FailurePolicy = table[failureClass];
  return policy.isOfStructure === true;
};
/** The number of a failure class in stored events and rows. It never changes. */
export const codeOfFailure = (failureClass: FailureClass): number =>
  failureClasses.indexOf(failureClass);
/**
 * The class of a stored code. A code that no class has, as a later release may write, is
 * `malformed_result`.
 */
export const failureOfCode = (code: number): FailureClass =>
  failureClasses[code] ?? 'malformed_result';
/** Whether the text names a failure class. */
export const isFailureClass = (text: string): text is FailureClass => Object.hasOwn(table, text);
