import { isBatchorError } from '../lib/run/errors.ts';
import { SourceError } from '../lib/ports/source-error.ts';
import type { CliContext } from './context.ts';
import { type ExitCode, exitCodeOfError, exitCodes } from './exit-codes.ts';
import { writeNotes } from './render.ts';

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

/** Writes what went wrong to stderr, and answers the exit code. Only our own faults show a stack. */
export const reportFailure = (context: Pick<CliContext, 'stderr'>, error: unknown): ExitCode => {
  const { lines, exitCode } = describeFailure(error);
  writeNotes(context, lines);
  return exitCode;
};

const describeFailure = (error: unknown): { readonly lines: readonly string[]; readonly exitCode: ExitCode } => {
  if (error instanceof CliFailure) return { lines: twoLines(error.message, error.hint), exitCode: error.exitCode };
  if (error instanceof SourceError) return { lines: twoLines(error.message, null), exitCode: exitCodes.usage };
  if (isBatchorError(error)) {
    const lines = error.isUserFault ? twoLines(error.message, error.hint) : [...twoLines(error.message, error.hint), error.stack ?? ''];
    return { lines, exitCode: exitCodeOfError(error.code) };
  }
  // Its first line says what is wrong; the rest repeats every flag there is.
  if (isUsageError(error))
    return { lines: twoLines(error.message.split('\n', 1)[0] ?? '', 'See the flags: batchor <command> --help'), exitCode: exitCodes.usage };
  // What the operating system says needs no stack: the message names call and path.
  if (error instanceof Error && 'syscall' in error) return { lines: twoLines(error.message, null), exitCode: exitCodes.runtime };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { lines: [`batchor: this is a mistake of batchor's own`, stack], exitCode: exitCodes.runtime };
};

/** Message, then hint; a message of several lines is put on one. */
export const twoLines = (message: string, hint: string | null): readonly string[] => [
  `batchor: ${onOneLine(message)}`,
  ...(hint === null || hint === '' ? [] : [`  ${onOneLine(hint)}`]),
];

/** But for the items of a list, which stand under each other. Blanks are looked at once, however many stand together. */
const onOneLine = (text: string): string => text.trim().replace(/(?<!\s)\s*\n(?! {2}\$)\s*/gu, ' ');

/** What clipanion throws at a command line that it cannot read. */
const isUsageError = (error: unknown): error is Error => error instanceof Error && 'clipanion' in error;
