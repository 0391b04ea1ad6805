import { writeNotes } from '../print/render.ts';
import { Command, Option } from 'clipanion';
import { isRunId } from '../../lib/core/values/ids.ts';
import type { ExitCode } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { invalidRunId, wholeNumber } from '../shell/flags.ts';
import type { Runs } from '../job/job.ts';
import type { JobPlace } from '../job/job-flags.ts';
import { type Place, withStoreNamed } from '../shell/place.ts';
import { JobCommand, requireAdopted } from './job-command.ts';
import { serviceNotes } from '../print/service-notes.ts';
import { artifactsFlag, inPlace, storeFlag } from './store-command.ts';

export class StartCommand extends JobCommand {
  static override readonly paths = [['start']];
  static override readonly usage = Command.Usage({
    description: 'Start a run: send the rows of files as batches',
    details: `
      Creates a durable run and sends its rows. Without \`--wait\` it returns once all input is read and all batches that the
      limits allow are sent; \`wait\` collects the answers. With \`--wait\` it returns when the run finishes. Prints the summary of
      the run as JSON.

      If \`--run-id\` names an existing run, that run continues: give the same flags. A paused run is not resumed.

      The key is read from OPENAI_API_KEY in the environment or in a .env file of this folder, never from the command line.

      Exit codes: 0 ok, 1 usage, 2 finished with failed rows, 3 error, 4 stopped before the end (paused, cancelled, bad rows,
      unresolved), 5 owned by another process, 130 interrupted.
    `,
    examples: [
      [
        'Send one prompt per row, and wait',
        '$0 start --input reviews.csv --id-field id --prompt-field text --model gpt-4.1 --wait',
      ],
      [
        'Print the first requests; nothing is sent',
        '$0 start --input reviews.csv --id-field id --prompt-template "Sum up: {{text}}" --model gpt-4.1 --dry-run --limit 3',
      ],
    ],
  });

  readonly store = storeFlag();
  readonly artifacts = artifactsFlag();
  readonly runId = Option.String('--run-id', {
    description: 'Id of the run; an existing run continues (default: a new id)',
  });
  readonly adoptAgain = Option.Boolean('--adopt-again', false, {
    description:
      'With --retry-adopted: start although another run of this store sends failed rows of the same batches again',
  });
  readonly dryRun = Option.Boolean('--dry-run', false, {
    description:
      'Print the first requests (default 3, or --limit) and send nothing; with --from-batch: what the batches hold, and what retries would cost',
  });
  readonly wait = Option.Boolean('--wait', false, { description: 'Wait until the run finishes' });

  readonly acceptNoList = Option.Boolean('--accept-no-list', false, {
    description:
      'Start although the service cannot list its batches; a create whose answer is lost then waits for `resolve`',
  });

  execute(): Promise<ExitCode> {
    return inPlace(this.context, this, (place) => this.perform(place), true);
  }

  protected async perform(place: Place): Promise<ExitCode> {
    const { context } = this;
    const [{ pricesOf }, { withRun }] = await Promise.all([
      import('../job/price-flag.ts'),
      import('../job/stored-run.ts'),
    ]);
    const book = await pricesOf(this.prices, place.loaded, context.cwd);
    const jobPlace: Omit<JobPlace, 'reach'> = {
      cwd: context.cwd,
      stdin: context.stdin,
      note: (line) => writeNotes(context, [line]),
      book,
      configOf: (runId) =>
        withRun(place, runId, ({ run }) => Promise.resolve(run.snapshot().config)),
    };
    if (this.runId !== undefined && !isRunId(this.runId)) throw invalidRunId(this.runId);
    requireAdopted(this);
    if (!this.retryAdopted && this.adoptAgain)
      throw new CliFailure('--adopt-again goes with --retry-adopted', {
        hint: 'Without retries, batches can be adopted any number of times.',
      });
    if (!this.dryRun) return this.begin(place, jobPlace);
    if (this.fromBatch.length === 0) return this.printRequests(place, jobPlace);
    const { quoteBatches } = await import('../actions/quote.ts');
    return quoteBatches(context, this, { loaded: place.loaded, book });
  }

  /** What `--dry-run` prints. */
  private async printRequests(place: Place, jobPlace: Omit<JobPlace, 'reach'>): Promise<ExitCode> {
    const { context } = this;
    const [{ checkReach, storedProvider }, { cliProvider }, { describeJob }, { dryRun }] =
      await Promise.all([
        import('../shell/account.ts'),
        import('../job/providers.ts'),
        import('../job/start-flags.ts'),
        import('../job/dry-run.ts'),
      ]);
    checkReach(place.loaded, this);
    const service = cliProvider(this.provider);
    const environmentAddress = place.loaded.env[service.addressVariable] ?? '';
    const reach = { baseUrl: null, ...storedProvider(service.name) };
    const description = await describeJob(this, { ...jobPlace, reach });
    writeNotes(context, await serviceNotes(description, this.baseUrl ?? environmentAddress));
    const rowsMax = wholeNumber('--limit', this.limit);
    const show = (runs: Runs | null): Promise<ExitCode> =>
      dryRun(description, rowsMax, context, {
        runs,
        note: (line) => jobPlace.note(withStoreNamed(place, line)),
      });
    if (this.fromRun === undefined) return show(null);
    const { withRun } = await import('../job/stored-run.ts');
    return withRun(place, this.fromRun, ({ runner }) => show(runner));
  }

  private async begin(place: Place, unreached: Omit<JobPlace, 'reach'>): Promise<ExitCode> {
    const { context } = this;
    const elsewhere =
      this.job !== undefined ? '--job' : this.fromRun !== undefined ? '--from-run' : null;
    if (elsewhere !== null && this.limit !== undefined)
      throw new CliFailure(`--limit goes with ${elsewhere} only under --dry-run`, {
        hint: 'It limits rows of input files.',
      });
    const [{ reachOf, storedReach }, { startRun }] = await Promise.all([
      import('../shell/account.ts'),
      import('../actions/start-run.ts'),
    ]);
    const account = reachOf(place.loaded, this);
    const jobPlace: JobPlace = { ...unreached, reach: storedReach(account) };
    const description =
      this.fromBatch.length > 0
        ? await (
            await import('../actions/describe-adopted.ts')
          ).describeToAdopt(this, place, account, jobPlace)
        : await (await import('../job/start-flags.ts')).describeJob(this, jobPlace);
    writeNotes(context, await serviceNotes(description));
    return startRun({
      context,
      place,
      account,
      description,
      prices: jobPlace.book,
      runId: this.runId,
      flags: this,
      acceptNoList: this.acceptNoList,
      adoptAgain: this.adoptAgain,
      goal: this.wait ? 'finished' : 'submitted',
    });
  }
}
