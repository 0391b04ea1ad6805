import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { type Emulator, type EmulatorOptions, startEmulator } from 'batchor/adapters/emulator';
import { runCli } from '../../cli/cli.ts';
import type { CliContext } from '../../cli/shell/context.ts';
import { type Ran, ranOf } from './ran.ts';

export { linesOf, type Ran } from './ran.ts';

export interface RunOptions {
  /** Beside the key and the emulator's address. */
  readonly env?: Readonly<Record<string, string>>;
  /** This environment and nothing else. */
  readonly onlyEnv?: Readonly<Record<string, string>>;
  /** Sends the first interruption when it settles. */
  readonly interruptAfter?: (stderr: () => string) => Promise<void>;
  readonly isTerminal?: boolean;
  readonly isStdoutTerminal?: boolean;
  readonly stdin?: string | Buffer;
}

/** A user's folder, an emulator, and a way to type commands, all in this process. */
export interface CliWorld extends AsyncDisposable {
  readonly folder: string;
  readonly emulator: Emulator;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Writes a file of the folder; answers its path. */
  write(name: string, content: string | Uint8Array): string;
  /** Every command that was run so far. */
  readonly history: readonly Ran[];
  /** Every byte below the folder, as text. */
  storedText(under?: string): string;
}

export const apiKey = 'sk-spec-0123456789abcdef';

export const createCliWorld = async (options: EmulatorOptions = {}): Promise<CliWorld> => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-cli-'));
  const emulator = await startEmulator({ turnaroundMs: { min: 40, max: 120 }, ...options });
  const history: Ran[] = [];
  const env = { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: emulator.baseURL };
  return {
    folder,
    emulator,
    history,
    run: async (args, runOptions = {}) => {
      const ran = await runInProcess(args, folder, {
        ...runOptions,
        env: runOptions.onlyEnv ?? { ...env, ...runOptions.env },
      });
      history.push(ran);
      return ran;
    },
    write: (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    storedText: (under = '.') => textBelow(join(folder, under)),
    [Symbol.asyncDispose]: async () => {
      await emulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const textBelow = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

const runInProcess = async (
  args: readonly string[],
  cwd: string,
  options: RunOptions & { readonly env: Readonly<Record<string, string>> },
): Promise<Ran> => {
  const [stdout, stderr] = [createSink(), createSink()];
  const listeners = new Set<() => void>();
  const context: CliContext = {
    env: { ...options.env },
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    colorDepth: 1,
    cwd,
    isStderrTerminal: options.isTerminal ?? false,
    isStdoutTerminal: options.isStdoutTerminal ?? false,
    nowMs: () => Date.now(),
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  void options.interruptAfter?.(stderr.text).then(() => {
    for (const listener of listeners) listener();
  });
  const code = await runCli(args, context);
  return ranOf(code, stdout.text(), stderr.text());
};

const createSink = (): { readonly stream: Writable; text(): string } => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
};

/** What every start in these specs says, unless it says otherwise. */
/** Flags of `rest` replace those that every start has: a flag may be given once. */
export const startArgs = (
  input: string | readonly string[],
  runId: string,
  ...rest: readonly string[]
): readonly string[] => {
  const standard = [
    ['--id-field', 'id'],
    ['--prompt-field', 'text'],
    ['--model', 'gpt-4.1'],
    ['--store', 'store'],
    ['--run-id', runId],
    ['--poll-interval', '0.05'],
  ] as const;
  return [
    'start',
    ...[input].flat().flatMap((path) => ['--input', path]),
    ...standard.filter(([flag]) => !rest.includes(flag)).flat(),
    ...rest,
  ];
};

export const csvOf = (rowCount: number, from = 0): string =>
  `id,text,stars\n${Array.from({ length: rowCount }, (_, i) => `item-${from + i},What is ${from + i}?,${(from + i) % 5}`).join('\n')}\n`;

export const jsonlOf = (rowCount: number, from = 0): string =>
  Array.from(
    { length: rowCount },
    (_, i) =>
      `${JSON.stringify({ id: `item-${from + i}`, text: `What is ${from + i}?`, stars: (from + i) % 5 })}\n`,
  ).join('');
