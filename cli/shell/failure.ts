import { isBatchorError } from '../../lib/run/api/errors.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CliContext } from './context.ts';
import { type ExitCode, exitCodeOfError, exitCodes } from './exit-codes.ts';
import { fieldsInFlags } from './field-flags.ts';
import { flagsThatHelp, inFlags, withFileNamed } from './file-flags.ts';
import { hintWith, type Retype, retyped } from './retyped.ts';
import { writeNotes } from '../print/render.ts';

/**
 * An error that the command line found itself; shown as one line, and a second line with the hint.
 */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly hint: string | null;
  /** Stands behind the hint. */
  readonly retype: Retype | null;
  readonly exitCode: ExitCode;
  constructor(
    message: string,
    options: {
      readonly hint?: string;
      readonly retype?: Retype | undefined;
      readonly exitCode?: ExitCode;
    } = {},
  ) {
    super(message);
    this.hint = options.hint ?? null;
    this.retype = options.retype ?? null;
    this.exitCode = options.exitCode ?? exitCodes.usage;
  }
}

/**
 * Writes the error to stderr and returns the exit code. Internal errors show a stack if
 * BATCHOR_DEBUG is set.
 */
export const reportFailure = (
  context: Pick<CliContext, 'stderr' | 'env'>,
  error: unknown,
  args: readonly string[] = [],
): ExitCode => {
  const { lines, exitCode } = describeFailure(error, {
    args,
    showsStack: (context.env['BATCHOR_DEBUG'] ?? '') !== '',
  });
  writeNotes(context, lines);
  return exitCode;
};

interface Showing {
  /** The command line. */
  readonly args: readonly string[];
  readonly showsStack: boolean;
}

const describeFailure = (
  error: unknown,
  { args, showsStack }: Showing,
): { readonly lines: readonly string[]; readonly exitCode: ExitCode } => {
  // The fields of a module are named as its code names them.
  const named = args.some((arg) => arg === '--job' || arg.startsWith('--job='))
    ? (text: string) => text
    : fieldsInFlags;
  if (error instanceof CliFailure) {
    const hint = error.hint === null ? null : named(error.hint);
    const said = error.retype === null ? hint : hintWith(hint, error.retype, args);
    return {
      lines: twoLines(named(error.message), said ?? sameCommand(error.message, args)),
      exitCode: error.exitCode,
    };
  }
  if (error instanceof SourceError)
    return {
      lines: twoLines(
        withFileNamed(error.message, error.ref, args),
        sameCommand(error.message, args),
      ),
      exitCode: exitCodes.usage,
    };
  const stack = showsStack && error instanceof Error ? [error.stack ?? error.message] : [];
  if (isBatchorError(error)) {
    const lines = error.isUserFault
      ? twoLines(named(error.message), named(error.hint))
      : [...twoLines(error.message, `${error.hint} ${reportHint}`), ...stack];
    return { lines, exitCode: exitCodeOfError(error.code) };
  }
  // The first line has the error; the rest repeats every flag.
  if (isUsageError(error))
    return {
      lines: twoLines(error.message.split('\n', 1)[0] ?? '', 'See the commands: batchor --help'),
      exitCode: exitCodes.usage,
    };
  // An error of the operating system needs no stack: the message names call and path.
  if (error instanceof Error && 'syscall' in error)
    return { lines: twoLines(error.message, null), exitCode: exitCodes.runtime };
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    lines: [...twoLines(`internal error: ${said}`, reportHint), ...stack],
    exitCode: exitCodes.runtime,
  };
};

const reportHint =
  'This is a bug in batchor; stored data is kept. Run the same command with BATCHOR_DEBUG=1 and report its output and the version (batchor --version).';

/** The typed command with the flags that help; null: no flag helps. */
const sameCommand = (message: string, args: readonly string[]): string | null => {
  const flags = args.length === 0 ? null : flagsThatHelp(message);
  return flags === null ? null : retyped(args, [flags]);
};

/** Message, then hint; a message of several lines is put on one. */
export const twoLines = (message: string, hint: string | null): readonly string[] => [
  `batchor: ${inFlags(onOneLine(message))}`,
  ...(hint === null || hint === '' ? [] : [`  ${inFlags(onOneLine(hint))}`]),
];

/** Joins lines, except list items. Each run of blanks is scanned once, so the cost stays linear. */
const onOneLine = (text: string): string => text.trim().replace(/(?<!\s)\s*\n(?! {2}\$)\s*/gu, ' ');

/** True for the error that clipanion throws for a command line it cannot parse. */
const isUsageError = (error: unknown): error is Error =>
  error instanceof Error && 'clipanion' in error;
