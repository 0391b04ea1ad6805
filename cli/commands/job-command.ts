import { Command, Option } from 'clipanion';
import type { CliContext } from '../shell/context.ts';
import { azureFlag, type ConnectionFlags, headerFlag } from '../shell/connection-flags.ts';
import { pricesFlag } from '../job/price-flag.ts';
import type { StartFlags } from '../job/start-flags.ts';
import { policyFlags } from './run-policy-flags.ts';

/** A command about rows that are to be sent: `quote` takes the flags of `start`, so that one word is changed to go from the one to the other. */
export abstract class JobCommand extends Command<CliContext> implements StartFlags, ConnectionFlags {
  readonly job = Option.String('--job', {
    description: 'A module that exports a job (default export, or MODULE#EXPORT), in place of all that follows; TypeScript too',
  });
  readonly fromRun = Option.String('--from-run', {
    description: 'In place of --input and prompts: rows of this finished run of the store, asked again',
  });
  readonly only = Option.String('--only', {
    description: 'With --from-run: failed (default), all, or failure classes with commas between them',
  });
  readonly input = Option.Array('--input', [], {
    description:
      'A .csv, .jsonl or .json file (also .gz, .zst), .parquet or .arrow; a pattern in quotes; - for standard input (repeatable)',
  });
  readonly inputFormat = Option.String('--input-format', {
    description: 'csv, jsonl, json, parquet or arrow, where names do not say it; openai-batch: its lines are requests already',
  });
  readonly delimiter = Option.String('--delimiter', {
    description: 'What stands between the fields of CSV files: a character, or tab (default: found by the header: , ; tab or |)',
  });
  readonly quote = Option.String('--quote', {
    description: `The quote of CSV files: '"' (default), "'", or none: quotes are text`,
  });
  readonly encoding = Option.String('--encoding', {
    description: 'The encoding of text files, e.g. windows-1252, utf-16le, shift_jis (default: by the byte order mark, else UTF-8)',
  });
  readonly jsonPath = Option.String('--json-path', {
    description:
      'Where the list of rows lies in JSON files: names with points between them, e.g. data.items (default: the file is the list)',
  });
  readonly namespaceIds = Option.Boolean('--namespace-ids', {
    description: "Put each file's name in front of its ids (default with several files, whose ids may be equal; --no-namespace-ids: never)",
  });
  readonly idField = Option.String('--id-field', { description: 'The field that tells rows apart' });
  readonly promptField = Option.String('--prompt-field', { description: 'The field that holds the prompt' });
  readonly promptTemplate = Option.String('--prompt-template', { description: 'A prompt with {{fields}}; \\{{ for the braces themselves' });
  readonly systemPrompt = Option.String('--system-prompt', { description: 'Instructions for every row' });
  readonly metadataField = Option.Array('--metadata-field', [], { description: 'A field to give back beside the answer (repeatable)' });
  readonly keepColumns = Option.Boolean('--keep-columns', false, { description: 'Give all other columns back beside the answer' });
  readonly model = Option.String('--model', { description: 'The model' });
  readonly endpoint = Option.String('--endpoint', {
    description: 'responses (default), chat.completions, embeddings, completions, moderations, or a path',
  });
  readonly schema = Option.String('--schema', { description: 'A file of JSON Schema that every answer has to satisfy' });
  readonly structuredOutput = Option.String('--structured-output', {
    description: 'The same, from code: MODULE#EXPORT of an io-ts codec, or a schema of Zod, ArkType or Valibot; TypeScript too',
  });
  readonly schemaName = Option.String('--schema-name', {
    description: "The schema's name at the provider (default: its own, else output)",
  });
  readonly param = Option.Array('--param', [], { description: 'Another body parameter, key=json (repeatable)' });
  readonly baseUrl = Option.String('--base-url', { description: "Address of the service (default: OPENAI_BASE_URL, else OpenAI's)" });
  readonly header = headerFlag();
  readonly azureApiVersion = azureFlag();
  readonly pollInterval = Option.String('--poll-interval', { description: 'Poll interval in seconds (default 60)' });
  readonly createGrace = Option.String('--create-grace', {
    description: 'Seconds for which a batch whose create got no answer is looked for before it is sent again (default 600)',
  });
  readonly deleteInputFiles = policyFlags.deleteInputFiles();
  readonly filesExpireAfter = policyFlags.filesExpireAfter();
  readonly outputFilesExpireAfter = policyFlags.outputFilesExpireAfter();
  readonly noRawOutput = Option.Boolean('--no-raw-output', false, {
    description: "Keep the results of each batch, and not the provider's files (default: both)",
  });
  readonly sendDuplicatesOnce = Option.Boolean('--send-duplicates-once', false, {
    description: 'Rows with the same request share one line, and its answer (default: each is sent)',
  });
  readonly completionWindow = Option.String('--completion-window', { description: 'How long the provider may take (default 24h)' });
  readonly raiseOutputTokensTo = Option.String('--raise-output-tokens-to', {
    description: 'Ask once more for truncated answers, with this output limit (default: they fail)',
  });
  readonly maxAttempts = Option.String('--max-attempts', { description: 'Attempts per row, the first included (default 3)' });
  readonly maxRequestsPerBatch = policyFlags.maxRequestsPerBatch();
  readonly maxBytesPerBatch = policyFlags.maxBytesPerBatch();
  readonly badRows = policyFlags.badRows();
  readonly limit = Option.String('--limit', { description: 'Only the first rows' });
  readonly prices = pricesFlag();
  readonly maxCost = policyFlags.maxCost();
  readonly assumeOutputTokens = policyFlags.assumeOutputTokens();
  readonly canary = policyFlags.canary();
  readonly canaryPassRatio = Option.String('--canary-pass-ratio', {
    description: 'The share of the canary that has to pass (default 0.9)',
  });
  readonly maxFailedBatches = policyFlags.maxFailedBatches();
  readonly minPassRatio = Option.String('--min-pass-ratio', {
    description: 'Pause when of a thousand rows a smaller share passes (default 0.1; 0: never)',
  });
  readonly enqueuedTokenLimit = policyFlags.enqueuedTokenLimit();
  readonly enqueuedRequestLimit = policyFlags.enqueuedRequestLimit();
  readonly targetRatio = policyFlags.targetRatio();
  readonly headroom = policyFlags.headroom();
  readonly maxBatchEnqueuedTokens = Option.String('--max-batch-enqueued-tokens', {
    description: 'At most so many prompt tokens in one batch (default: no limit but those of the queue)',
  });
  readonly quotaScope = Option.String('--quota-scope', {
    description: 'The queue: runs of a store with one scope share it (default: one for each service and model)',
  });
}
