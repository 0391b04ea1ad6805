import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { docstringsOf } from './docstrings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The pure rules are for embedders: no more names than they need. It may only fall. */
const CORE_NAMES_MAX = 65;

describe('every export', () => {
  const doors = docstringsOf(join(root, 'dist'));

  it('has a docstring, whichever door it leaves by', () => {
    expect([...doors.keys()]).toEqual(
      expect.arrayContaining([
        'batchor',
        'batchor/core',
        'batchor/ports',
        'batchor/streams',
        'batchor/sim',
        'batchor/testing',
      ]),
    );
    for (const [door, { names, without }] of doors) {
      expect(names.length, door).toBeGreaterThan(0);
      expect(without, door).toEqual([]);
    }
  });

  it('of batchor/core is one that an embedder needs', () => {
    expect(doors.get('batchor/core')?.names.length).toBeLessThanOrEqual(CORE_NAMES_MAX);
  });
});

describe('an export without a docstring', () => {
  it('is found through re-exports, and a comment that is none does not count', () => {
    const dist = mkdtempSync(join(tmpdir(), 'batchor-docstrings-'));
    try {
      mkdirSync(join(dist, 'lib/core'), { recursive: true });
      writeFileSync(join(dist, 'lib/core/index.d.ts'), "export * from './a.ts';\n");
      writeFileSync(
        join(dist, 'lib/core/a.d.ts'),
        '/** Said. */\nexport declare const a: number;\n// Not said.\nexport interface B {}\n',
      );
      expect(docstringsOf(dist).get('batchor/core')).toEqual({ names: ['a', 'B'], without: ['B'] });
    } finally {
      rmSync(dist, { recursive: true, force: true });
    }
  });
});
