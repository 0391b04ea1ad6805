import { Command, Option } from 'clipanion';
import { CliFailure } from '../shell/failure.ts';
import type { CliContext } from '../shell/context.ts';
import {
  azureFlag,
  type ConnectionFlags,
  headerFlag,
  providerFlag,
} from '../shell/connection-flags.ts';
import { pricesFlag } from '../job/price-flag.ts';
import type { StartFlags } from '../job/job-flags.ts';
import { policyFlags } from './run-policy-flags.ts';

/**
 * A command that describes rows to send: `quote` takes the flags of `start`, so you change only the
 * command's name.
 */
export abstract class JobCommand
  extends Command<CliContext>
  implements StartFlags, ConnectionFlags
{
  readonly job = Option.String('--job', {
    description:
      'JavaScript or TypeScript module that exports a job (its default export, or MODULE#EXPORT); replaces the flags that describe rows',
  });
  readonly fromRun = Option.String('--from-run', {
    description: 'Send rows of this finished run again, in place of --input and prompts',
  });
  readonly only = Option.String('--only', {
    description: 'With --from-run: failed (default), all, or failure classes separated by commas',
  });
  readonly fromBatch = Option.Array('--from-batch', [], {
    description:
      'Adopt a batch that was created elsewhere, by its id, in place of --input and prompts; its requests become rows (repeatable)',
  });
  readonly retryAdopted = Option.Boolean('--retry-adopted', false, {
    description:
      'With --from-batch: send rows again whose error is retryable or that have no answer (default: they fail)',
  });
  readonly input = Option.Array('--input', [], {
    description:
      'Input file: .csv, .jsonl or .json (also .gz, .zst), .parquet or .arrow; a quoted pattern; - for standard input (repeatable)',
  });
  readonly inputFormat = Option.String('--input-format', {
    description:
      'Format of the input: csv, jsonl, json, parquet, arrow; or openai-batch, anthropic-batch, gemini-batch, mistral-batch, together-batch for a file of requests (default: by the file name; requests are recognised)',
  });
  readonly delimiter = Option.String('--delimiter', {
    description:
      'Field delimiter of CSV files: one character, or comma, semicolon, tab or pipe (default: detected from the header: , ; tab or |)',
  });
  readonly quote = Option.String('--quote', {
    description: `Quote character of CSV files: '"' (default), "'", or none (quotes are text)`,
  });
  readonly encoding = Option.String('--encoding', {
    description:
      'Encoding of text files, e.g. windows-1252, utf-16le, shift_jis (default: by the byte order mark, else UTF-8)',
  });
  readonly jsonPath = Option.String('--json-path', {
    description:
      'Path of the list of rows in JSON files, names separated by points, e.g. data.items (default: the file is the list)',
  });
  readonly maxRowBytes = Option.String('--max-row-bytes', {
    description:
      'Longest row of text files, e.g. 64MiB; a longer row is a bad row (default 16MiB, at most 256MiB)',
  });
  readonly namespaceIds = Option.Boolean('--namespace-ids', {
    description:
      'Prefix ids with the file name (default: only with several files, whose ids may be equal; --no-namespace-ids: never)',
  });
  readonly idField = Option.String('--id-field', {
    description: 'Field with the id of the row, unique in the run',
  });
  readonly promptField = Option.String('--prompt-field', { description: 'Field with the prompt' });
  readonly messagesField = Option.String('--messages-field', {
    description:
      'Field with chat messages: a list, or a text that is such a list as JSON, e.g. in a CSV file',
  });
  readonly promptTemplate = Option.String('--prompt-template', {
    description: 'Prompt with {{fields}} of the row; write \\{{ for literal braces',
  });
  readonly systemPrompt = Option.String('--system-prompt', {
    description: 'Instructions for every row',
  });
  readonly metadataField = Option.Array('--metadata-field', [], {
    description: 'Field to copy into the result (repeatable)',
  });
  readonly keepColumns = Option.Boolean('--keep-columns', false, {
    description: 'Copy all other columns into the result',
  });
  readonly model = Option.String('--model', { description: 'Model, e.g. gpt-4.1' });
  readonly endpoint = Option.String('--endpoint', {
    description:
      'Endpoint: responses (default), chat.completions, embeddings, completions, moderations, or a path; of Anthropic messages; of Gemini generateContent (default) or embedContent',
  });
  readonly schema = Option.String('--schema', {
    description: 'JSON Schema file that every answer must satisfy',
  });
  readonly structuredOutput = Option.String('--structured-output', {
    description:
      'Schema from code: MODULE#EXPORT of an io-ts codec, or of a Zod, ArkType or Valibot schema (JavaScript or TypeScript)',
  });
  readonly schemaName = Option.String('--schema-name', {
    description: 'Name of the schema at the provider (default: its own name, else output)',
  });
  readonly param = Option.Array('--param', [], {
    description: 'Additional body parameter, key=json (repeatable)',
  });
  readonly provider = providerFlag();
  readonly baseUrl = Option.String('--base-url', {
    description:
      "Address of the service (default: OPENAI_BASE_URL, or the provider's own variable, else its own address)",
  });
  readonly header = headerFlag();
  readonly azureApiVersion = azureFlag();
  readonly pollInterval = Option.String('--poll-interval', {
    description: 'Poll interval in seconds (default 60)',
  });
  readonly createGrace = Option.String('--create-grace', {
    description:
      'Seconds to search for a batch whose create got no answer, before it is sent again (default 600)',
  });
  readonly deleteInputFiles = policyFlags.deleteInputFiles();
  readonly filesExpireAfter = policyFlags.filesExpireAfter();
  readonly outputFilesExpireAfter = policyFlags.outputFilesExpireAfter();
  readonly noRawOutput = Option.Boolean('--no-raw-output', false, {
    description: "Do not keep the provider's files, only the results (default: keep both)",
  });
  readonly sendDuplicatesOnce = Option.Boolean('--send-duplicates-once', false, {
    description: 'Send identical requests once and share the answer (default: send each row)',
  });
  readonly completionWindow = Option.String('--completion-window', {
    description: 'Completion window of a batch, as the provider takes it (default 24h)',
  });
  readonly raiseOutputTokensTo = Option.String('--raise-output-tokens-to', {
    description: 'Retry a truncated answer once with this output token limit (default: it fails)',
  });
  readonly maxAttempts = Option.String('--max-attempts', {
    description: 'Attempts per row, including the first (default 3)',
  });
  readonly maxRequestsPerBatch = policyFlags.maxRequestsPerBatch();
  readonly maxBytesPerBatch = policyFlags.maxBytesPerBatch();
  readonly badRows = policyFlags.badRows();
  readonly limit = Option.String('--limit', {
    description: 'Read only the first N rows (default: all)',
  });
  readonly prices = pricesFlag();
  readonly maxCost = policyFlags.maxCost();
  readonly assumeOutputTokens = policyFlags.assumeOutputTokens();
  readonly canary = policyFlags.canary();
  readonly canaryPassRatio = Option.String('--canary-pass-ratio', {
    description: 'Share of the canary rows that must succeed, 0 to 1 (default 0.9)',
  });
  readonly maxFailedBatches = policyFlags.maxFailedBatches();
  readonly minPassRatio = Option.String('--min-pass-ratio', {
    description:
      'Pause when the success rate over 1,000 rows falls below this, 0 to 1 (default 0.1; 0: never)',
  });
  readonly enqueuedTokenLimit = policyFlags.enqueuedTokenLimit();
  readonly enqueuedRequestLimit = policyFlags.enqueuedRequestLimit();
  readonly targetRatio = policyFlags.targetRatio();
  readonly headroom = policyFlags.headroom();
  readonly maxBatchEnqueuedTokens = Option.String('--max-batch-enqueued-tokens', {
    description: 'Maximum prompt tokens per batch (default: only the limits of the queue)',
  });
  readonly quotaScope = Option.String('--quota-scope', {
    description:
      'Name of the queue; runs of a store with the same scope share its limits (default: one per service and model)',
  });
}

/** Throws for a flag about batches that were created elsewhere, without such batches. */
export const requireAdopted = ({
  fromBatch,
  retryAdopted,
}: Pick<JobCommand, 'fromBatch' | 'retryAdopted'>): void => {
  if (fromBatch.length === 0 && retryAdopted)
    throw new CliFailure('--retry-adopted goes with --from-batch', {
      hint: 'Rows that batchor sends itself are always retried.',
    });
};
