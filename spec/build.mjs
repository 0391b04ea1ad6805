// `npm run build`: compiles to a folder aside, then swaps it in, so that dist is never half of two builds and never keeps a stale file.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const cache = join(root, 'node_modules', '.cache', 'batchor');

/** Puts the new build in the place of the old one. Another build may do the same at this moment: then once more. */
const swapIn = (/** @type {string} */ built, /** @type {string} */ aside) => {
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

const build = () => {
  if (!existsSync(tsc)) {
    console.error('typescript is not installed here: run `npm ci` without --omit=dev');
    return 1;
  }
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(join(cache, 'build-'));
  try {
    const built = join(aside, 'dist');
    const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--noEmitOnError', '--outDir', built], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) return status ?? 1;
    if (!existsSync(built) || readdirSync(built).length === 0) {
      console.error('the compiler wrote nothing');
      return 1;
    }
    const main = join(built, 'cli', 'main.js');
    if (existsSync(main)) chmodSync(main, 0o755);
    swapIn(built, aside);
    return 0;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
};

process.exitCode = build();
