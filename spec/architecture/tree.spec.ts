import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TOP_LEVEL = [
  'package.json',
  'tsconfig.json',
  'lib',
  'adapters',
  'cli',
  'spec',
  'docs',
  'README.md',
  'LICENSE',
];
const FILE_LINES_MAX = 406;

/** A file of the project and its text. */
interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** A habit of the house: what breaks it, file by file. */
interface Habit {
  readonly title: string;
  /** Says what is wrong with a file, or nothing. */
  readonly wrong: (file: ProjectFile) => string | null;
  /** One file that breaks it. */
  readonly planted: ProjectFile;
}

const isShipped = (path: string): boolean => /^(lib|adapters|cli)\/.*\.ts$/.test(path);
const isSource = (path: string): boolean =>
  /^(lib|adapters|cli|spec|docs)\/.*\.(ts|mjs|js)$/.test(path);
const isText = (path: string): boolean =>
  path !== 'package-lock.json' &&
  /(\.(ts|mjs|js|json|md|sh|yml)|^\.ci\/[\w-]+|^LICENSE)$/.test(path);

const lineOf = (text: string, pattern: RegExp): string | null => {
  const found = pattern.exec(text);
  return found === null
    ? null
    : `line ${text.slice(0, found.index).split('\n').length}: ${found[0]}`;
};
/** Put together from halves, so that this file does not break its own rules. */
const word = (...halves: readonly string[]): string => halves.join('');

const HABITS: readonly Habit[] = [
  {
    title: 'the top level holds nine names, the lockfile and dotfiles',
    wrong: ({ path }) => {
      const top = path.split('/')[0] ?? '';
      return [...TOP_LEVEL, 'package-lock.json'].includes(top) || top.startsWith('.') ? null : top;
    },
    planted: { path: 'scripts/build.mjs', text: '' },
  },
  {
    title: 'no file is named after nothing in particular',
    wrong: ({ path }) =>
      /^(.*[-.])?(utils?|helpers?|manager|common)([-.].*)?$/.test(basename(path)) ? path : null,
    planted: { path: 'lib/core/date-utils.ts', text: '' },
  },
  {
    title: 'files are kebab-case',
    wrong: ({ path }) => (isSource(path) && /[A-Z_ ]/.test(path) ? path : null),
    planted: { path: 'lib/core/runEvent.ts', text: '' },
  },
  {
    title: 'no test is switched off, and none switches the others off',
    wrong: ({ path, text }) =>
      isSource(path)
        ? lineOf(text, /\b(it|test|describe|suite)(\.\w+)*\.(only|skip|todo)\b/)
        : null,
    planted: {
      path: 'spec/core/a.spec.ts',
      text: word('it.concurrent.on', "ly('x', () => {});\n"),
    },
  },
  {
    title: 'nothing has a default export',
    wrong: ({ path, text }) =>
      isShipped(path) ? lineOf(text, /^export default\b|\bas default\b/m) : null,
    planted: { path: 'lib/core/a.ts', text: 'const a = 1;\nexport default a;\n' },
  },
  {
    title: `a file that ships has at most ${FILE_LINES_MAX} lines`,
    wrong: ({ path, text }) => {
      const lines = text.split('\n').length - 1;
      return isShipped(path) && lines > FILE_LINES_MAX ? `${lines} lines` : null;
    },
    planted: { path: 'cli/main.ts', text: '\n'.repeat(FILE_LINES_MAX + 1) },
  },
  {
    title: 'nothing is left for later',
    wrong: ({ path, text }) =>
      isText(path)
        ? lineOf(text, new RegExp(`\\b(${word('TO', 'DO')}|${word('FIX', 'ME')})\\b`))
        : null,
    planted: { path: 'lib/core/a.ts', text: `// ${word('TO', 'DO')}: think\n` },
  },
  {
    title: 'no compiler error is silenced in what ships',
    wrong: ({ path, text }) =>
      isShipped(path)
        ? lineOf(text, /@ts-(ignore|nocheck|expect-error)|(?:eslint|oxlint)-disable/)
        : null,
    planted: {
      path: 'lib/core/a.ts',
      text: '// @ts-expect-error later\nexport const a: string = 1;\n',
    },
  },
];

const projectFiles = (): readonly ProjectFile[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter(
      (path) =>
        path !== '' &&
        !path.startsWith('spec/architecture/fixtures/') &&
        existsSync(join(root, path)),
    )
    .map((path) => ({ path, text: isText(path) ? readFileSync(join(root, path), 'utf8') : '' }));

describe('the tree', () => {
  const files = projectFiles();

  it('is read whole', () => {
    expect(files.length).toBeGreaterThanOrEqual(20);
    expect(files.filter(({ text }) => text !== '').length).toBeGreaterThanOrEqual(20);
  });

  for (const { title, wrong } of HABITS) {
    it(`has the habit: ${title}`, () => {
      const found = files.flatMap((file) => {
        const what = wrong(file);
        return what === null ? [] : [`${file.path}: ${what}`];
      });
      expect(found).toEqual([]);
    });
  }

  it('names no package server in the lockfile', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly resolved?: string }>>;
    };
    expect(Object.keys(lock.packages).length).toBeGreaterThanOrEqual(20);
    expect(
      Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined),
    ).toEqual([]);
  });
});

describe('each habit of the tree', () => {
  for (const { title, wrong, planted } of HABITS) {
    it(`bites: ${title}`, () => expect(wrong(planted)).not.toBeNull());
  }
});
