import type { ControlReason } from '../../core/model/snapshot.ts';
import type { ServiceTraits } from '../../core/values/service-traits.ts';

/** How a user does what helps: by calls of a program, or by commands of the command line. */
export interface Ways {
  readonly resume: string;
  readonly recordBadRows: string;
  readonly raiseCostCap: string;
  readonly raiseQueueTokens: string;
  readonly allowRefusedBatches: string;
  /** Null: the run has no canary. */
  readonly dropCanary: string | null;
  readonly cancel: string;
  /** Cancels, and waits for what is left to do. */
  readonly end: string;
  readonly wait: string;
  readonly status: string;
  readonly partialResults: string;
  readonly readAgain: string;
  readonly resultsLost: string;
  readonly batchExists: string;
  readonly neverCreated: string;
  /** `resultsLost`, where its batch was named before. */
  readonly lost: string;
}

/** How a user finds the batch of an unconfirmed create, by what the service keeps of its key. */
export const findsBy = (correlates: ServiceTraits['correlates']): string => {
  if (correlates === 'metadata') return 'by its metadata (batchor_batch_key)';
  return correlates === 'display_name'
    ? 'by its name, which has the key of the batch'
    : 'by its creation time and its number of requests, since it carries no key';
};
/** The same, where the service is not known. */
export const findsByAny =
  'by its key, in its metadata (batchor_batch_key) or its name, or by its creation time and its number of requests where the provider shows neither';

/** The next step for a paused run, by the reason of the pause. */
export const whatHelps = (reason: ControlReason, ways: Ways): string => byReason[reason](ways);

const byReason: Readonly<Record<ControlReason, (ways: Ways) => string>> = {
  manual: ({ resume }) => `Resume: ${resume}`,
  bad_rows: ({ recordBadRows }) =>
    `Resume and record bad rows as failed items: ${recordBadRows}. Or correct the row and start a new run.`,
  insufficient_quota: ({ resume }) =>
    `Add credit or raise the spend limit at the provider, then: ${resume}`,
  authentication_failed: ({ resume }) =>
    `Set a key that belongs to this address and project, then: ${resume}`,
  source_unreadable: ({ resume }) =>
    `Restore the input file, unchanged and readable, then: ${resume}`,
  source_changed: ({ resume }) => `Restore what the run reads, as it was, then: ${resume}`,
  cancelled_at_provider: ({ resume, cancel }) =>
    `Its finished answers are kept. Send the other rows again: ${resume}. Or end the run: ${cancel}`,
  provider_refused: ({ resume, end }) =>
    `Fix what the provider refuses, then: ${resume}. A run cannot change its requests: if those are wrong, end it (${end}) and start a new one.`,
  budget_exhausted: ({ raiseCostCap, raiseQueueTokens, status }) =>
    `Raise the limit that is used up. Cost cap: ${raiseCostCap}. Queue tokens: ${raiseQueueTokens}. Cost so far: ${status}`,
  circuit_open: ({ resume, end, allowRefusedBatches, dropCanary }) =>
    `If the job is wrong, end this run (${end}) and start a new one. To try again: ${resume}. To allow more refused batches: ${allowRefusedBatches}${dropCanary === null ? '' : `. Without a canary: ${dropCanary}`}`,
  results_unavailable: ({ status, readAgain, resume, resultsLost }) =>
    `List the held batches: ${status}. Download their files again: ${readAgain}, or all of them: ${resume}. If their files are lost: ${resultsLost}`,
  results_unreadable: ({ status, readAgain, wait, resultsLost }) =>
    `List the held batches and the errors in their files: ${status}. None of their rows is sent again. Fix the connection to the provider, then download their files again: ${readAgain}, then: ${wait}. If the answers are lost, keep the readable ones and send the other rows again, which are billed again: ${resultsLost}`,
  batch_unresolved: ({ status, batchExists, neverCreated, lost, resume, partialResults }) =>
    `List the held batches and the reasons: ${status}. For an unconfirmed create, find the batch at the provider ${findsByAny}, then ${batchExists}, or ${neverCreated}. For a batch with an id that is lost, or whose files are: ${lost}. To check again: ${resume}. Finished results: ${partialResults}`,
};

/** In a program. */
export const waysOfProgram = {
  resume: 'run.resume()',
  recordBadRows: "run.resume({ badRows: 'record' })",
  raiseCostCap: 'run.resume({ costUsdMax })',
  raiseQueueTokens: 'run.resume({ enqueueLimits })',
  allowRefusedBatches: 'run.resume({ circuitBreaker })',
  dropCanary: 'run.resume({ canary: null })',
  cancel: 'run.cancel()',
  end: 'run.cancel()',
  wait: 'run.wait()',
  status: 'run.summary()',
  partialResults: 'run.results()',
  readAgain: "run.resolve(batchKey, 'read_again')",
  resultsLost: "run.resolve(batchKey, 'results_lost')",
  batchExists: 'run.resolve(batchKey, { exists: id })',
  neverCreated: "run.resolve(batchKey, 'never_created')",
  lost: "run.resolve(batchKey, 'results_lost')",
} satisfies Ways;
