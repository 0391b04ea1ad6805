import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { spool, removeOrphanedSpools } from '../../cli/job/spool.ts';

const made: string[] = [];
const left = (owner: unknown): string => {
  const folder = mkdtempSync(join(tmpdir(), 'batchor-stdin-'));
  made.push(folder);
  if (owner !== undefined)
    writeFileSync(
      join(folder, 'owner.json'),
      typeof owner === 'string' ? owner : JSON.stringify(owner),
    );
  writeFileSync(join(folder, 'rows.csv'), 'id\n1\n');
  return folder;
};
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('what standard input is kept in', () => {
  it('is removed by the next start when its process was killed', async () => {
    const module = JSON.stringify(new URL('../../cli/job/spool.ts', import.meta.url).href);
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `const { spool } = await import(${module}); console.log(await spool(process.stdin, 'rows.csv')); setInterval(() => 0, 1000);`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('../..', import.meta.url)) },
    );
    child.stdin.end('id\n1\n');
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const folder = dirname(String(said).trim());
    made.push(folder);
    expect(basename(folder)).toMatch(/^batchor-stdin-/);
    await removeOrphanedSpools();
    expect(existsSync(join(folder, 'rows.csv'))).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await removeOrphanedSpools();
    expect(existsSync(folder)).toBe(false);
  });

  it('is removed where its process id belongs to another process by now, and nowhere else', async () => {
    const mine = await spool(Readable.from(['id\n1\n']), 'rows.csv');
    made.push(dirname(mine));
    const owner = JSON.parse(readFileSync(join(dirname(mine), 'owner.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const kept = [
      mine,
      left(undefined),
      left('{"host":'),
      left({ ...owner, pid: 'x' }),
      left({ ...owner, pid: -1 }),
      left({ ...owner, host: 'elsewhere', pid: 2 ** 30 }),
    ];
    const gone = [left({ ...owner, pid: 2 ** 30 })];
    // Only where the system tells when a process began.
    if (owner['startTime'] !== null) gone.push(left({ ...owner, startTime: '1' }));
    const folder = join(tmpdir(), `batchor-stdin-${process.pid}-file`);
    writeFileSync(folder, 'no folder');
    made.push(folder);
    await removeOrphanedSpools();
    expect(kept.map((path) => existsSync(path))).toEqual(kept.map(() => true));
    expect(gone.map((path) => existsSync(path))).toEqual(gone.map(() => false));
    expect(existsSync(folder)).toBe(true);
  });
});
