import { Command, Option } from 'clipanion';
import type { BatchWord, Run } from '../../lib/run/api/run.ts';
import type { RunSummary } from '../../lib/run/view/summary.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { required } from '../shell/flags.ts';
import { paidTwiceNotes } from '../actions/paid-twice.ts';
import { commandLine, type Place, summaryInPlace } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { DrivingCommand } from './store-command.ts';

export class ResolveCommand extends DrivingCommand {
  static override readonly paths = [['resolve']];
  static override readonly usage = Command.Usage({
    description: 'Tell batchor what happened to a batch, or stop waiting for it',
    details: `
      A batch is held where batchor cannot find out by itself whether it exists, or where the provider refuses it again and again; a batch
      is overdue where it takes longer than is usual. \`status\` names both, and says why. Look for the batch at the provider by its metadata
      (batchor_batch_key), then give one of:

      - \`--exists ID\`: it is at the provider. batchor reads it there, and refuses it unless it carries the key.

      - \`--never-created\`: its input file is deleted and it is sent again. If it exists after all, its rows are paid for twice.

      - \`--read-again\`: download its files again, for answers that could not be read.

      - \`--results-lost\`: the batch, or its files, are gone for good. Rows without an answer go again.

      - \`--take-files\`: settle what the files hold that the batch names by now, though it is not over. The batch is cancelled, and rows without an
      answer go again. Their first answers may be paid for, too.

      - \`--give-up\`: do not wait for the batch. It is cancelled, its answers are not read, and its rows go again. They may be paid for twice.

      - \`--retry\`: lift the hold, and try again.
    `,
    examples: [
      ['It is at the provider', '$0 resolve --run-id reviews --batch bk_1f00 --exists batch_68ab'],
      ['It was never made', '$0 resolve --run-id reviews --batch bk_1f00 --never-created'],
      ['Read its files again', '$0 resolve --run-id reviews --batch bk_1f00 --read-again'],
      ['Stop waiting for it, and take what it has', '$0 resolve --run-id reviews --batch bk_1f00 --take-files'],
    ],
  });

  readonly batch = Option.String('--batch', { description: 'The key of the batch, as status shows it' });
  readonly exists = Option.String('--exists', { description: "It exists: the provider's id" });
  readonly neverCreated = Option.Boolean('--never-created', false, { description: 'It was never created: send it again' });
  readonly readAgain = Option.Boolean('--read-again', false, { description: 'Download its output and error files again' });
  readonly resultsLost = Option.Boolean('--results-lost', false, {
    description: 'What it answered is gone: rows without an answer are asked again, and paid for again',
  });
  readonly takeFiles = Option.Boolean('--take-files', false, {
    description: 'End it with the files that it names by now: rows without an answer go again, and may be paid for twice',
  });
  readonly giveUp = Option.Boolean('--give-up', false, {
    description: 'End it without its answers: its rows go again, and may be paid for twice',
  });
  readonly retry = Option.Boolean('--retry', false, { description: 'Look again, try again' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const batchKey = required('--batch', this.batch, `See which are held: ${commandLine(place, 'status', runId)}`);
    const word = this.word();
    const { tellRun, withDrivableRun } = await import('../job/stored-run.ts');
    const { toWire } = await import('../../lib/run/view/wire.ts');
    let notes: readonly string[] = [];
    const resolve = async (run: Run): Promise<RunSummary> => {
      const before = run.snapshot();
      const after = await run.resolve(batchKey, word);
      if (word === 'give_up' || word === 'take_files') notes = paidTwiceNotes(before, batchKey, word);
      return after;
    };
    // Only a batch that is said to exist, or to have files, has to be looked at.
    const summary =
      typeof word === 'string' && word !== 'take_files'
        ? await tellRun(place, runId, resolve)
        : await withDrivableRun(place, runId, { flags: this, context }, async ({ run }) =>
            summaryInPlace(place, toWire(await resolve(run))),
          );
    await writeJson(context, summary);
    writeNotes(context, notes);
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
      ...(this.takeFiles ? (['take_files'] as const) : []),
      ...(this.giveUp ? (['give_up'] as const) : []),
      ...(this.retry ? (['retry'] as const) : []),
    ];
    const [word] = words;
    if (word !== undefined && words.length === 1) return word;
    throw new CliFailure(
      `${words.length === 0 ? 'one' : 'only one'} of --exists ID, --never-created, --read-again, --results-lost, --take-files, --give-up and --retry is needed`,
      {
        hint: 'Look for the batch at the provider first: its metadata carries the key as batchor_batch_key.',
      },
    );
  }
}
