#!/usr/bin/env node
import { Console } from 'node:console';
import { runCli } from './cli.ts';
import { processContext, type SignalCode } from './shell/context.ts';
import { exitCodes } from './shell/exit-codes.ts';

// stdout is data. What a library or a module of the user's says by `console` (OPENAI_LOG=debug, a log in a template) goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

let signalCode: SignalCode | null = null;
const context = processContext(
  (code) => (signalCode = code),
  (code) => process.exit(code),
);

// Who reads our output may stop reading (`| head`): what was asked for did not arrive, which is no success. Other programs end by SIGPIPE then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(signalCode ?? exitCodes.outputClosed);
  process.stderr.write(`batchor: stdout cannot be written: ${error.message}\n`);
  process.exit(signalCode ?? exitCodes.runtime);
});
// Progress that is not read is no reason to leave a run; a terminal that hangs up says so by a signal, which is heard.
process.stderr.on('error', () => undefined);

const ended = await runCli(process.argv.slice(2), context);
const code = ended === exitCodes.interrupted ? (signalCode ?? ended) : ended;
process.exitCode = code;
// Connections kept alive would hold the process for a while; what is written must be out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
