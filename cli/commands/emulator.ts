import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, Option } from 'clipanion';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { decimal, numberIn, wholeNumber } from '../shell/flags.ts';
import { writeJson } from '../print/render.ts';

/** Emulates the batch API of a service, for experiments and specs. */
export class EmulatorCommand extends Command<CliContext> {
  static override readonly paths = [['emulator']];
  static override readonly usage = Command.Usage({
    description: 'Serve a fake provider behind the batch API of a service',
    details: `
      Prints one JSON line with \`base_url\`, \`port\`, \`pid\` and \`ledger_url\` once it listens, and runs until Ctrl-C. It keeps no state
      after it ends and forwards no request. Any client of the service can use it, with any key.
    `,
    examples: [
      ["OpenAI's API, on any free port", '$0 emulator --port 0'],
      ["Anthropic's Message Batches", '$0 emulator --provider anthropic'],
      ["Gemini's batch mode", '$0 emulator --provider gemini'],
      ["Mistral's batch jobs", '$0 emulator --provider mistral'],
      ["xAI's batches", '$0 emulator --provider xai'],
    ],
  });

  readonly provider = Option.String('--provider', 'openai', {
    description: 'Service whose API it speaks: openai (default) or any other name that start takes',
  });
  readonly port = Option.String('--port', '0', {
    description: 'Port on 127.0.0.1 (default 0: any free one)',
  });
  readonly seed = Option.String('--seed', {
    description: 'Seed of the random numbers: the same seed gives the same run (default 1)',
  });
  readonly turnaround = Option.String('--turnaround', '1-3', {
    description: 'Seconds a batch takes: a number, or min-max (default 1-3)',
  });
  readonly speed = Option.String('--speed', {
    description: 'Provider seconds per real second (default 1)',
  });
  readonly enqueuedTokenLimit = Option.String('--enqueued-token-limit', {
    description: 'Limit of queued input tokens per model (default: no limit)',
  });
  readonly faults = Option.String('--faults', {
    description: 'JSON file with a list of faults to inject',
  });
  readonly latencyMs = Option.String('--latency-ms', {
    description: 'Delay before each response in milliseconds (default 0)',
  });
  readonly dir = Option.String('--dir', {
    description: 'Folder for its files (default: a temporary folder)',
  });

  async execute(): Promise<ExitCode> {
    const { context } = this;
    const seed = wholeNumber('--seed', this.seed, 0);
    const speed = decimal('--speed', this.speed, 0, 'seconds');
    const enqueuedTokensMax = wholeNumber('--enqueued-token-limit', this.enqueuedTokenLimit);
    const latencyMs = decimal('--latency-ms', this.latencyMs, 0, 'milliseconds');
    const [{ startEmulator, emulatedProviderOf }, { parseFaults }] = await Promise.all([
      import('../compose.ts'),
      import('../job/fault-file.ts'),
    ]);
    const ended = new Promise<void>((end) => context.onInterrupt(end));
    const emulator = await startEmulator({
      provider: await emulatedProviderOf(this.provider),
      port: portOf(this.port),
      turnaroundMs: turnaroundOf(this.turnaround),
      ...(seed === null ? {} : { seed }),
      ...(speed === null ? {} : { speed }),
      ...(enqueuedTokensMax === null ? {} : { enqueuedTokensMax }),
      ...(latencyMs === null ? {} : { latencyMs }),
      ...(this.dir === undefined ? {} : { dir: resolve(context.cwd, this.dir) }),
      ...(this.faults === undefined
        ? {}
        : {
            faults: parseFaults(
              this.faults,
              await readText(resolve(context.cwd, this.faults), this.faults),
            ),
          }),
    });
    try {
      await writeJson(
        { ...context, isStdoutTerminal: false },
        {
          base_url: emulator.baseURL,
          port: emulator.port,
          pid: process.pid,
          ledger_url: emulator.ledgerURL,
        },
      );
      await ended;
      return exitCodes.ok;
    } finally {
      await emulator.close();
    }
  }
}

const portOf = (text: string): number => {
  const port = wholeNumber('--port', text, 0) ?? 0;
  if (port > 65_535) throw new CliFailure(`--port ${text}: must be at most 65535`);
  return port;
};

const turnaroundOf = (text: string): { readonly min: number; readonly max: number } => {
  const [from = '', to = from, ...rest] = text.split('-');
  const [min, max] = [numberIn(from), numberIn(to)];
  if (rest.length > 0 || !(min >= 0 && max >= min))
    throw new CliFailure(
      `--turnaround must be seconds of at least 0, a number or min-max (got ${JSON.stringify(text)})`,
    );
  return { min: min * 1000, max: max * 1000 };
};

const readText = async (path: string, given: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliFailure(
      `--faults ${given} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
