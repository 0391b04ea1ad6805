/**
 * An item's way, in files: builds the command line without bundling, runs `start --wait` of two CSV
 * rows and `results` against the emulator, and counts the files of which a function was called, by
 * folder (V8's coverage, worker threads included). `--files` lists each file with its lines, its
 * importers and, where it has just one in its own folder, that one.
 *
 *   npm run walk -- --files
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from './measured.ts';

/** What V8 writes of one process or thread, as far as it is read here. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
// Inside the project, so that packages are found.
const folder = await mkdtemp(join(root, '.walk-'));
const built = join(folder, 'dist');
const coverage = join(folder, 'coverage');

const buildWhole = (): void => {
  const tsc = join(root, 'node_modules/typescript7/bin/tsc');
  const args = [tsc, '-p', 'tsconfig.json', '--noEmitOnError', '--outDir', built];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`the compiler ended with ${status}`);
  symlinkSync(join(root, 'package.json'), join(folder, 'package.json'));
};

/** Runs a command of the line to its end, with coverage. */
const run = async (url: string, ...args: readonly string[]): Promise<void> => {
  const child = spawn(process.execPath, [join(built, 'cli/main.js'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      OPENAI_API_KEY: 'walk',
      OPENAI_BASE_URL: url,
      NODE_V8_COVERAGE: coverage,
    },
  });
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
};

const walk = async (): Promise<void> => {
  const input = join(folder, 'rows.csv');
  await writeFile(input, 'id,prompt\none,Say one\ntwo,Say two\n');
  const emulator = await startEmulator('0.1-0.2');
  const place = ['--store', join(folder, 'store'), '--run-id', 'walk'];
  const job = ['--id-field', 'id', '--prompt-field', 'prompt', '--model', 'gpt-4.1-mini'];
  try {
    await run(
      emulator.url,
      ...['start', '--wait', '--input', input, '--poll-interval', '0.1'],
      ...job,
      ...place,
    );
    await run(emulator.url, 'results', ...place);
  } finally {
    emulator.stop();
  }
};

/** The source files of which a function was called: the module's own code is none. */
const calledFiles = (): readonly string[] => {
  const called = new Set<string>();
  for (const name of readdirSync(coverage)) {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as Coverage;
    for (const { url, functions } of result)
      if (
        url.startsWith(`file://${built}`) &&
        functions.slice(1).some(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
      )
        called.add(relative(built, fileURLToPath(url)).replace(/\.js$/, '.ts'));
  }
  return [...called].toSorted();
};

/** Who imports each file, types included. */
const importersOf = (): ReadonlyMap<string, readonly string[]> => {
  const importers = new Map<string, string[]>();
  const files = ['lib', 'adapters', 'cli'].flatMap((part) =>
    readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(part, name)),
  );
  for (const file of files)
    for (const [, specifier = ''] of readFileSync(join(root, file), 'utf8').matchAll(
      /(?:from|import\() ?'(\.[^']+)'/g,
    )) {
      const target = join(dirname(file), specifier);
      importers.set(target, [...new Set([...(importers.get(target) ?? []), file])]);
    }
  return importers;
};

const linesOf = (file: string): number =>
  readFileSync(join(root, file), 'utf8').split('\n').length - 1;

const say = (files: readonly string[], withFiles: boolean): void => {
  const importers = importersOf();
  for (const room of new Set(files.map((file) => dirname(file)))) {
    const inside = files.filter((file) => dirname(file) === room);
    console.log(`${String(inside.length).padStart(4)}  ${room}`);
    if (!withFiles) continue;
    for (const file of inside) {
      const from = importers.get(file) ?? [];
      const alone = from.length === 1 && dirname(from[0] ?? '') === room ? `  <- ${from[0]}` : '';
      console.log(
        `        ${file.slice(room.length + 1)}  ${linesOf(file)} lines, ${from.length} importers${alone}`,
      );
    }
  }
  console.log(`${String(files.length).padStart(4)}  files`);
};

try {
  buildWhole();
  await walk();
  const files = calledFiles();
  if (files.length === 0 || !files.every((file) => existsSync(join(root, file))))
    throw new Error('the coverage names no files of the project');
  say(files, process.argv.includes('--files'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
