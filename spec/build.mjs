// `npm run build`: compiles to a folder aside, then swaps it in, so that dist is never half of two
// builds and never keeps a stale file. `--if-stale` (as `prepare`, which npm also runs before the
// first `npx batchor`) does nothing while dist is newer than all that it is made of.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const tsc = join(root, 'node_modules', 'typescript7', 'bin', 'tsc');
const INPUTS = [
  'lib',
  'adapters',
  'cli',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'spec/build.mjs',
];

/** @param {string} path */
const modifiedMs = (path) => statSync(path).mtimeMs;

/**
 * Every input: files, and folders, whose times tell of files removed.
 *
 * @param {string} path
 * @returns {readonly string[]}
 */
const within = (path) => {
  if (!existsSync(path)) return [];
  const inside = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' })
    : [];
  return [path, ...inside.map((each) => join(path, each))];
};

/** The time of dist is that of its build's beginning. */
const isFresh = () => {
  if (!existsSync(dist)) return false;
  const builtMs = modifiedMs(dist);
  return INPUTS.flatMap((input) => within(join(root, input))).every(
    (path) => modifiedMs(path) < builtMs,
  );
};

/**
 * Puts the new build in the place of the old one. Another build may do the same at this moment:
 * then once more.
 *
 * @param {string} built
 * @param {string} aside
 */
const swapIn = (built, aside) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (existsSync(dist)) renameSync(dist, join(aside, `old-${attempt}`));
      renameSync(built, dist);
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
};

/**
 * fp-ts, io-ts and rxjs as modules, of which only what is used is bundled: as CommonJS, which Node
 * resolves, they come whole, and were a sixth of the CPU that a command takes.
 *
 * @type {import('esbuild').Plugin}
 */
const asModules = {
  name: 'as-modules',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(?:fp-ts|io-ts)\/lib\// }, ({ path, resolveDir, kind }) =>
      resolve(path.replace('/lib/', '/es6/'), { resolveDir, kind }),
    );
    onResolve({ filter: /^rxjs$/ }, () => ({
      path: join(root, 'node_modules/rxjs/dist/esm/index.js'),
      sideEffects: false,
    }));
  },
};

/**
 * The command line as few files: start-up is most of what `status` costs, and a file of its own per
 * module is most of start-up. The store's thread is an entry too, beside whatever asks for
 * `./worker.js`. What is large and loaded late stays a package.
 *
 * @param {string} built
 */
const bundleCli = async (built) => {
  const cli = join(built, 'cli');
  if (!existsSync(join(cli, 'main.js'))) return;
  const thread = join(built, 'adapters', 'filestore', 'worker', 'worker.js');
  const whole = `${cli}-whole`;
  await bundle({
    entryPoints: { main: join(cli, 'main.js'), ...(existsSync(thread) ? { worker: thread } : {}) },
    outdir: whole,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    chunkNames: 'chunk-[hash]',
    external: [
      'sql.js',
      'tiktoken',
      'csv-parse',
      'csv-stringify',
      'ajv',
      'ajv-formats',
      'jiti',
      'hyparquet',
      'hyparquet-compressors',
      'hyparquet-writer',
      'apache-arrow',
    ],
    plugins: [asModules],
    legalComments: 'linked',
    logLevel: 'warning',
    // Packages written for CommonJS ask for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
  });
  rmSync(cli, { recursive: true });
  renameSync(whole, cli);
  chmodSync(join(cli, 'main.js'), 0o755);
};

/** @returns {Promise<number>} the exit code */
const build = async () => {
  if (!existsSync(tsc)) {
    console.error('typescript is not installed here: run `npm ci` without --omit=dev');
    return 1;
  }
  const aside = mkdtempSync(join(root, '.build-'));
  try {
    const begun = new Date();
    const built = join(aside, 'dist');
    const args = [tsc, '-p', 'tsconfig.json', '--noEmitOnError', '--outDir', built];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
    if (!existsSync(built) || readdirSync(built).length === 0) {
      console.error('the compiler wrote nothing');
      return 1;
    }
    await bundleCli(built);
    utimesSync(built, begun, begun);
    swapIn(built, aside);
    return 0;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
};

process.exitCode = process.argv.includes('--if-stale') && isFresh() ? 0 : await build();
