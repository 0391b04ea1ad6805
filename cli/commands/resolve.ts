import { Command, Option } from 'clipanion';
import type { BatchWord } from '../../lib/run/run.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { required } from '../flags.ts';
import { commandLine, type Place } from '../place.ts';
import { writeJson, writeNotes } from '../render.ts';
import { RunCommand } from './store-command.ts';

export class ResolveCommand extends RunCommand {
  static override readonly paths = [['resolve']];
  static override readonly usage = Command.Usage({
    description: 'Say what is true of a batch that is held',
    details: `
      A batch is held where batchor cannot find out by itself whether it exists, or where the provider refuses it again and again;
      \`status\` names it and says why. Look for it at the provider by its metadata (batchor_batch_key), then say one of:
      \`--exists ID\` (it is looked at, and must carry the key), \`--never-created\` (its input file is deleted and it is sent
      again: if it exists after all, its rows are paid for twice), \`--read-again\` (download its files again, for answers that could not
      be read), \`--results-lost\` (the batch, or its files, are gone for good: rows without an answer are asked again), \`--retry\` (look
      again).
    `,
    examples: [
      ['It is at the provider', '$0 resolve --run-id reviews --batch bk_1f00 --exists batch_68ab'],
      ['It was never made', '$0 resolve --run-id reviews --batch bk_1f00 --never-created'],
      ['Read its files again', '$0 resolve --run-id reviews --batch bk_1f00 --read-again'],
    ],
  });

  readonly batch = Option.String('--batch', { description: 'The key of the batch, as status shows it' });
  readonly exists = Option.String('--exists', { description: "It exists: the provider's id" });
  readonly neverCreated = Option.Boolean('--never-created', false, { description: 'It was never created: send it again' });
  readonly readAgain = Option.Boolean('--read-again', false, { description: 'Download its output and error files again' });
  readonly resultsLost = Option.Boolean('--results-lost', false, {
    description: 'What it answered is gone: rows without an answer are asked again, and paid for again',
  });
  readonly retry = Option.Boolean('--retry', false, { description: 'Look again, try again' });
  readonly baseUrl = Option.String('--base-url', { description: 'Address of the service (default: the one the run was started with)' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, baseUrl } = this;
    const batchKey = required('--batch', this.batch, `See which are held: ${commandLine(place, 'status', runId)}`);
    const word = this.word();
    const { tellRun, withDrivableRun } = await import('../stored-run.ts');
    const { toWire } = await import('../../lib/run/wire.ts');
    // Only a batch that is said to exist has to be looked at.
    const summary =
      typeof word === 'string'
        ? await tellRun(place, runId, (run) => run.resolve(batchKey, word))
        : await withDrivableRun(place, runId, { baseUrl, context }, async ({ run }) => toWire(await run.resolve(batchKey, word)));
    await writeJson(context, summary);
    const next = summary['control_state'] === 'paused' ? commandLine(place, 'resume', runId, '--wait') : commandLine(place, 'wait', runId);
    if (summary['status'] === 'running') writeNotes(context, [`batchor: taken down; go on: ${next}`]);
    return exitCodes.ok;
  }

  private word(): BatchWord {
    const words: readonly BatchWord[] = [
      ...(this.exists === undefined ? [] : [{ exists: required('--exists', this.exists, "Give the provider's id of the batch.") }]),
      ...(this.neverCreated ? (['never_created'] as const) : []),
      ...(this.readAgain ? (['read_again'] as const) : []),
      ...(this.resultsLost ? (['results_lost'] as const) : []),
      ...(this.retry ? (['retry'] as const) : []),
    ];
    const [word] = words;
    if (word !== undefined && words.length === 1) return word;
    throw new CliFailure(
      `${words.length === 0 ? 'one' : 'only one'} of --exists ID, --never-created, --read-again, --results-lost and --retry is needed`,
      {
        hint: 'Look for the batch at the provider first: its metadata carries the key as batchor_batch_key.',
      },
    );
  }
}
