import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { capNoteOf } from '../print/cap-note.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { pricesFlag, pricesOf } from '../job/price-flag.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { resumeOptionsOf } from '../job/resume-flags.ts';
import { DrivingCommand } from './store-command.ts';

export class ResumeCommand extends DrivingCommand {
  static override readonly paths = [['resume']];
  static override readonly usage = Command.Usage({
    description: 'Let a paused run go on',
    details: `
      With \`--wait\` this process drives it to its end; without, the process that drives it goes on, or \`wait\` does. What a flag says anew
      holds from now on, for a run that is not paused, too.
    `,
    examples: [
      ['Go on after a bad row, and record each as a failed item', '$0 resume --run-id reviews --bad-rows record --wait'],
      ['Go on after the cost cap was reached', '$0 resume --run-id reviews --max-cost 40 --wait'],
      ['Go on after a pause', '$0 resume --run-id reviews --wait'],
    ],
  });

  readonly badRows = Option.String('--bad-rows', {
    description: 'From now on, rows that cannot be items: fail (pause at the first) or record',
  });
  readonly maxCost = Option.String('--max-cost', {
    description: 'Dollars, in all: from now on the run pauses before it could have cost more',
  });
  readonly assumeOutputTokens = Option.String('--assume-output-tokens', {
    description: 'Output tokens of one answer at most, where nothing bounds them',
  });
  readonly canary = Option.String('--canary', { description: 'Where no canary has passed, send so many rows first; 0: none' });
  readonly enqueuedTokenLimit = Option.String('--enqueued-token-limit', { description: "Prompt tokens that the provider's queue takes" });
  readonly enqueuedRequestLimit = Option.String('--enqueued-request-limit', { description: "Requests that the provider's queue takes" });
  readonly targetRatio = Option.String('--target-ratio', { description: 'Use this share of the limits' });
  readonly headroom = Option.String('--headroom', { description: 'Leave so many tokens of the limit to others' });
  readonly maxRequestsPerBatch = Option.String('--max-requests-per-batch', {
    description: 'At most so many rows per batch; batches that are planned and not created are cut to it',
  });
  readonly maxBytesPerBatch = Option.String('--max-bytes-per-batch', {
    description: 'At most so many bytes per batch; batches that are planned and not created are cut to it',
  });
  readonly maxFailedBatches = Option.String('--max-failed-batches', {
    description: 'Pause after so many batches in a row that the provider refuses as a whole',
  });
  readonly deleteInputFiles = Option.Boolean('--delete-input-files', {
    description: 'Delete each input file at the provider once its batch is over',
  });
  readonly filesExpireAfter = Option.String('--files-expire-after', {
    description: 'Seconds after which the provider deletes input files by itself, 3600 to 2592000',
  });
  readonly outputFilesExpireAfter = Option.String('--output-files-expire-after', { description: 'The same of output and error files' });
  readonly prices = pricesFlag();
  readonly wait = Option.Boolean('--wait', false, { description: 'Drive it to its end' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const options = resumeOptionsOf(this);
    const prices = await pricesOf(this.prices, place.loaded, context.cwd);
    const [{ driveTo }, { tellRun, withDrivableRun }, { awaitingOwner }] = await Promise.all([
      import('../actions/drive.ts'),
      import('../job/stored-run.ts'),
      import('../shell/patience.ts'),
    ]);
    if (this.wait) {
      return withDrivableRun(place, runId, { flags: this, context, prices }, async (stored) => {
        await awaitingOwner(context, place, runId, stored.run.resume(options));
        return driveTo({ context, place, ...stored, goal: 'finished' });
      });
    }
    const summary = await tellRun(place, runId, (run) => awaitingOwner(context, place, runId, run.resume(options)), prices);
    await writeJson(context, summary);
    const note = capNoteOf(summary);
    if (note !== null) writeNotes(context, [note]);
    const wait = commandLine(place, 'wait', runId);
    // It may have ended meanwhile.
    if (summary['status'] !== 'running') return exitCodes.ok;
    writeNotes(context, [
      summary['control_state'] === 'cancel_requested'
        ? `batchor: run ${runId} is being cancelled, and stays so; collect what was answered: ${wait}`
        : `batchor: run ${runId} may go on; drive it: ${wait}`,
    ]);
    return exitCodes.ok;
  }
}
