import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../docs/decisions', import.meta.url));

/** A record: its file, its number by the name of the file, and its text. */
interface Decision {
  readonly path: string;
  readonly number: number;
  readonly text: string;
}

const decisionsIn = (root: string): readonly Decision[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.endsWith('README.md'))
    .map((path) => ({
      path: join(root, path),
      number: Number(/(\d{4})-[^/\\]+$/.exec(path)?.[1]),
      text: readFileSync(join(root, path), 'utf8'),
    }));

const repeated = (numbers: readonly number[]): readonly number[] =>
  numbers.filter((number, i) => numbers.indexOf(number) !== i);

describe('the decisions', () => {
  const decisions = decisionsIn(folder);
  const superseded = decisions.filter(({ path }) => dirname(path) !== folder);

  it('have a number each, which the title repeats', () => {
    expect(decisions.length).toBeGreaterThanOrEqual(40);
    expect(repeated([3, 4, 3])).toEqual([3]);
    expect(repeated(decisions.map(({ number }) => number))).toEqual([]);
    for (const { path, number, text } of decisions)
      expect(text.startsWith(`# ${number}. `), path).toBe(true);
  });

  it('are set aside once another one replaces them, and name it first', () => {
    expect(superseded.length).toBeGreaterThanOrEqual(2);
    for (const { path, text } of superseded) {
      const target = /^\*Status: replaced by \[decision \d+\]\(([^)]+)\)/m.exec(text)?.[1];
      expect(target, path).toBeDefined();
      expect(existsSync(join(dirname(path), target ?? '')), path).toBe(true);
    }
    for (const { path, text } of decisions.filter((each) => !superseded.includes(each)))
      expect(text, path).not.toMatch(/^\*?Status: replaced/m);
  });

  it('link to records that exist', () => {
    for (const { path, text } of decisions)
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+\.md)(?:#[^)]*)?\)/g))
        expect(existsSync(join(dirname(path), target)), `${path}: ${target}`).toBe(true);
  });
});
