import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { groupsOf } from './groups.ts';
import { formatDeclaration, formatPage } from './page-theme.ts';
import { writePages } from './pages.ts';
import { surfacesOf } from './surface.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
/** As they are checked in; `npm run docs:api` writes them anew. */
const PAGES = join(root, 'docs/api');
const isUpdate = process.env['BATCHOR_API_UPDATE'] === '1';

/** Each file below a folder, by its path there, with `/` on every machine. */
const filesIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md'))
      .toSorted()
      .map((path) => [path.replaceAll(sep, '/'), readFileSync(join(folder, path), 'utf8')]),
  );

const headingsOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...page.matchAll(/^### (.+)$/gm)].map(([, title = '']) =>
      title.replaceAll('\\', '').replace(/\(\)$/, ''),
    ),
  );

describe('the API pages', () => {
  it('are what the docstrings make, without a warning, and hold every export', async () => {
    const out = mkdtempSync(join(tmpdir(), 'batchor-pages-'));
    try {
      expect(await writePages(dist, isUpdate ? PAGES : out)).toEqual([]);
      const pages = filesIn(isUpdate ? PAGES : out);
      const surfaces = [...surfacesOf(dist)].filter(([door]) => door !== 'batchor/adapters/sqljs');
      expect(surfaces.length).toBeGreaterThanOrEqual(15);
      for (const [door, surface] of surfaces) {
        const headings = headingsOf(pages.get(`${door}.md`) ?? '');
        const names = [...surface.matchAll(/^\/\/ (\w+)$/gm)].map(([, name = '']) => name);
        expect(names.length, door).toBeGreaterThan(0);
        expect(
          names.filter((name) => !headings.has(name)),
          door,
        ).toEqual([]);
      }
      const checkedIn = filesIn(PAGES);
      expect([...checkedIn.keys()]).toEqual([...pages.keys()]);
      const different = [...pages].filter(([path, page]) => checkedIn.get(path) !== page);
      expect(
        different.map(([path]) => path),
        'docstrings have changed: run npm run docs:api',
      ).toEqual([]);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });

  it('name no machine and no commit', () => {
    for (const [path, page] of filesIn(PAGES)) {
      expect(page.includes(root), path).toBe(false);
      expect(page, path).not.toMatch(/\b[0-9a-f]{40}\b|file:\/\/\/(?!path)|node_modules/);
    }
  });

  it('refer to pages and headings that exist', () => {
    const pages = filesIn(PAGES);
    const anchorsOf = (page: string): ReadonlySet<string> =>
      new Set([
        ...[...page.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
        ...[...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
          title
            .toLowerCase()
            .replaceAll(/[^\w\- $]/g, '')
            .replaceAll(' ', '-'),
        ),
      ]);
    let checked = 0;
    for (const [path, page] of pages)
      for (const [, target = '', anchor = ''] of page.matchAll(
        /\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g,
      )) {
        if (/^https?:/.test(target)) continue;
        const file = target === '' ? path : join(path, '..', target).replaceAll(sep, '/');
        expect([...pages.keys()], `${path}: ${target}`).toContain(file);
        // Of equal headings of one page the second has a number behind it.
        if (anchor !== '')
          expect(anchorsOf(pages.get(file) ?? ''), `${path}: ${target}#${anchor}`).toContain(
            anchor.replace(/-\d+$/, ''),
          );
        checked += 1;
      }
    expect(checked).toBeGreaterThan(500);
  });
});

describe('a page', () => {
  it('stands under the headings of its index file, also where a module is re-exported whole', () => {
    const index = [
      "export { a } from './a.ts';",
      '// Rows: their states.',
      "export { b, type C as D } from './b.ts';",
      "export * from './c/index.ts';",
      '// Batches. And more.',
      "export type { E } from './e.ts';",
    ].join('\n');
    const groups = groupsOf('/lib/index.ts', index, (path) =>
      path.replaceAll(sep, '/') === '/lib/c/index' ? ['f'] : [],
    );
    expect([...groups]).toEqual([
      ['b', 'Rows'],
      ['D', 'Rows'],
      ['f', 'Rows'],
      ['E', 'Batches'],
    ]);
  });

  it('has declarations in the format of the sources, whatever they are parts of', async () => {
    expect(await formatDeclaration('const a: (x: string) => "b"')).toBe(
      "const a: (x: string) => 'b';",
    );
    expect(await formatDeclaration('close(): Promise<void>')).toBe('close(): Promise<void>;');
    expect(await formatDeclaration('type A = |"b"|"c"')).toBe("type A = 'b' | 'c';");
    expect(await formatDeclaration('no: such = thing ((')).toBe('no: such = thing ((');
    expect(await formatPage('# A\n\n```ts\ntype A={}\n```\n\nType A={}\n')).toBe(
      '# A\n\n```ts\ntype A = {};\n```\n\nType A={}\n',
    );
  });
});
