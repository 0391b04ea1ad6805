import { isBatchorError } from '../../lib/run/api/errors.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CliContext } from './context.ts';
import { type ExitCode, exitCodeOfError, exitCodes } from './exit-codes.ts';
import { flagsThatHelp, inFlags, withFlags } from './file-flags.ts';
import { writeNotes } from '../print/render.ts';

/** A mistake that the command line itself found; shown as one line, and one more with what to do. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly hint: string | null;
  readonly exitCode: ExitCode;
  constructor(message: string, options: { readonly hint?: string; readonly exitCode?: ExitCode } = {}) {
    super(message);
    this.hint = options.hint ?? null;
    this.exitCode = options.exitCode ?? exitCodes.usage;
  }
}

/** Writes what went wrong to stderr, and answers the exit code. Errors of batchor's own show a stack where BATCHOR_DEBUG asks for it. */
export const reportFailure = (context: Pick<CliContext, 'stderr' | 'env'>, error: unknown, args: readonly string[] = []): ExitCode => {
  const { lines, exitCode } = describeFailure(error, { args, showsStack: (context.env['BATCHOR_DEBUG'] ?? '') !== '' });
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
  if (error instanceof CliFailure)
    return { lines: twoLines(error.message, error.hint ?? sameCommand(error.message, args)), exitCode: error.exitCode };
  if (error instanceof SourceError) return { lines: twoLines(error.message, sameCommand(error.message, args)), exitCode: exitCodes.usage };
  const stack = showsStack && error instanceof Error ? [error.stack ?? error.message] : [];
  if (isBatchorError(error)) {
    const lines = error.isUserFault
      ? twoLines(error.message, error.hint)
      : [...twoLines(error.message, `${error.hint} ${reportHint}`), ...stack];
    return { lines, exitCode: exitCodeOfError(error.code) };
  }
  // Its first line says what is wrong; the rest repeats every flag there is.
  if (isUsageError(error))
    return { lines: twoLines(error.message.split('\n', 1)[0] ?? '', 'See the commands: batchor --help'), exitCode: exitCodes.usage };
  // What the operating system says needs no stack: the message names call and path.
  if (error instanceof Error && 'syscall' in error) return { lines: twoLines(error.message, null), exitCode: exitCodes.runtime };
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { lines: [...twoLines(`internal error: ${said}`, reportHint), ...stack], exitCode: exitCodes.runtime };
};

const reportHint =
  'This is a bug in batchor; what is stored is kept. Run the same command with BATCHOR_DEBUG=1, and report what it prints, the version (batchor --version) included.';

/** What was typed, with the flags that help; null: none do. */
const sameCommand = (message: string, args: readonly string[]): string | null => {
  const flags = args.length === 0 ? null : flagsThatHelp(message);
  return flags === null ? null : withFlags(args, flags);
};

/** Message, then hint; a message of several lines is put on one. */
export const twoLines = (message: string, hint: string | null): readonly string[] => [
  `batchor: ${inFlags(onOneLine(message))}`,
  ...(hint === null || hint === '' ? [] : [`  ${onOneLine(hint)}`]),
];

/** But for the items of a list, which stand under each other. Blanks are looked at once, however many stand together. */
const onOneLine = (text: string): string => text.trim().replace(/(?<!\s)\s*\n(?! {2}\$)\s*/gu, ' ');

/** What clipanion throws at a command line that it cannot read. */
const isUsageError = (error: unknown): error is Error => error instanceof Error && 'clipanion' in error;
