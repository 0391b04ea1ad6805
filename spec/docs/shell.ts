import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Doc } from './markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(root, 'dist/cli/main.js');
/**
 * Less than a test may take, so that a document that hangs is named with its block; far more than
 * any takes on a slow machine.
 */
const DOC_MS_MAX = 9 * 60_000;

/** What became of a document's commands. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  /** `README.md:12`: the block that failed, or the last one. */
  readonly lastBlock: string;
}

/**
 * `# exit code 2`, or `# exit code 0, or 1: why`, behind a command: what a script that stops at the
 * first error has to be told.
 */
const EXIT_CODE = /# exit code (?:0, or )?(\d+)(?::.*)?$/gm;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** One script for the whole document: blocks in their order, files written where they stand. */
const scriptOf = (doc: Doc, texts: string): string => {
  const steps = doc.blocks.flatMap((block, index) => {
    const { language, file, text } = block;
    if (file === null && language !== 'sh') return [];
    const source = join(texts, String(index));
    writeFileSync(source, text.replace(EXIT_CODE, '|| test $? -eq $1'));
    const act =
      file === null
        ? `source ${quoted(source)}`
        : `mkdir -p ${quoted(dirname(file))} && cp ${quoted(source)} ${quoted(file)}`;
    return [`echo ${quoted(`${doc.path}:${block.line}`)} > ${quoted(join(texts, 'at'))}\n${act}`];
  });
  return ['set -eo pipefail', ...steps, ''].join('\n');
};

/** Where a document's commands run: what `batchor` is, and what the environment holds besides. */
export interface Surroundings {
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Those of npx and tsx that are the user's; by default none, and what stands for them does the
   * same here in less time.
   */
  readonly real?: readonly ('npx' | 'tsx')[];
}

const writeCommand = (path: string, script: string): void => {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
};

/** A user's folder: batchor, and what its users install beside it; `npx` finds both there. */
const userFolder = (main: string, real: readonly string[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-docs-'));
  const bin = join(folder, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/batchor'));
  for (const name of ['zod', 'rxjs', 'openai', 'pg', 'tsx', 'io-ts', 'fp-ts', 'arquero'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  const tools = join(root, 'node_modules/.bin');
  writeCommand(join(bin, 'batchor'), `exec ${quoted(process.execPath)} ${quoted(main)} "$@"`);
  symlinkSync(join(tools, 'tsc'), join(bin, 'tsc'));
  // Found before the real one, which takes longer than what it starts.
  if (!real.includes('npx'))
    writeCommand(join(bin, 'npx'), `command=$1; shift; exec ${quoted(bin)}/"$command" "$@"`);
  if (real.includes('tsx')) symlinkSync(join(tools, 'tsx'), join(bin, 'tsx'));
  else {
    // The real one looks at each module of batchor, not only at the program.
    const build = `${quoted(join(tools, 'esbuild'))} "$1" --bundle --packages=external --platform=node --format=esm --target=node20.15 --log-level=error`;
    writeCommand(
      join(bin, 'tsx'),
      `${build} --outfile="$1.mjs" && program=$1.mjs && shift && exec ${quoted(process.execPath)} "$program" "$@"`,
    );
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  return folder;
};

/** Runs a script to its end, and ends whatever it leaves running. */
const runScript = (
  script: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Omit<Outcome, 'lastBlock'>> =>
  new Promise((resolve, reject) => {
    const shell = spawn('bash', ['-c', script], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    const endGroup = (): void => {
      try {
        if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
      } catch {
        // Nobody is left in it.
      }
    };
    const timer = setTimeout(endGroup, DOC_MS_MAX);
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    shell.once('error', reject);
    shell.once('exit', endGroup);
    shell.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    });
  });

/**
 * Runs a document's `sh` blocks in order in one shell, in a folder and an environment of their own.
 */
export const runDoc = async (
  doc: Doc,
  { main = MAIN, env: extraEnv = {}, real = [] }: Surroundings = {},
): Promise<Outcome> => {
  if (!existsSync(main)) throw new Error(`${main} is missing: run \`npm run build\` first`);
  const folder = userFolder(main, real);
  const texts = mkdtempSync(join(tmpdir(), 'batchor-blocks-'));
  const path = [join(folder, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const kept = Object.fromEntries(
    ['LANG', 'TMPDIR', 'TERM'].map((name) => [name, process.env[name]]),
  );
  const env = {
    ...kept,
    HOME: folder,
    PATH: path,
    NO_COLOR: '1',
    npm_config_update_notifier: 'false',
    ...extraEnv,
  };
  try {
    const outcome = await runScript(scriptOf(doc, texts), folder, env);
    return { ...outcome, lastBlock: readFileSync(join(texts, 'at'), 'utf8').trim() };
  } finally {
    for (const each of [folder, texts])
      rmSync(each, { recursive: true, force: true, maxRetries: 3 });
  }
};
