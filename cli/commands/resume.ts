import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { capNoteOf } from '../print/cap-note.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { pricesFlag, pricesOf } from '../job/price-flag.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { resumeOptionsOf } from '../job/resume-flags.ts';
import { policyFlags } from './run-policy-flags.ts';
import { DrivingCommand } from './store-command.ts';

export class ResumeCommand extends DrivingCommand {
  static override readonly paths = [['resume']];
  static override readonly usage = Command.Usage({
    description: 'Let a paused run go on',
    details: `
      With \`--wait\` this process drives it to its end; without, the process that drives it goes on, or \`wait\` does. What a flag says anew
      holds from now on, for a run that is not paused, too; what is left out stays as it is.
    `,
    examples: [
      ['Go on after a bad row, and record each as a failed item', '$0 resume --run-id reviews --bad-rows record --wait'],
      ['Go on after the cost cap was reached', '$0 resume --run-id reviews --max-cost 40 --wait'],
      ['Go on after a pause', '$0 resume --run-id reviews --wait'],
    ],
  });

  readonly badRows = policyFlags.badRows();
  readonly maxCost = policyFlags.maxCost();
  readonly assumeOutputTokens = policyFlags.assumeOutputTokens();
  readonly canary = policyFlags.canary();
  readonly enqueuedTokenLimit = policyFlags.enqueuedTokenLimit();
  readonly enqueuedRequestLimit = policyFlags.enqueuedRequestLimit();
  readonly targetRatio = policyFlags.targetRatio();
  readonly headroom = policyFlags.headroom();
  readonly maxRequestsPerBatch = policyFlags.maxRequestsPerBatch();
  readonly maxBytesPerBatch = policyFlags.maxBytesPerBatch();
  readonly maxFailedBatches = policyFlags.maxFailedBatches();
  readonly deleteInputFiles = policyFlags.deleteInputFiles();
  readonly filesExpireAfter = policyFlags.filesExpireAfter();
  readonly outputFilesExpireAfter = policyFlags.outputFilesExpireAfter();
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
