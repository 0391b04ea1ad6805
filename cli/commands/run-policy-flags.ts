import { Option } from 'clipanion';

const text = (flag: string, description: string) => (): string | undefined => Option.String(flag, { description });

/** What `start` says of a run and `resume` may say anew: each flag once, so that both mean the same. */
export const policyFlags = {
  badRows: text('--bad-rows', 'Rows that cannot be items: fail (default; pause at the first) or record (as failed items)'),
  maxCost: text(
    '--max-cost',
    'Dollars, in all: the run pauses before it could have cost more, by estimate where tokens cannot be counted (needs a known price, and a bound of the answers)',
  ),
  assumeOutputTokens: text('--assume-output-tokens', 'Output tokens of one answer at most, where no parameter bounds them'),
  canary: text('--canary', 'Send so many rows first, and the others only when enough of them pass; 0: none (default)'),
  enqueuedTokenLimit: text('--enqueued-token-limit', "Prompt tokens that the provider's queue takes (default: learned from the provider)"),
  enqueuedRequestLimit: text('--enqueued-request-limit', "Requests that the provider's queue takes (default: learned from the provider)"),
  targetRatio: text('--target-ratio', 'Use this share of the limits (default 1)'),
  headroom: text('--headroom', 'Tokens of the limit to leave free for other users of the account (default 0)'),
  maxRequestsPerBatch: text(
    '--max-requests-per-batch',
    "At most so many rows per batch (default: the provider's limit); batches that are not created yet are cut to it",
  ),
  maxBytesPerBatch: text(
    '--max-bytes-per-batch',
    "At most so many bytes per batch (default: the provider's limit); batches that are not created yet are cut to it",
  ),
  maxFailedBatches: text('--max-failed-batches', 'Pause after so many batches in a row that the provider refuses as a whole (default 3)'),
  deleteInputFiles: (): boolean | undefined =>
    Option.Boolean('--delete-input-files', {
      description: 'Delete each input file at the provider once its batch is over (default: they expire)',
    }),
  filesExpireAfter: text(
    '--files-expire-after',
    'Seconds after which the provider deletes input files by itself, 3600 to 2592000 (default: its own, 30 days at OpenAI)',
  ),
  outputFilesExpireAfter: text(
    '--output-files-expire-after',
    'The same of output and error files: download them before that (default: its own, 30 days at OpenAI)',
  ),
};
