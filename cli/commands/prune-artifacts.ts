import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Uses the store only: no key, no network. */
export class PruneArtifactsCommand extends RunCommand {
  static override readonly paths = [['prune-artifacts']];
  static override readonly usage = Command.Usage({
    description: 'Delete the request lines of a finished run; keep its results',
    details: `
      Deletes the request lines. \`--include-raw\` deletes the provider's raw files as well, and needs an export of the run first
      (\`export-artifacts\`). Results stay byte for byte the same. If it is interrupted, run it again.
    `,
    examples: [
      ['Delete the requests', '$0 prune-artifacts --run-id reviews'],
      ["Delete the provider's files as well", '$0 prune-artifacts --run-id reviews --include-raw'],
    ],
  });

  readonly includeRaw = Option.Boolean('--include-raw', false, {
    description: "Also delete the provider's raw files (export the run first)",
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, includeRaw } = this;
    const { withRun } = await import('../job/stored-run.ts');
    const pruning = await withRun(place, runId, ({ run }) =>
      run.pruneArtifacts({ raw: includeRaw }),
    );
    await writeJson(context, {
      run_id: runId,
      includes_raw: includeRaw,
      removed_count: pruning.removedCount,
      removed_bytes: pruning.removedBytes,
      kept_bytes: pruning.keptBytes,
    });
    return exitCodes.ok;
  }
}
