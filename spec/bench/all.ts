/**
 * Every bench at a size that fits a coffee break; each prints its own baseline. Larger ones: see
 * each file's head.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const benches: readonly (readonly string[])[] = [
  ['arrow-table.ts', '--rows', '1000000'],
  ['core-steps.ts', '--rows', '1000000'],
  ['file-store.ts', '--rows', '100000'],
  ['artifacts.ts', '--rows', '100000'],
  ['inline-create.ts', '--mb', '200'],
  ['jsonl-source.ts', '--rows', '200000'],
  ['pg-store.ts', '--rows', '20000', '--rounds', '1'],
  ['table-path.ts', '--rows', '100000'],
  ['whole-path.ts', '--rows', '10000', '--rounds', '3'],
  ['whole-path.ts', '--rows', '100000', '--rounds', '3'],
];
for (const [name = '', ...flags] of benches) {
  console.error(`\n${name} ${flags.join(' ')}`);
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', here(name), ...flags], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
