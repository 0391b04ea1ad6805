import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultScript, Ledger } from '../../../lib/sim/provider/index.ts';
import { type Built, runBuilt, startBuilt } from '../../cli/built.ts';
import type { Ran } from '../../cli/ran.ts';
import { type EmulatedService, emulatedKey, emulatedServices } from './emulated-service.ts';
import { waitFor } from '../../support/wait-for.ts';

/** What the provider says of one batch, and whether it was refused as a whole, unbilled. */
export interface BatchState {
  readonly isRefused: boolean;
  readonly said: string;
}

/**
 * A user's folder, an emulator in a process of its own, and command lines in processes of theirs.
 * Whatever lives at its end is killed.
 */
export interface ProcessWorld extends AsyncDisposable {
  readonly folder: string;
  readonly service: EmulatedService;
  write(name: string, content: string): void;
  /** A process, at the head of its own group. */
  start(args: readonly string[]): Built;
  run(args: readonly string[]): Promise<Ran>;
  /** The emulator's own books. */
  ledger(): Promise<Ledger>;
  batch(id: string): Promise<BatchState>;
}

export interface ProcessWorldOptions {
  readonly seed: number;
  /** Absent: OpenAI. */
  readonly service?: EmulatedService;
  readonly faults?: FaultScript;
  /** Seconds that a batch takes, as the emulator reads them: `0.5-2`. */
  readonly turnaround: string;
  /** Before each answer of the emulator. */
  readonly latencyMs?: number;
  /** For the command lines, besides the emulator's address. */
  readonly env?: Readonly<Record<string, string>>;
}

const alive = new Set<Built>();
// An interrupted campaign leaves no process behind, stopped ones included.
process.once('exit', () => {
  for (const built of alive) signalGroup(built, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

/** Signals the process and all that it started; false where it is over. */
export const signalGroup = ({ child }: Built, signal: NodeJS.Signals): boolean => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
};

const startListed = (args: readonly string[], options: Parameters<typeof startBuilt>[1]): Built => {
  const built = startBuilt(args, { ...options, isGroup: true });
  alive.add(built);
  void built.ended.finally(() => alive.delete(built));
  return built;
};

export const createProcessWorld = async ({
  seed,
  service = emulatedServices.openai,
  faults = [],
  turnaround,
  latencyMs = 0,
  env = {},
}: ProcessWorldOptions): Promise<ProcessWorld> => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-campaign-'));
  writeFileSync(join(folder, 'faults.json'), JSON.stringify(faults));
  const commandArguments = [
    'emulator',
    '--provider',
    service.name,
    '--turnaround',
    turnaround,
    '--seed',
    String(seed),
    '--latency-ms',
    String(latencyMs),
    '--faults',
    'faults.json',
  ];
  const emulator = startListed(commandArguments, { cwd: folder });
  const isOver = (): boolean => emulator.child.exitCode !== null;
  await waitFor(
    'the emulator says its address',
    () => isOver() || emulator.stdout().includes('\n'),
    { state: emulator.stderr },
  );
  if (isOver()) throw new Error(`the emulator did not begin: ${emulator.stderr()}`);
  const { base_url: baseUrl, ledger_url: ledgerUrl } = JSON.parse(emulator.stdout()) as {
    readonly base_url: string;
    readonly ledger_url: string;
  };
  const options = {
    cwd: folder,
    env: { ...env, [service.keyVariable]: emulatedKey, [service.addressVariable]: baseUrl },
  };
  const started: Built[] = [];
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(new URL(path, baseUrl), { headers: service.headers });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  };
  return {
    folder,
    service,
    write: (name, content) => writeFileSync(join(folder, name), content),
    start(args) {
      const built = startListed(args, options);
      started.push(built);
      return built;
    },
    run: (args) => runBuilt(args, options),
    ledger: () => get(ledgerUrl) as Promise<Ledger>,
    batch: async (id) => {
      const batch = await get(service.pathOf(id));
      return { isRefused: service.isRefused(batch), said: JSON.stringify(batch).slice(0, 300) };
    },
    async [Symbol.asyncDispose]() {
      for (const built of [...started, emulator]) {
        signalGroup(built, 'SIGKILL');
        await built.ended;
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
};
