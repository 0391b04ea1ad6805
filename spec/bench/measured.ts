import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a whole process used: start-up, worker threads and exit included. */
export interface Figures {
  readonly cpu_ms: number;
  readonly peak_mb: number;
  readonly wall_ms: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The built command line. */
export const main = join(root, 'dist/cli/main.js');
const exitFigures = join(root, 'spec/bench/exit-figures.mjs');

/**
 * The emulator in a process of its own. `turnaround`: seconds from the creation of a batch to its
 * end.
 */
export const startEmulator = async (
  turnaround: string,
  provider = 'openai',
): Promise<{ readonly url: string; readonly ledgerUrl: string; stop(): void }> => {
  const child = spawn(
    process.execPath,
    [main, 'emulator', '--port', '0', '--turnaround', turnaround, '--provider', provider],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { readonly base_url: string; readonly ledger_url: string };
    return { url: said.base_url, ledgerUrl: said.ledger_url, stop: () => child.kill() };
  }
  throw new Error('the emulator did not start');
};

/** Runs a script of Node's to its end; throws unless it ends with 0. */
export const measured = async (
  folder: string,
  name: string,
  args: readonly string[],
  url: string,
): Promise<Figures> => {
  const target = join(folder, `${name}.figures.json`);
  const env = {
    ...process.env,
    OPENAI_API_KEY: 'bench',
    OPENAI_BASE_URL: url,
    ANTHROPIC_API_KEY: 'bench',
    ANTHROPIC_BASE_URL: url,
    BENCH_FIGURES: target,
  };
  const child = spawn(process.execPath, ['--import', exitFigures, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return JSON.parse(await readFile(target, 'utf8')) as Figures;
};
