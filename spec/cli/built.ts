import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { specEnv } from '../gate/env.mjs';
import { waitFor } from '../support/wait-for.ts';
import { type Ran, ranOf } from './ran.ts';

/** The built command line. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface BuiltOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Node's own flags. */
  readonly nodeArgs?: readonly string[];
  /** A stream to write to, or (default) nothing to read. */
  readonly stdin?: 'pipe' | 'ignore';
  /**
   * At the head of a process group of its own, to be signalled with all that it may have started.
   */
  readonly isGroup?: boolean;
}

/** A process of the built command line. */
export interface Built {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** How it ended; a code of -1 stands for a signal. */
  readonly ended: Promise<Ran>;
}

/** Starts dist/cli/main.js under bare Node. */
export const startBuilt = (
  args: readonly string[],
  { cwd, env = {}, nodeArgs = [], stdin = 'ignore', isGroup = false }: BuiltOptions,
): Built => {
  if (!existsSync(main)) throw new Error(`${main} is missing: run \`npm run build\` first`);
  const child = spawn(process.execPath, [...nodeArgs, main, ...args], {
    cwd,
    env: { ...specEnv(process.env), ...env },
    stdio: [stdin, 'pipe', 'pipe'],
    detached: isGroup,
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(ranOf(code ?? -1, texts.stdout, texts.stderr)));
  });
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended };
};

export const runBuilt = (args: readonly string[], options: BuiltOptions): Promise<Ran> =>
  startBuilt(args, options).ended;

/** True once the run has read rows. */
export const hasBegun = (folder: string, runId: string): boolean => {
  const requests = join(folder, 'store/runs', runId, 'objects/requests');
  return existsSync(requests) && readdirSync(requests).length > 0;
};

/** Waits for a condition, by default named by its own source. */
export const until = (
  isTrue: () => boolean | Promise<boolean>,
  what = String(isTrue),
): Promise<void> => waitFor(what, isTrue);
