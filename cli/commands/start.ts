import { existsSync } from 'node:fs';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { FoundBatches } from '../../lib/run/sources/found-batches.ts';
import type { Account } from '../compose.ts';
import type { Description } from '../job/job-description.ts';
import type { JobPlace } from '../job/start-flags.ts';
import { writeNotes } from '../print/render.ts';
import { Command, Option } from 'clipanion';
import type { RunConfig } from '../../lib/core/model/config.ts';
import { isRunId } from '../../lib/core/values/ids.ts';
import type { ExitCode } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { invalidRunId, wholeNumber } from '../shell/flags.ts';
import type { Runs } from '../job/job.ts';
import type { Place } from '../shell/place.ts';
import { JobCommand } from './job-command.ts';
import { serviceNotes } from '../print/service-notes.ts';
import { artifactsFlag, inPlace, storeFlag } from './store-command.ts';

export class StartCommand extends JobCommand {
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

  readonly store = storeFlag();
  readonly artifacts = artifactsFlag();
  readonly runId = Option.String('--run-id', { description: "The run's name; one that exists goes on (default: a new one)" });
  readonly fromBatch = Option.Array('--from-batch', [], {
    description: 'In place of --input and prompts: a batch that was created elsewhere, by its id; its requests become rows; again for more',
  });
  readonly retryAdopted = Option.Boolean('--retry-adopted', false, {
    description: 'With --from-batch: send rows again that failed in a way worth a retry, or were not answered (default: they fail)',
  });
  readonly dryRun = Option.Boolean('--dry-run', false, { description: 'Print the first requests (3, or --limit) and send nothing' });
  readonly wait = Option.Boolean('--wait', false, { description: 'Stay until the run is finished' });

  readonly acceptNoList = Option.Boolean('--accept-no-list', false, {
    description: 'Start although the service cannot list its batches: a create whose answer is lost then waits for `resolve`',
  });

  execute(): Promise<ExitCode> {
    return inPlace(this.context, this, (place) => this.perform(place), true);
  }

  /** Batches of a run that exists are not read again. */
  private async describeBatches(place: Place, account: Account, jobPlace: JobPlace): Promise<Description> {
    const { runId } = this;
    const [{ describeBatches }, { createQuoter }, { requireKey }] = await Promise.all([
      import('../job/adopted-batches.ts'),
      import('../compose.ts'),
      import('../shell/account.ts'),
    ]);
    const stored = async (): Promise<RunConfig | null> => {
      if (runId === undefined || (place.store.type === 'folder' && !existsSync(place.store.path))) return null;
      return jobPlace.configOf(runId).catch((error: unknown) => {
        if (isBatchorError(error, 'run_not_found')) return null;
        throw error;
      });
    };
    const find = async (ids: readonly string[]): Promise<FoundBatches> => {
      requireKey(account);
      const runner = await createQuoter(account);
      try {
        return await runner.findBatches(ids);
      } finally {
        await runner.close();
      }
    };
    return describeBatches(this, { ...jobPlace, stored, find });
  }

  protected async perform(place: Place): Promise<ExitCode> {
    const { context } = this;
    const [{ describeJob }, { pricesOf }] = await Promise.all([import('../job/start-flags.ts'), import('../job/price-flag.ts')]);
    const book = await pricesOf(this.prices, place.loaded, context.cwd);
    const note = (line: string): void => writeNotes(context, [line]);
    const { withRun } = await import('../job/stored-run.ts');
    const configOf = (runId: string): Promise<RunConfig> => withRun(place, runId, ({ run }) => Promise.resolve(run.snapshot().config));
    if (this.runId !== undefined && !isRunId(this.runId)) throw invalidRunId(this.runId);
    if (this.fromBatch.length === 0 && this.retryAdopted)
      throw new CliFailure('--retry-adopted goes with --from-batch', { hint: 'Rows that batchor sends itself are tried again anyway.' });
    if (this.fromBatch.length > 0 && this.dryRun)
      throw new CliFailure('--from-batch and --dry-run exclude each other', { hint: 'Nothing is sent for batches that exist already.' });
    if (this.dryRun) {
      const description = await describeJob(this, {
        cwd: context.cwd,
        stdin: context.stdin,
        note,
        reach: { baseUrl: null },
        book,
        configOf,
      });
      const { dryRun } = await import('../job/dry-run.ts');
      const show = (runs: Runs | null): Promise<ExitCode> =>
        dryRun(description, wholeNumber('--limit', this.limit), context, new AbortController().signal, runs);
      return this.fromRun === undefined ? show(null) : withRun(place, this.fromRun, ({ runner }) => show(runner));
    }
    const elsewhere = this.job !== undefined ? '--job' : this.fromRun !== undefined ? '--from-run' : null;
    if (elsewhere !== null && this.limit !== undefined)
      throw new CliFailure(`--limit goes with ${elsewhere} only under --dry-run`, { hint: 'It is for rows of files.' });
    const [{ reachOf, storedReach }, { startRun }] = await Promise.all([import('../shell/account.ts'), import('../actions/start-run.ts')]);
    const account = reachOf(place.loaded, this);
    const jobPlace = { cwd: context.cwd, stdin: context.stdin, note, reach: storedReach(account), book, configOf };
    const description =
      this.fromBatch.length > 0 ? await this.describeBatches(place, account, jobPlace) : await describeJob(this, jobPlace);
    writeNotes(context, await serviceNotes(description));
    return startRun({
      context,
      place,
      account,
      description,
      prices: book,
      runId: this.runId,
      flags: this,
      acceptNoList: this.acceptNoList,
      goal: this.wait ? 'finished' : 'submitted',
    });
  }
}
