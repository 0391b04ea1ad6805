import { resolve } from 'node:path';
import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { required } from '../shell/flags.ts';
import { requireOutsideStore } from '../shell/outside-store.ts';
import type { Place } from '../shell/place.ts';
import { writeJson } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store, and notes in it that the run was exported: no key, no network. */
export class ExportArtifactsCommand extends RunCommand {
  static override readonly paths = [['export-artifacts']];
  static override readonly usage = Command.Usage({
    description: 'Write a finished run into a folder: raw files, results, a manifest',
    details: `
      The folder must not exist yet, or be empty, and not lie in the store. It gets what the provider gave (\`raw/\`), \`results.jsonl\` in input order, and
      \`manifest.json\` with the size and the SHA-256 of each file. It has its name only once it is whole.
    `,
    examples: [['Keep a copy', '$0 export-artifacts --run-id reviews --destination-dir reviews-2026']],
  });

  readonly destinationDir = Option.String('--destination-dir', { description: 'A folder that is not there yet, or empty' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const given = required('--destination-dir', this.destinationDir, 'Name a folder that is not there yet.');
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
        hint: 'Is the folder above it one that you may write to, with room on it? Nothing is left that looks whole.',
        exitCode: exitCodes.runtime,
      });
    }
  }
}
