import { describe, expect, it } from 'vitest';
import { hasLookaround } from '../../lib/schema/patterns.ts';

describe('a pattern that looks around', () => {
  it.each([
    'a(?=b)',
    '(?!a)b',
    '(?<=a)b',
    '(?<!a)b',
    '[(](?=b)',
    '\\\\(?=b)',
    '((a)|(?=b))',
    '[\\]](?=b)',
  ])('is known: %s', (pattern) => {
    expect(hasLookaround(pattern)).toBe(true);
  });
  it.each(['ab', '(a)', '(?:a)', '(?<name>a)', '[(?=]', '\\(?=a', '[\\](?=]', '', '(', '['])(
    'is distinguished from one that does not: %s',
    (pattern) => {
      expect(hasLookaround(pattern)).toBe(false);
    },
  );
});
