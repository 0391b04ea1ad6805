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
    description: 'Resume a paused run, or change the limits of a run',
    details: `
      With \`--wait\` this process continues the run until it finishes. Without it, the process that owns the run continues it; if
      there is none, use \`wait\`. New flag values take effect immediately, also for a run that is not paused. Flags left out keep
      their values.
    `,
    examples: [
      [
        'Resume after a bad row, and record bad rows as failed items',
        '$0 resume --run-id reviews --bad-rows record --wait',
      ],
      ['Resume after the cost cap was reached', '$0 resume --run-id reviews --max-cost 40 --wait'],
      ['Resume after a pause', '$0 resume --run-id reviews --wait'],
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
  readonly wait = Option.Boolean('--wait', false, {
    description: 'Continue the run until it finishes',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const options = resumeOptionsOf(this);
    const prices = await pricesOf(this.prices, place.loaded, context.cwd);
    const [{ driveTo }, { requestRun, withDrivableRun }, { awaitingOwner }] = await Promise.all([
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
    const summary = await requestRun(
      place,
      runId,
      (run) => awaitingOwner(context, place, runId, run.resume(options)),
      prices,
    );
    await writeJson(context, summary);
    const note = capNoteOf(summary);
    if (note !== null) writeNotes(context, [note]);
    const wait = commandLine(place, 'wait', runId);
    // The run may have finished in the meantime.
    if (summary['status'] !== 'running') return exitCodes.ok;
    writeNotes(context, [
      summary['control_state'] === 'cancel_requested'
        ? `batchor: run ${runId} is being cancelled and cannot be resumed; collect the answers: ${wait}`
        : `batchor: run ${runId} is resumed; continue it: ${wait}`,
    ]);
    return exitCodes.ok;
  }
}
