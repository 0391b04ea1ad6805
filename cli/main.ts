#!/usr/bin/env node
import { Console } from 'node:console';
import { runCli } from './cli.ts';
import { processContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';

// stdout is data. What a library or a module of the user's says by `console` (OPENAI_LOG=debug, a log in a template) goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

const context = processContext(() => process.exit(exitCodes.interrupted));

// Who reads our output may stop reading (`| head`): then there is nobody left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCodes.ok);
    if (stream === process.stdout) process.stderr.write(`batchor: stdout cannot be written: ${error.message}\n`);
    process.exit(exitCodes.runtime);
  });
}

const code = await runCli(process.argv.slice(2), context);
process.exitCode = code;
// Connections kept alive would hold the process for a while; what is written must be out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
