import { createRequire } from 'node:module';
import { Cli } from 'clipanion';
import { CancelCommand } from './commands/cancel.ts';
import { DeleteCommand } from './commands/delete.ts';
import { DoctorCommand } from './commands/doctor.ts';
import { EmulatorCommand } from './commands/emulator.ts';
import { ExportArtifactsCommand } from './commands/export-artifacts.ts';
import { InspectCommand } from './commands/inspect.ts';
import { ListCommand } from './commands/list.ts';
import { PauseCommand } from './commands/pause.ts';
import { PruneArtifactsCommand } from './commands/prune-artifacts.ts';
import { QuoteCommand } from './commands/quote.ts';
import { ResolveCommand } from './commands/resolve.ts';
import { ResultsCommand } from './commands/results.ts';
import { ResumeCommand } from './commands/resume.ts';
import { SchemaCheckCommand } from './commands/schema-check.ts';
import { StartCommand } from './commands/start.ts';
import { StatusCommand } from './commands/status.ts';
import { VerifyCommand } from './commands/verify.ts';
import { WaitCommand } from './commands/wait.ts';
import { WorkerCommand } from './commands/worker.ts';
import type { CliContext } from './shell/context.ts';
import { type ExitCode, exitCodes } from './shell/exit-codes.ts';
import { reportFailure } from './shell/failure.ts';
import { commandHelp, overview } from './shell/help.ts';
import { checkCommandLine } from './shell/check-command-line.ts';

const commands = [
  QuoteCommand,
  StartCommand,
  WaitCommand,
  WorkerCommand,
  StatusCommand,
  PauseCommand,
  ResumeCommand,
  CancelCommand,
  ResolveCommand,
  ResultsCommand,
  VerifyCommand,
  InspectCommand,
  ListCommand,
  ExportArtifactsCommand,
  PruneArtifactsCommand,
  DeleteCommand,
  DoctorCommand,
  SchemaCheckCommand,
  EmulatorCommand,
];

/** The command line as it is defined: its commands and their flags. */
export const createCli = (): Cli<CliContext> =>
  Cli.from<CliContext>(commands, {
    binaryName: 'batchor',
    binaryLabel: 'batchor',
    binaryVersion: version(),
    enableColors: false,
  });

/**
 * Runs one command line and returns the exit code; never throws. Errors go to stderr, where
 * clipanion would print them to stdout.
 */
export const runCli = async (args: readonly string[], context: CliContext): Promise<ExitCode> => {
  const cli = createCli();
  const [first] = args;
  try {
    if (first === '--version' || first === '-v') {
      context.stdout.write(`${version()}\n`);
      return exitCodes.ok;
    }
    if (first === 'help' && args.length > 1 && !isHelp(args[1] ?? ''))
      return await runCli([...args.slice(1), '--help'], context);
    if (first === undefined || first === 'help' || isHelp(first)) {
      context.stdout.write(overview(version(), cli.definitions()));
      return exitCodes.ok;
    }
    const asked = checkCommandLine(args, cli.definitions());
    if (args.some(isHelp)) {
      context.stdout.write(commandHelp(asked));
      return exitCodes.ok;
    }
    const command = cli.process({ input: [...args], context });
    return ((await command.validateAndExecute()) as ExitCode | undefined) ?? exitCodes.ok;
  } catch (error) {
    return reportFailure(context, error, args);
  }
};

const isHelp = (arg: string): boolean => arg === '--help' || arg === '-h';

/** The package's version; found by its own name, which is the same from source and from dist. */
const version = (): string => {
  const manifest = createRequire(import.meta.url)('batchor/package.json') as {
    readonly version: string;
  };
  return manifest.version;
};
