import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const sectionOf = (title: string): string =>
  page.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? '';

/** A question of the table, the file that answers it, and the name to read there. */
interface Answer {
  readonly question: string;
  readonly path: string;
  readonly name: string;
}

const answersIn = (section: string): readonly Answer[] =>
  [...section.matchAll(/^\| (.+?) \| `([^`]+)` \| `(\w+)` \|$/gm)].map(
    ([, question = '', path = '', name = '']) => ({ question, path, name }),
  );

const declares = (path: string, name: string): boolean =>
  existsSync(join(root, path)) &&
  new RegExp(`^export (?:const|function|interface|type|class) ${name}\\b`, 'm').test(
    readFileSync(join(root, path), 'utf8'),
  );

/** The folders of a part; files beside them are its index. */
const foldersIn = (part: string): readonly string[] =>
  readdirSync(join(root, part), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

describe('docs/architecture.md', () => {
  it('leads each question to the file that exports the answer', () => {
    const answers = answersIn(sectionOf('Where it is decided'));
    expect(answers.length).toBeGreaterThanOrEqual(20);
    expect(answers.filter(({ path, name }) => !declares(path, name))).toEqual([]);
    expect(new Set(answers.map(({ question }) => question)).size).toBe(answers.length);
    // Planted: a file that is there and does not export it.
    expect(declares('lib/core/values/failure.ts', 'failureActions')).toBe(false);
  });

  it('walks by files that exist, and by no other words for them', () => {
    const walks = sectionOf('Two walks');
    const named = [...walks.matchAll(/`((?:lib|adapters|cli)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.length).toBeGreaterThanOrEqual(25);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names every folder of the larger parts, and none that is gone', () => {
    const plan = sectionOf('The parts, and who may import whom');
    for (const part of ['lib/core', 'lib/run', 'adapters/openai', 'adapters/filestore', 'cli']) {
      const row = plan
        .split('\n')
        .find((line) => line.startsWith(`| \`${part}\` |`) && / · |` `/.test(line));
      const words = [...(row ?? '').matchAll(/`([\w-]+)`/g)].map(([, word = '']) => word);
      expect(
        foldersIn(part).filter((folder) => !words.includes(folder)),
        part,
      ).toEqual([]);
    }
    const parts = [...plan.matchAll(/`(lib\/\w+)`/g)].map(([, part = '']) => part);
    expect(
      foldersIn('lib')
        .map((folder) => `lib/${folder}`)
        .filter((part) => !parts.includes(part)),
    ).toEqual(['lib/streams']);
    expect(parts.filter((part) => !existsSync(join(root, part)))).toEqual([]);
  });
});
