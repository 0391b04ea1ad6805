// `npm run format:check`: is every file as `npm run format` would leave it? Prettier decides, and
// takes half a minute of CPU. oxfmt writes nearly all files the same way in a second: only those
// that it would change are shown to Prettier.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packages = join(root, 'node_modules');
const [oxfmt, prettier] = [
  join(packages, 'oxfmt/bin/oxfmt'),
  join(packages, 'prettier/bin/prettier.cjs'),
];

/**
 * Checks the files of a folder, but for those that its ignore files name. True: all are formatted.
 *
 * @param {string} folder
 * @param {(text: string) => void} tell what is not, and errors
 */
export const isFormatted = (folder, tell) => {
  /**
   * @param {string} program
   * @param {ReadonlyArray<string>} args
   */
  const run = (program, args) =>
    spawnSync(process.execPath, [program, ...args], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  const quick = run(oxfmt, ['--config', '.prettierrc.json', '--list-different', '.']);
  const changed = quick.stdout.split('\n').filter((line) => line !== '');
  if (quick.status === 0 && changed.length === 0) return true;
  // 1: it would change these. Anything else says nothing of any file.
  const doubtful =
    quick.status === 1 && changed.length > 0 && quick.stderr === '' ? changed : ['.'];
  const { status, stdout, stderr } = run(prettier, ['--check', '--log-level', 'warn', ...doubtful]);
  if (status !== 0) tell(`${stdout}${stderr}`);
  return status === 0;
};

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = isFormatted(root, (text) => process.stderr.write(text)) ? 0 : 1;
