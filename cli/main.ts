#!/usr/bin/env node
import { runCli } from './cli.ts';
import { processContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';

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
