import { Command, Option } from 'clipanion';
import type { BatchWord, Run } from '../../lib/run/api/run.ts';
import { findsByAny } from '../../lib/run/drive/what-helps.ts';
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
    description: 'Tell batchor what happened to a held batch, or stop waiting for a batch',
    details: `
      A held batch waits for you: batchor cannot find out whether it exists, cannot read its answers, or the provider keeps refusing
      it. An overdue batch takes longer than usual. \`status\` lists both with the reason. Find the batch at the provider
      by its key, in its metadata (batchor_batch_key) or its name, or by its creation time and its number of requests where
      the provider shows neither, then give one of:

      - \`--exists ID\`: the batch exists. batchor reads it at the provider, and refuses it unless its metadata has the key.

      - \`--never-created\`: the batch does not exist. Its input file is deleted and it is sent again. If it exists after all, its rows are billed twice.

      - \`--read-again\`: download its files again, after answers that could not be read.

      - \`--results-lost\`: the batch or its files are lost. Rows without an answer are sent again and billed again.

      - \`--take-files\`: end the batch with the files that it has now. It is cancelled, and rows without an answer are sent again. Those rows may be billed twice.

      - \`--give-up\`: end the batch without its answers. It is cancelled, and its rows are sent again. They may be billed twice.

      - \`--retry\`: release the hold and try again.
    `,
    examples: [
      ['The batch exists', '$0 resolve --run-id reviews --batch bk_1f00 --exists batch_68ab'],
      [
        'The batch was never created',
        '$0 resolve --run-id reviews --batch bk_1f00 --never-created',
      ],
      ['Download its files again', '$0 resolve --run-id reviews --batch bk_1f00 --read-again'],
      [
        'Stop waiting, and keep the answers that exist',
        '$0 resolve --run-id reviews --batch bk_1f00 --take-files',
      ],
    ],
  });

  readonly batch = Option.String('--batch', {
    description: 'Key of the batch, as status shows it',
  });
  readonly exists = Option.String('--exists', {
    description: "The batch exists: the provider's id",
  });
  readonly neverCreated = Option.Boolean('--never-created', false, {
    description: 'The batch does not exist: send it again',
  });
  readonly readAgain = Option.Boolean('--read-again', false, {
    description: 'Download its output and error files again',
  });
  readonly resultsLost = Option.Boolean('--results-lost', false, {
    description: 'Its answers are lost: send rows without an answer again; they are billed again',
  });
  readonly takeFiles = Option.Boolean('--take-files', false, {
    description:
      'End it with the files that it has now: rows without an answer are sent again and may be billed twice',
  });
  readonly giveUp = Option.Boolean('--give-up', false, {
    description: 'End it without its answers: its rows are sent again and may be billed twice',
  });
  readonly retry = Option.Boolean('--retry', false, {
    description: 'Release the hold and try again',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const batchKey = required(
      '--batch',
      this.batch,
      `List the held batches: ${commandLine(place, 'status', runId)}`,
    );
    const resolution = this.resolution();
    const { requestRun, withDrivableRun } = await import('../job/stored-run.ts');
    const { toWire } = await import('../../lib/run/view/wire.ts');
    let notes: readonly string[] = [];
    const resolve = async (run: Run): Promise<RunSummary> => {
      const before = run.snapshot();
      const after = await run.resolve(batchKey, resolution);
      if (resolution === 'give_up' || resolution === 'take_files')
        notes = paidTwiceNotes(before, batchKey, resolution);
      return after;
    };
    // Only `--exists` and `--take-files` read the batch at the provider.
    const summary =
      typeof resolution === 'string' && resolution !== 'take_files'
        ? await requestRun(place, runId, resolve)
        : await withDrivableRun(place, runId, { flags: this, context }, async ({ run }) =>
            summaryInPlace(place, toWire(await resolve(run))),
          );
    await writeJson(context, summary);
    writeNotes(context, notes);
    const next =
      summary['control_state'] === 'paused'
        ? commandLine(place, 'resume', runId, '--wait')
        : commandLine(place, 'wait', runId);
    if (summary['status'] === 'running')
      writeNotes(context, [`batchor: request recorded; continue the run: ${next}`]);
    return exitCodes.ok;
  }

  private resolution(): BatchWord {
    const given: readonly BatchWord[] = [
      ...(this.exists === undefined
        ? []
        : [{ exists: required('--exists', this.exists, "Give the provider's id of the batch.") }]),
      ...(this.neverCreated ? (['never_created'] as const) : []),
      ...(this.readAgain ? (['read_again'] as const) : []),
      ...(this.resultsLost ? (['results_lost'] as const) : []),
      ...(this.takeFiles ? (['take_files'] as const) : []),
      ...(this.giveUp ? (['give_up'] as const) : []),
      ...(this.retry ? (['retry'] as const) : []),
    ];
    const [resolution] = given;
    if (resolution !== undefined && given.length === 1) return resolution;
    throw new CliFailure(
      'give exactly one of --exists ID, --never-created, --read-again, --results-lost, --take-files, --give-up and --retry',
      {
        hint: `Find the batch at the provider first, ${findsByAny}.`,
      },
    );
  }
}
