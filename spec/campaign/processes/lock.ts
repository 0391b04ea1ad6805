import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who owns a run, as its newest lock says. */
export interface OwnerLock {
  readonly epoch: number;
  readonly pid: number;
  readonly released: boolean;
}

/** The newest lock of a run; null while there is none that can be read. */
export const newestLock = (folder: string, runId: string): OwnerLock | null => {
  const run = join(folder, 'store/runs', runId);
  try {
    const epoch = Math.max(
      0,
      ...readdirSync(run).flatMap((name) =>
        /^lock\.\d+$/.test(name) ? [Number(name.slice(5))] : [],
      ),
    );
    const { pid, released } = JSON.parse(readFileSync(join(run, `lock.${epoch}`), 'utf8')) as {
      readonly pid: number;
      readonly released: boolean;
    };
    return { epoch, pid, released };
  } catch {
    return null;
  }
};
