import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandGlob } from '../../adapters/files/expand-glob.ts';
import { tempFolder } from './source-files.ts';

const FILES = [
  'a/z.csv',
  'a.csv',
  'B.csv',
  'b.csv',
  'é.csv',
  '.h.csv',
  '.hid/e.csv',
  'a/deep/d.csv',
  'x[1].csv',
  'x1.csv',
  'p(q).csv',
  '!n.csv',
];

const folder = async (): Promise<string> => {
  const root = await tempFolder();
  for (const file of FILES) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), '');
  }
  await symlink('a.csv', join(root, 'link.csv'));
  await symlink('nowhere', join(root, 'broken.csv'));
  await symlink('..', join(root, 'a/loop'));
  return root;
};

describe('a pattern', () => {
  it.each<[string, readonly string[]]>([
    [
      '*.csv',
      ['!n.csv', 'B.csv', 'a.csv', 'b.csv', 'link.csv', 'p(q).csv', 'x1.csv', 'x[1].csv', 'é.csv'],
    ],
    ['./[ab].csv', ['a.csv', 'b.csv']],
    ['[!a].csv', ['B.csv', 'b.csv', 'é.csv']],
    ['{a,b,none}.csv', ['a.csv', 'b.csv']],
    ['?.csv', ['B.csv', 'a.csv', 'b.csv', 'é.csv']],
    ['a/**', ['a/deep/d.csv', 'a/z.csv']],
    ['**/[a-z].csv', ['a/deep/d.csv', 'a/z.csv', 'a.csv', 'b.csv']],
    ['.*.csv', ['.h.csv']],
    ['.hid/*', ['.hid/e.csv']],
    ['a*', ['a.csv']],
    ['a/loop/[ab].csv', ['a/loop/a.csv', 'a/loop/b.csv']],
    ['x\\[*.csv', ['x[1].csv']],
    ['x[1].csv', ['x1.csv', 'x[1].csv']],
    ['p(q)*', ['p(q).csv']],
    ['!n*', ['!n.csv']],
    ['none*', []],
    ['none/*.csv', []],
  ])(
    '%s means the files that it matches, in the order of their paths',
    async (pattern, expected) => {
      const root = await folder();
      expect(await expandGlob(pattern, root)).toEqual(expected);
      if (!pattern.startsWith('!'))
        expect(await expandGlob(`${root}/${pattern.replace(/^\.\//, '')}`, '/')).toEqual(
          expected.map((path) => `${root}/${path}`),
        );
    },
  );

  it.each(['none.csv', 'p(q).csv', '!x', './a.csv', '/none/at all', 'a+(b).csv', ''])(
    'without glob characters is itself: %j',
    async (pattern) => {
      expect(await expandGlob(pattern, await folder())).toEqual([pattern]);
    },
  );

  it('whose glob characters are all taken as they are is the name that it writes', async () => {
    expect(await expandGlob('x\\[1\\].csv', await folder())).toEqual(['x[1].csv']);
  });

  it('gives the same order as sorting the names along each path', async () => {
    const name = fc.stringMatching(/^[a-c.A_-]{1,3}$/).filter((each) => !each.startsWith('.'));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 3 }), {
          maxLength: 8,
          selector: String,
        }),
        async (paths) => {
          const root = await tempFolder();
          const made: string[][] = [];
          for (const path of paths) {
            const ok = await mkdir(join(root, ...path.slice(0, -1)), { recursive: true })
              .then(() => writeFile(join(root, ...path), '', { flag: 'wx' }))
              .then(
                () => true,
                () => false,
              );
            if (ok) made.push(path);
          }
          const ordered = made
            .toSorted((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1))
            .map((path) => path.join('/'));
          expect(await expandGlob('**', root)).toEqual(ordered);
        },
      ),
      { numRuns: 40 },
    );
  });
});
