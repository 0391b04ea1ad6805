import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Definition } from 'clipanion';
import { describe, expect, it } from 'vitest';
import { createCli } from '../../cli/cli.ts';
import { checkCommandLine, commandName } from '../../cli/shell/command-line.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const definitions = (await createCli()).definitions();

/** A command that is shown to users, and where. */
interface Shown {
  readonly where: string;
  readonly line: string;
  /** In running text a command may stand without the value of its last flag. */
  readonly isProse?: true;
}

const filesBelow = (folder: string, end: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));

const all = (where: string, text: string, pattern: RegExp): readonly Shown[] =>
  [...text.matchAll(pattern)].map(([, line = '']) => ({ where, line }));

/** Source without comments, and with a word in place of each value that is put in. */
const spokenIn = (source: string): string =>
  source
    .replace(/^\s*(?:\/?\*|\/\/).*$/gmu, '')
    .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/gu, 'X')
    .replaceAll('\\`', '`');

/**
 * Commands of messages: in backticks, after `$0` of an example, built by `commandLine`, or bare
 * with their first flag.
 */
const inSource = (path: string): readonly Shown[] => {
  const text = spokenIn(readFileSync(join(root, path), 'utf8'));
  return [
    // Locks in a database have names that begin so, too.
    ...all(path, text, /`batchor (?!migrations X|quota X)([a-z-][^`<]*)`/gu),
    ...all(path, text, /(?<!`)\bbatchor ((?:[a-z]+-?)+ --(?!help)[^`'.,;()]*)/gu),
    ...all(path, text, /\$0 ([^'\n]*)'/gu),
    ...[
      ...text.matchAll(
        /commandLine\(\s*place,\s*'([a-z-]+)',\s*[\w.]+(?:,\s*(?:'([^']*)'|`([^`]*)`))?/gu,
      ),
    ].map(([, command, a, b]) => ({
      where: path,
      line: `${command ?? ''} --run-id X ${a ?? b ?? ''}`,
    })),
  ];
};

/** Commands of documents: the lines of their shells, and code in their text. */
const inDocument = (path: string): readonly Shown[] => {
  const text = readFileSync(join(root, path), 'utf8');
  const shells = [...text.matchAll(/^```(?:sh|console)[^\n]*\n(.*?)^```/gmsu)].map(
    ([, block = '']) => block.replaceAll('\\\n', ' '),
  );
  const prose = text.replace(/^```.*?^```/gmsu, '');
  return [
    ...shells.flatMap((block) =>
      all(
        path,
        block,
        /(?:^|[;&|(]|\bdo|\bthen)[ $]*(?:\w+=\S* )*(?:npx )?batchor ([a-z-][^\n]*)/gmu,
      ),
    ),
    ...all(path, prose, /`(?:npx )?batchor ([a-z-][^`]*)`/gu).map((shown) => ({
      ...shown,
      isProse: true as const,
    })),
  ];
};

/**
 * The words of a command as a shell would give them, as far as they are the command's; what a
 * variable holds is left out.
 */
const wordsOf = (line: string): readonly string[] => {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|\\.|[^\s"'])+/gu)].map(([word]) => word);
  const ends = words.findIndex((word) => /^(?:[0-9]?[<>].*|[|&;#].*|\))$/u.test(word));
  const last = words.findIndex((word) => word.endsWith(';'));
  return (
    words
      .slice(0, Math.min(ends < 0 ? words.length : ends, last < 0 ? words.length : last + 1))
      // A variable that is no flag's value may hold any flags.
      .filter((word, i, words) => !/^\$\w+$/u.test(word) || (words[i - 1] ?? '').startsWith('--'))
      .map((word) => word.replaceAll(/["']|[;)]+$/gu, ''))
      .filter(
        (word, i, words) =>
          word !== '' && ((word !== '…' && word !== 'X') || (words[i - 1] ?? '').startsWith('--')),
      )
  );
};

const errorOf = ({ where, line, isProse }: Shown): string | null => {
  const words = wordsOf(line);
  try {
    checkCommandLine(words, definitions);
    return null;
  } catch (error) {
    if (isProse === true && !line.endsWith(' VALUE'))
      return errorOf({ where, line: `${line} VALUE`, isProse });
    return `${where}: batchor ${line}: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** A command about one run needs its name. */
const isOfRun = (definition: Definition | undefined): boolean =>
  definition?.options.some(
    ({ preferredName, description }) => preferredName === '--run-id' && description === 'The run',
  ) ?? false;

const sources = ['lib', 'adapters', 'cli'].flatMap((folder) => filesBelow(folder, '.ts'));
const documents = [
  'README.md',
  ...filesBelow('docs', '.md').filter((path) => !path.startsWith('docs/decisions')),
];

describe('a command that is shown to users', () => {
  it('exists with all of its flags, in messages', () => {
    const shown = sources.flatMap(inSource);
    expect(shown.length).toBeGreaterThan(60);
    expect(shown.map(errorOf).filter((error) => error !== null)).toEqual([]);
  });

  it('is whole, in messages: it names the run that it is about', () => {
    const lacking = sources.flatMap(inSource).filter(({ line }) => {
      const words = wordsOf(line);
      const definition = definitions.find((each) =>
        commandName(each)
          .split(' ')
          .every((part, i) => words[i] === part),
      );
      return isOfRun(definition) && !words.includes('--run-id') && !words.includes('--help');
    });
    expect(lacking).toEqual([]);
  });

  it('exists with all of its flags, in documents', () => {
    const shown = documents.flatMap(inDocument);
    expect(shown.length).toBeGreaterThan(150);
    expect(shown.map(errorOf).filter((error) => error !== null)).toEqual([]);
  });

  it('has flags that some command has, where messages name flags alone', () => {
    const known = new Set([
      ...definitions.flatMap(({ options }) => options.flatMap(({ nameSet }) => nameSet)),
      '--help',
      '--version',
    ]);
    const named = sources.flatMap((path) =>
      all(
        path,
        spokenIn(readFileSync(join(root, path), 'utf8')),
        /(?<![\w-])(--[a-z][a-z-]*[a-z])/gu,
      ),
    );
    expect(named.length).toBeGreaterThan(200);
    // `--no` begins a negation; `--expose-gc` is Node's; the others are those of
    // LibreOffice, which a message names.
    const others = ['--no', '--expose-gc', '--headless', '--convert-to'];
    const unknown = named.filter(
      ({ line }) =>
        !others.includes(line) && !known.has(line) && !known.has(line.replace(/^--no-/u, '--')),
    );
    expect(unknown).toEqual([]);
  });
});

it('loads one command by its first word, the same as all of them hold', async () => {
  for (const definition of definitions) {
    const [first = ''] = commandName(definition).split(' ');
    expect((await createCli(first)).definitions()).toEqual([definition]);
  }
});

describe('the check of commands', () => {
  it('finds what does not exist, and what is not whole', () => {
    for (const line of [
      'events --run-id r',
      'status --runid r',
      'resume --run-id r --wait=1',
      'wait r',
      'resume --run-id',
    ])
      expect(errorOf({ where: 'planted', line })).toContain('planted: ');
    expect(
      errorOf({
        where: 'planted',
        line: 'resume --run-id r --max-cost USD --wait || test $? -eq 1',
      }),
    ).toBeNull();
  });
});
