import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Works on the store alone: no key, no network. */
export class PruneArtifactsCommand extends RunCommand {
  static override readonly paths = [['prune-artifacts']];
  static override readonly usage = Command.Usage({
    description: 'Remove what a finished run needs no more; its results stay',
    details: `
      Removes the request lines. With \`--include-raw\` the provider's raw files go too, which is refused until the run was
      exported (\`export-artifacts\`). Results stay readable, byte for byte. Broken off, it is finished by the next call.
    `,
    examples: [
      ['Remove the requests', '$0 prune-artifacts --run-id reviews'],
      ["Remove the provider's files as well", '$0 prune-artifacts --run-id reviews --include-raw'],
    ],
  });

  readonly includeRaw = Option.Boolean('--include-raw', false, { description: "Remove the provider's raw files, too; exported first" });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, includeRaw } = this;
    const { withRun } = await import('../job/stored-run.ts');
    const pruning = await withRun(place, runId, ({ run }) => run.pruneArtifacts({ raw: includeRaw }));
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
