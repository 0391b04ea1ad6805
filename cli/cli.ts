import { createRequire } from 'node:module';
import { Cli, type CommandClass } from 'clipanion';
import type { CliContext } from './shell/context.ts';
import { type ExitCode, exitCodes } from './shell/exit-codes.ts';
import { reportFailure } from './shell/failure.ts';
import { checkCommandLine, commandHelp, overview, UnknownFlag } from './shell/command-line.ts';

/**
 * The commands by their first word, in the order of the overview. Only the one that runs is loaded:
 * start-up is most of what a short command costs.
 */
const COMMANDS: Readonly<Record<string, () => Promise<CommandClass<CliContext>>>> = {
  quote: async () => (await import('./commands/quote.ts')).QuoteCommand,
  start: async () => (await import('./commands/start.ts')).StartCommand,
  wait: async () => (await import('./commands/wait.ts')).WaitCommand,
  worker: async () => (await import('./commands/worker.ts')).WorkerCommand,
  status: async () => (await import('./commands/status.ts')).StatusCommand,
  pause: async () => (await import('./commands/pause.ts')).PauseCommand,
  resume: async () => (await import('./commands/resume.ts')).ResumeCommand,
  cancel: async () => (await import('./commands/cancel.ts')).CancelCommand,
  resolve: async () => (await import('./commands/resolve.ts')).ResolveCommand,
  results: async () => (await import('./commands/results.ts')).ResultsCommand,
  verify: async () => (await import('./commands/verify.ts')).VerifyCommand,
  inspect: async () => (await import('./commands/inspect.ts')).InspectCommand,
  list: async () => (await import('./commands/list.ts')).ListCommand,
  'export-artifacts': async () =>
    (await import('./commands/export-artifacts.ts')).ExportArtifactsCommand,
  'prune-artifacts': async () =>
    (await import('./commands/prune-artifacts.ts')).PruneArtifactsCommand,
  delete: async () => (await import('./commands/delete.ts')).DeleteCommand,
  doctor: async () => (await import('./commands/doctor.ts')).DoctorCommand,
  schema: async () => (await import('./commands/schema-check.ts')).SchemaCheckCommand,
  emulator: async () => (await import('./commands/emulator.ts')).EmulatorCommand,
};

/**
 * The command line as it is defined, with the flags of its commands: of the one that begins with
 * this word, or of all where none does.
 */
export const createCli = async (first = ''): Promise<Cli<CliContext>> => {
  const one = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const commands = await Promise.all(
    (one === undefined ? Object.values(COMMANDS) : [one]).map((load) => load()),
  );
  return Cli.from<CliContext>(commands, {
    binaryName: 'batchor',
    binaryLabel: 'batchor',
    binaryVersion: version(),
    enableColors: false,
  });
};

/**
 * Runs one command line and returns the exit code; never throws. Errors go to stderr, where
 * clipanion would print them to stdout.
 */
export const runCli = async (args: readonly string[], context: CliContext): Promise<ExitCode> => {
  const [first] = args;
  try {
    if (first === '--version' || first === '-v') {
      context.stdout.write(`${version()}\n`);
      return exitCodes.ok;
    }
    if (first === 'help' && args.length > 1 && !isHelp(args[1] ?? ''))
      return await runCli([...args.slice(1), '--help'], context);
    const cli = await createCli(first);
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
    const shown =
      error instanceof UnknownFlag ? error.ofOthers((await createCli()).definitions()) : error;
    return reportFailure(context, shown, args);
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
