import { resolve } from 'node:path';
import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { required } from '../shell/flags.ts';
import { requireOutsideStore } from '../shell/outside-store.ts';
import type { Place } from '../shell/place.ts';
import { writeJson } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store and records the export in it: no key, no network. */
export class ExportArtifactsCommand extends RunCommand {
  static override readonly paths = [['export-artifacts']];
  static override readonly usage = Command.Usage({
    description: 'Write the raw files, results and manifest of a finished run to a folder',
    details: `
      The folder must be new or empty, and outside of the store. It receives the provider's files (\`raw/\`), \`results.jsonl\` in input
      order, and \`manifest.json\` with the size and SHA-256 of each file. The folder appears under its name only once it is complete.
    `,
    examples: [
      ['Keep a copy', '$0 export-artifacts --run-id reviews --destination-dir reviews-2026'],
    ],
  });

  readonly destinationDir = Option.String('--destination-dir', {
    description: 'Folder to write: new or empty',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const given = required('--destination-dir', this.destinationDir, 'Name a new or empty folder.');
    const { withRun } = await import('../job/stored-run.ts');
    const folder = resolve(context.cwd, given);
    await requireOutsideStore('--destination-dir', given, folder, place);
    try {
      const exported = await withRun(place, runId, ({ run }) => run.exportArtifacts(folder));
      await writeJson(context, {
        run_id: runId,
        destination_dir: exported.destinationDir,
        manifest: exported.manifestPath,
        file_count: exported.fileCount,
        bytes: exported.bytes,
        result_count: exported.resultCount,
      });
      return exitCodes.ok;
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      throw new CliFailure(`--destination-dir ${given} cannot be written: ${error.message}`, {
        hint: 'Check the permissions and free space of the parent folder. No partial export was left under this name.',
        exitCode: exitCodes.runtime,
      });
    }
  }
}
