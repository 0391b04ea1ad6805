import { Command, Option } from 'clipanion';
import { isRunId } from '../../lib/core/ids.ts';
import type { ExitCode } from '../exit-codes.ts';
import { invalidRunId } from '../flags.ts';
import type { Place } from '../place.ts';
import { StoreCommand } from './store-command.ts';

export class StartCommand extends StoreCommand {
  static override readonly paths = [['start']];
  static override readonly usage = Command.Usage({
    description: 'Send the rows of files as batches',
    details: `
      Creates a durable run and sends its rows. Without \`--wait\` it returns once all input is read and every batch is sent
      that may be; \`wait\` collects the answers. With \`--wait\` it stays to the end. Prints the run's summary as JSON.

      With the \`--run-id\` of a run that exists, that run goes on: the same flags are needed, and a paused run is not resumed.

      The key is read from OPENAI_API_KEY, in the environment or in a .env file here, never from the command line.

      Exit codes: 0 ok, 1 usage, 2 finished with failures, 3 failed, 4 stopped before the end (paused, cancelled, bad rows,
      unresolved), 5 owned by another process, 130 interrupted.
    `,
    examples: [
      ['Ask one question per row, and wait', '$0 start --input reviews.csv --id-field id --prompt-field text --model gpt-4.1 --wait'],
      [
        'See the first requests; nothing is sent',
        '$0 start --input reviews.csv --id-field id --prompt-template "Sum up: {{text}}" --model gpt-4.1 --dry-run --limit 3',
      ],
    ],
  });

  readonly input = Option.Array('--input', [], { description: 'A .csv, .jsonl or .ndjson file; again for more files' });
  readonly idField = Option.String('--id-field', { description: 'The field that tells rows apart' });
  readonly promptField = Option.String('--prompt-field', { description: 'The field that holds the prompt' });
  readonly promptTemplate = Option.String('--prompt-template', { description: 'A prompt with {{fields}}; \\{{ for the braces themselves' });
  readonly systemPrompt = Option.String('--system-prompt', { description: 'Instructions for every row' });
  readonly metadataField = Option.Array('--metadata-field', [], { description: 'A field to give back beside the answer; again for more' });
  readonly keepColumns = Option.Boolean('--keep-columns', false, { description: 'Give all other columns back beside the answer' });
  readonly model = Option.String('--model', { description: 'The model' });
  readonly endpoint = Option.String('--endpoint', 'responses', {
    description: 'responses (default), chat.completions, embeddings, completions, moderations, or a path',
  });
  readonly param = Option.Array('--param', [], { description: 'Another body parameter, key=json; again for more' });
  readonly runId = Option.String('--run-id', { description: "The run's name; one that exists goes on (default: a new one)" });
  readonly baseUrl = Option.String('--base-url', { description: "Address of the service (default: OPENAI_BASE_URL, else OpenAI's)" });
  readonly pollInterval = Option.String('--poll-interval', { description: 'Seconds between looks at the batches (default 60)' });
  readonly createGrace = Option.String('--create-grace', {
    description: 'Seconds for which a batch whose create got no answer is looked for before it is sent again (default 600)',
  });
  readonly deleteInputFiles = Option.Boolean('--delete-input-files', false, {
    description: 'Delete each input file at the provider once its batch is over (default: they expire)',
  });
  readonly completionWindow = Option.String('--completion-window', '24h', { description: 'How long the provider may take (default 24h)' });
  readonly maxAttempts = Option.String('--max-attempts', { description: 'Attempts per row, the first included (default 3)' });
  readonly maxRequestsPerBatch = Option.String('--max-requests-per-batch', {
    description: "At most so many rows per batch (default: the provider's limit)",
  });
  readonly maxBytesPerBatch = Option.String('--max-bytes-per-batch', {
    description: "At most so many bytes per batch (default: the provider's limit)",
  });
  readonly badRows = Option.String('--bad-rows', {
    description: 'Rows that cannot be items: fail (default; pause at the first) or record (as failed items)',
  });
  readonly limit = Option.String('--limit', { description: 'Only the first rows' });
  readonly dryRun = Option.Boolean('--dry-run', false, { description: 'Print the first requests (3, or --limit) and send nothing' });
  readonly wait = Option.Boolean('--wait', false, { description: 'Stay until the run is finished' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context } = this;
    const { describeJob } = await import('../start-flags.ts');
    if (this.runId !== undefined && !isRunId(this.runId)) throw invalidRunId(this.runId);
    if (this.dryRun) {
      const description = await describeJob(this, { cwd: context.cwd, baseUrl: null });
      const { dryRun } = await import('../dry-run.ts');
      return dryRun(description, context, new AbortController().signal);
    }
    const [{ accountFor }, { startRun }] = await Promise.all([import('../account.ts'), import('../start-run.ts')]);
    const account = accountFor(place.loaded, this.baseUrl);
    const description = await describeJob(this, { cwd: context.cwd, baseUrl: account.baseUrl });
    return startRun({
      context,
      place,
      account,
      description,
      runId: this.runId,
      baseUrlFlag: this.baseUrl,
      goal: this.wait ? 'finished' : 'submitted',
    });
  }
}
