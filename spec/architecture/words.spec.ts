import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { termsOfTitles } from './titles.ts';
import { proseOf, TERMS, termsIn } from './vocabulary.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A term that may stand in a file, so many times, and why. */
interface Exception {
  readonly path: string;
  readonly term: string;
  readonly countMax: number;
  readonly because: string;
}

const summaryKey = 'a key of the summary, which is public JSON';
const effectName = 'the name of an effect or an event, which stored runs have';

/** In cli/ and docs/ no term stands but these. */
const EXCEPTIONS: readonly Exception[] = [
  { path: 'cli/actions/drive.ts', term: 'unclear', countMax: 1, because: summaryKey },
  { path: 'cli/actions/drive.ts', term: 'stray', countMax: 2, because: summaryKey },
  {
    path: 'cli/actions/work.ts',
    term: 'trouble',
    countMax: 1,
    because: 'the type of a notice of `runner.work`, which is public',
  },
  {
    path: 'cli/commands/resolve.ts',
    term: 'word',
    countMax: 3,
    because: 'the type BatchWord of lib/run',
  },
  { path: 'cli/print/progress.ts', term: 'unclear', countMax: 3, because: summaryKey },
  { path: 'cli/print/progress.ts', term: 'trouble', countMax: 2, because: summaryKey },
  {
    path: 'cli/print/progress.ts',
    term: 'sweep',
    countMax: 1,
    because: 'the key of an effect, as the summary has it',
  },
  {
    path: 'cli/print/progress.ts',
    term: 'stray',
    countMax: 1,
    because: 'the key of an effect, as the summary has it',
  },
  {
    path: 'docs/examples/15-embed-core-in-memory.ts',
    term: 'sweep',
    countMax: 7,
    because: effectName,
  },
  {
    path: 'docs/examples/15-embed-core-in-memory.ts',
    term: 'unclear',
    countMax: 1,
    because: effectName,
  },
  {
    path: 'docs/examples/15-embed-core-in-memory.ts',
    term: 'stray',
    countMax: 4,
    because: effectName,
  },
  {
    path: 'docs/examples/16-embed-core-in-workflow.ts',
    term: 'unclear',
    countMax: 1,
    because: effectName,
  },
];

/**
 * How often the terms still stand in a folder, names of stored records and public keys included. A
 * number may only fall: lower it when you lower the count. A folder that is not named has none.
 */
const CEILINGS: Readonly<Record<string, number>> = {
  'adapters/anthropic': 9,
  'adapters/arquero': 1,
  'adapters/arrow': 2,
  'adapters/csv': 9,
  'adapters/files': 9,
  'adapters/filestore': 2,
  'adapters/filesystem': 9,
  'adapters/gemini': 10,
  'adapters/jsonl': 5,
  'adapters/mistral': 12,
  'adapters/openai': 20,
  'adapters/pg': 9,
  'adapters/tiktoken': 6,
  'adapters/xai': 7,
  'lib/core': 504,
  'lib/effects': 45,
  'lib/engine': 13,
  'lib/ports': 15,
  'lib/run': 62,
  'lib/schema': 4,
  'lib/sim': 12,
  'lib/streams': 1,
  'lib/testing': 17,
};

/** Documents that keep the words of their time, or of their source. */
const isExempt = (path: string): boolean =>
  path === 'docs/changelog.md' ||
  path === 'docs/state-machine.md' ||
  // Made of docstrings, which are counted where they are written.
  path.startsWith('docs/api/') ||
  path.startsWith('docs/decisions/');
const isProduct = (path: string): boolean => /^(?:lib|adapters)\/.*\.ts$/u.test(path);
const isSaid = (path: string): boolean =>
  !isExempt(path) &&
  (/^(?:cli|docs\/examples)\/.*\.(?:ts|mjs)$/u.test(path) ||
    /^(?:README|docs\/.*)\.md$/u.test(path));

/** The terms of a file, its path included. */
const termsOfFile = (path: string, text: string): ReadonlyMap<string, readonly number[]> =>
  termsIn(`${path.replaceAll('/', ' / ')} ${path.endsWith('.md') ? proseOf(text) : text}`);

const paths = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\0')
  .filter((path) => (isProduct(path) || isSaid(path)) && existsSync(join(root, path)));
