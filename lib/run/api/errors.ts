import type { JsonValue } from '../../core/json/json.ts';
import type { ControlReason, RunStatus } from '../../core/model/snapshot.ts';
import type { SchemaProblem } from '../../schema/problem.ts';

/** One field in which the given job differs from the stored run. */
export interface JobDifference {
  readonly field: string;
  readonly stored: JsonValue;
  readonly given: JsonValue;
  readonly remedy: string;
}

/** The `details` of each code. */
export interface BatchorErrorDetails {
  // the job is wrong
  invalid_config: { readonly field: string };
  invalid_run_id: { readonly runId: string };
  /** An existing batch cannot become a run; `line`: the invalid 1-based line of its input file. */
  batch_not_adoptable: { readonly batchId: string; readonly line: number | null };
  /** Run `runId` already sends the failed rows of this adopted batch again. */
  batch_already_retried: { readonly runId: string; readonly batchId: string };
  /** Another start adopts one of these batches with retries at this moment. */
  batch_retry_under_way: { readonly runId: string; readonly batchIds: readonly string[] };
  /** The provider would reject the schema, and so every request. */
  schema_not_strict: { readonly violations: readonly SchemaProblem[] };
  /** No strict JSON Schema expresses parts of the schema; `vendor`: the schema's library. */
  schema_unsupported: { readonly vendor: string; readonly violations: readonly SchemaProblem[] };
  // the environment is wrong
  api_key_missing: { readonly variable: string };
  authentication_failed: object;
  insufficient_quota: object;
  provider_not_configured: { readonly kind: string; readonly connection: string };
  provider_refused: { readonly statusCode: number | null; readonly requestId: string | null };
  provider_unavailable: object;
  price_unknown: { readonly model: string; readonly connection: string };
  dependency_missing: { readonly package: string };
  // resuming
  run_not_found: { readonly runId: string; readonly storage: string };
  run_exists: { readonly runId: string };
  job_changed: { readonly runId: string; readonly differences: readonly JobDifference[] };
  source_changed: {
    readonly ref: string;
    readonly storedFingerprint: string;
    readonly foundFingerprint: string;
    readonly nextIndex: number;
  };
  source_required: {
    readonly runId: string;
    readonly kind: string;
    readonly ref: string;
    readonly nextIndex: number;
  };
  source_unreadable: {
    readonly ref: string;
    readonly line: number | null;
    readonly field: string | null;
  };
  // reading
  item_not_found: { readonly runId: string; readonly itemId: string };
  // control
  run_not_finished: { readonly runId: string; readonly openCount: number };
  run_finished: { readonly runId: string; readonly status: RunStatus };
  run_paused: {
    readonly runId: string;
    readonly reason: ControlReason;
    readonly message: string | null;
  };
  /** Too many owners ended while driving it, so workers leave it alone. */
  run_quarantined: { readonly runId: string; readonly lostOwners: number };
  run_owned_elsewhere: { readonly runId: string; readonly owner: string };
  /** Adopted batches are in progress. Cancelling them requires an explicit option. */
  adopted_batches_in_progress: { readonly runId: string; readonly batchIds: readonly string[] };
  wait_timed_out: { readonly runId: string; readonly timeoutMs: number };
  batch_not_resolved: { readonly runId: string; readonly batchKey: string };
  batch_unresolved: { readonly runId: string; readonly batchKeys: readonly string[] };
  runner_closed: object;
  // durable state
  store_unavailable: { readonly storage: string };
  store_too_new: { readonly storage: string };
  artifact_root_differs: { readonly storage: string };
  store_corrupt: { readonly where: string; readonly runId: string };
  lease_lost: { readonly runId: string; readonly owner: string | null };
  /** Raw files are removed only after an export. */
  artifacts_not_exported: { readonly runId: string };
  artifact_missing: { readonly object: string };
  // bugs in batchor
  invariant_violated: { readonly law: string };
}
/** The code of a `BatchorError`: what failed. `BatchorErrorDetails` has the details of each. */
export type BatchorErrorCode = keyof BatchorErrorDetails;

const mark = Symbol.for('batchor.error');

/**
 * The only error that this library throws on purpose. `message` says what failed and where, `hint`
 * what to do. Neither contains a secret or a payload.
 */
export class BatchorError<Code extends BatchorErrorCode = BatchorErrorCode> extends Error {
  override readonly name = 'BatchorError';
  readonly code: Code;
  readonly details: BatchorErrorDetails[Code];
  readonly hint: string;
  /** True unless the error is a bug in batchor. A command line then prints no stack. */
  readonly isUserFault: boolean;
  constructor(
    code: Code,
    details: BatchorErrorDetails[Code],
    message: string,
    hint: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
    this.hint = hint;
    this.isUserFault = !ourFaults.has(code);
    Object.defineProperty(this, mark, { value: true });
  }
}

const ourFaults: ReadonlySet<BatchorErrorCode> = new Set(['invariant_violated']);

/** Unlike `instanceof`, works across duplicate copies of the package. */
export const isBatchorError = <Code extends BatchorErrorCode = BatchorErrorCode>(
  error: unknown,
  code?: Code,
): error is BatchorError<Code> =>
  typeof error === 'object' &&
  error !== null &&
  mark in error &&
  (code === undefined || (error as unknown as BatchorError).code === code);
