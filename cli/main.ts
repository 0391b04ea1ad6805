#!/usr/bin/env node
import { Console } from 'node:console';
import { runCli } from './cli.ts';
import { processContext, type SignalCode } from './shell/context.ts';
import { exitCodes } from './shell/exit-codes.ts';

// stdout is data. Output of libraries and user modules through `console` (OPENAI_LOG=debug, a log
// in a template) goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

let signalCode: SignalCode | null = null;
const context = processContext(
  (code) => (signalCode = code),
  (code) => process.exit(code),
);

// A reader that closes stdout (`| head`) did not get all output, so this is no success. Other
// programs end by SIGPIPE then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(signalCode ?? exitCodes.outputClosed);
  process.stderr.write(`batchor: stdout cannot be written: ${error.message}\n`);
  process.exit(signalCode ?? exitCodes.runtime);
});
// Unread progress does not stop a run; a terminal that hangs up sends a signal.
process.stderr.on('error', () => undefined);

const ended = await runCli(process.argv.slice(2), context);
const code = ended === exitCodes.interrupted ? (signalCode ?? ended) : ended;
process.exitCode = code;
// Kept-alive connections would delay the exit; output is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
