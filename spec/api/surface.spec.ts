import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { surfacesOf } from './surface.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** One file per door, as it was last reviewed; `npm run api:update` writes them anew. */
const REVIEWED = fileURLToPath(new URL('reviewed', import.meta.url));
const isUpdate = process.env['BATCHOR_API_UPDATE'] === '1';

const fileOf = (door: string): string => `${door.replaceAll('/', '-')}.txt`;

// Until a surface has been reviewed there is none to compare with.
describe.runIf(isUpdate || existsSync(REVIEWED))('the public surface', () => {
  it('is the one that was reviewed', () => {
    const surfaces = new Map(
      [...surfacesOf(join(root, 'dist'))].map(([door, surface]) => [fileOf(door), surface]),
    );
    expect(surfaces.size).toBeGreaterThanOrEqual(5);
    if (isUpdate) {
      rmSync(REVIEWED, { recursive: true, force: true });
      mkdirSync(REVIEWED);
      for (const [file, surface] of surfaces) writeFileSync(join(REVIEWED, file), surface);
    }
    expect(readdirSync(REVIEWED).toSorted()).toEqual([...surfaces.keys()].toSorted());
    for (const [file, surface] of surfaces) {
      expect(surface, `${file} differs: review it, then npm run api:update`).toBe(
        readFileSync(join(REVIEWED, file), 'utf8'),
      );
    }
  });
});

describe('a surface', () => {
  const surfaceOf = (declarations: Readonly<Record<string, string>>): string | undefined => {
    const dist = mkdtempSync(join(tmpdir(), 'batchor-api-'));
    try {
      mkdirSync(join(dist, 'lib/core'), { recursive: true });
      for (const [path, text] of Object.entries(declarations))
        writeFileSync(join(dist, 'lib/core', path), text);
      return surfacesOf(dist).get('batchor/core');
    } finally {
      rmSync(dist, { recursive: true, force: true });
    }
  };

  it('has every export with its declaration, sorted, through re-exports', () => {
    const index = `export * from './b.ts';\nexport type { A as Z } from './a.ts';\n`;
    const a = `/** A comment. */\nexport interface A {\n    readonly x: number;\n}\ninterface Hidden {\n}\n`;
    expect(
      surfaceOf({
        'index.d.ts': index,
        'a.d.ts': a,
        'b.d.ts': 'export declare const b: (x: number) => string;\n',
      }),
    ).toBe(
      `// Z\nexport interface A {\n    readonly x: number;\n}\n\n// b\nexport declare const b: (x: number) => string;\n`,
    );
  });

  it('differs when an export goes, or changes its type, and not when a comment does', () => {
    const before = surfaceOf({
      'index.d.ts': 'export declare const a: number;\nexport declare const b: number;\n',
    });
    expect(surfaceOf({ 'index.d.ts': 'export declare const a: number;\n' })).not.toBe(before);
    expect(
      surfaceOf({
        'index.d.ts': 'export declare const a: number;\nexport declare const b: string;\n',
      }),
    ).not.toBe(before);
    expect(
      surfaceOf({
        'index.d.ts':
          '/** New. */\nexport declare const a: number;\nexport declare const b: number;\n',
      }),
    ).toBe(before);
  });
});