const found = paths.map((path) => ({
  path,
  terms: termsOfFile(path, readFileSync(join(root, path), 'utf8')),
}));

const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');
const total = (terms: ReadonlyMap<string, readonly number[]>): number =>
  [...terms.values()].reduce((sum, lines) => sum + lines.length, 0);
const advice = (name: string): string => TERMS.find((term) => term.name === name)?.write ?? '';

describe('the words of the project', () => {
  it('are read whole', () => {
    expect(paths.filter(isProduct).length).toBeGreaterThanOrEqual(200);
    expect(paths.filter((path) => path.startsWith('cli/')).length).toBeGreaterThanOrEqual(50);
    expect(paths.filter((path) => path.endsWith('.md')).length).toBeGreaterThanOrEqual(20);
  });

  it("are the field's in the command line and the documents", () => {
    const wrong = found.flatMap(({ path, terms }) =>
      isProduct(path)
        ? []
        : [...terms]
            .filter(
              ([term, lines]) =>
                lines.length >
                (EXCEPTIONS.find((each) => each.path === path && each.term === term)?.countMax ??
                  0),
            )
            .map(
              ([term, lines]) =>
                `${path}: "${term}" in lines ${lines.join(', ')}: write ${advice(term)}`,
            ),
    );
    expect(wrong).toEqual([]);
  });

  it("are the field's in the titles of specs", () => {
    const specs = execFileSync('git', ['ls-files', '-z', 'spec'], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(
        (path) =>
          /^spec\/(?!architecture\/).*\.ts$/u.test(path) &&
          (path.endsWith('.spec.ts') || path.startsWith('spec/contract/')) &&
          existsSync(join(root, path)),
      );
    expect(specs.length).toBeGreaterThanOrEqual(200);
    const wrong = specs.flatMap((path) =>
      termsOfTitles(readFileSync(join(root, path), 'utf8')).map((found) => `${path}: ${found}`),
    );
    expect(wrong).toEqual([]);
    expect(
      termsOfTitles("describe('a stray', () => { it.each([1])('is swept by nobody', fails); });"),
    ).toEqual(['stray: a stray', 'somebody: is swept by nobody', 'sweep: is swept by nobody']);
  });

  it('have no exception that is not needed', () => {
    const needless = EXCEPTIONS.filter(({ path, term, countMax }) => {
      const count = found.find((each) => each.path === path)?.terms.get(term)?.length ?? 0;
      return count < countMax;
    });
    expect(needless).toEqual([]);
  });

  it("come nearer to the field's in library and adapters, folder by folder", () => {
    const counts = new Map<string, number>();
    for (const { path, terms } of found)
      if (isProduct(path))
        counts.set(folderOf(path), (counts.get(folderOf(path)) ?? 0) + total(terms));
    const above = [...counts].filter(([folder, count]) => count > (CEILINGS[folder] ?? 0));
    expect(
      above,
      above
        .flatMap(([folder]) => found.filter(({ path }) => folderOf(path) === folder))
        .flatMap(({ path, terms }) =>
          [...terms].map(
            ([term, lines]) =>
              `${path}: "${term}" in lines ${lines.join(', ')}: write ${advice(term)}`,
          ),
        )
        .slice(0, 50)
        .join('\n'),
    ).toEqual([]);
    expect(Object.keys(CEILINGS).filter((folder) => !counts.has(folder))).toEqual([]);
  });
});

describe('each term', () => {
  for (const { name, planted } of TERMS)
    it(`is found: ${name}`, () => {
      expect(termsOfFile('cli/planted.ts', `/** ${planted} */\n`).get(name)).toEqual([1]);
      expect(termsOfFile('docs/planted.md', `A title\n\n${planted}\n`).get(name)).toEqual([3]);
    });

  it('is found in the name of a file, and not in code of a document, nor inside of another word', () => {
    expect(total(termsOfFile('cli/job/stray-batches.ts', ''))).toBe(1);
    expect(total(termsOfFile('docs/a.md', 'See `troubles`.\n\n```sh\ngrep nobody\n```\n'))).toBe(0);
    expect(
      total(
        termsOfFile(
          'cli/a.ts',
          'const recommended = ashtray + amendment + mushroom + looksLikeFile;',
        ),
      ),
    ).toBe(0);
  });
});
