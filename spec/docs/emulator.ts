import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cliProvider } from '../../cli/job/providers.ts';
import { specEnv } from '../gate/env.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A running `batchor emulator`. */
export interface RunningEmulator {
  /** What a process needs to speak to it instead of OpenAI. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Reads an address from the line that the emulator prints when it listens: JSON. */
const addressOf = (line: string, name: 'base_url' | 'ledger_url'): string => {
  const announced = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const address = announced[name];
  if (typeof address === 'string') return address;
  throw new Error(`the emulator announced no ${name}: ${line}`);
};

/**
 * Starts `batchor emulator --port 0` of a provider; resolves once it listens, rejects if it ends
 * first.
 */
export const startEmulator = async (
  main = join(root, 'dist/cli/main.js'),
  provider = 'openai',
): Promise<RunningEmulator> => {
  const args = [main, 'emulator', '--provider', provider, '--port', '0'];
  const { addressVariable, keyVariable } = cliProvider(provider);
  const child = spawn(process.execPath, args, {
    env: specEnv(process.env),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await Promise.race([
    new Promise<string>((resolve) =>
      createInterface({ input: child.stdout }).once('line', resolve),
    ),
    ended.then(() => {
      throw new Error('the emulator ended before it listened');
    }),
  ]);
  const stop = (): Promise<void> => {
    child.kill();
    return ended;
  };
  try {
    return {
      env: {
        [addressVariable]: addressOf(line, 'base_url'),
        [keyVariable]: 'sk-emulator',
        EMULATOR_LEDGER_URL: addressOf(line, 'ledger_url'),
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
