import { describe, expect, it } from 'vitest';
import { createPrng } from '../../../lib/sim/prng.ts';
import { textMatching } from '../../../lib/sim/provider/pattern.ts';

describe('a text for a pattern', () => {
  it.each(['[a-z]{3,8}-\\d{4}', '(yes|no)(, maybe)?', 'x{500}', '^[A-Z][a-z]+( [A-Z][a-z]+)*$'])(
    'matches it: %s',
    (pattern) => {
      for (let seed = 1; seed <= 50; seed += 1)
        expect(textMatching(pattern, createPrng(seed))).toMatch(
          new RegExp(`^(?:${pattern})$`, 'u'),
        );
    },
  );

  it('is cut where it would be endless', () => {
    for (const pattern of [
      '(((a{1000}){1000}){1000}){1000}',
      '(((){99999999}){99999999}){99999999}',
      '((a|){999999999}){999999999}',
      '.{0,999999999}',
    ])
      expect(textMatching(pattern, createPrng(1)).length).toBeLessThanOrEqual(3 * 64 * 1024);
  });
});
