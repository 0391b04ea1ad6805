import { Option } from 'clipanion';

const text = (flag: string, description: string) => (): string | undefined =>
  Option.String(flag, { description });

/** Flags that `start` sets and `resume` may change: defined once, so that both mean the same. */
export const policyFlags = {
  badRows: text(
    '--bad-rows',
    'How to handle bad rows: fail (default; pause at the first one) or record (as failed items)',
  ),
  maxCost: text(
    '--max-cost',
    'Cost cap of the run in US dollars; the run pauses before it can exceed the cap. Needs a known price and a limit on output tokens. Estimated where tokens cannot be counted',
  ),
  assumeOutputTokens: text(
    '--assume-output-tokens',
    'Maximum output tokens of one answer, where no parameter limits them',
  ),
  canary: text(
    '--canary',
    'Number of rows to send first; the others follow once enough of these succeed (default 0: no canary)',
  ),
  enqueuedTokenLimit: text(
    '--enqueued-token-limit',
    "Prompt tokens that fit into the provider's queue (default: learned from the provider)",
  ),
  enqueuedRequestLimit: text(
    '--enqueued-request-limit',
    "Requests that fit into the provider's queue (default: learned from the provider)",
  ),
  targetRatio: text('--target-ratio', 'Share of the limits to use, above 0 to 1 (default 1)'),
  headroom: text(
    '--headroom',
    'Tokens of the limit to leave free for other users of the account (default 0)',
  ),
  maxRequestsPerBatch: text(
    '--max-requests-per-batch',
    "Maximum rows per batch (default: the provider's limit); applies to batches that are not created yet",
  ),
  maxBytesPerBatch: text(
    '--max-bytes-per-batch',
    "Maximum bytes per batch (default: the provider's limit); applies to batches that are not created yet",
  ),
  maxFailedBatches: text(
    '--max-failed-batches',
    'Pause after this number of consecutive batches that the provider refuses as a whole (default 3)',
  ),
  deleteInputFiles: (): boolean | undefined =>
    Option.Boolean('--delete-input-files', {
      description:
        'Delete each input file at the provider once its batch has ended (default: it expires)',
    }),
  filesExpireAfter: text(
    '--files-expire-after',
    "Seconds after which the provider deletes input files, 3600 to 2592000 (default: the provider's, 30 days at OpenAI)",
  ),
  outputFilesExpireAfter: text(
    '--output-files-expire-after',
    "Seconds after which the provider deletes output and error files, 3600 to 2592000 (default: the provider's, 30 days at OpenAI). Collect the answers before",
  ),
};
