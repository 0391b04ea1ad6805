import { createPrng } from '../../../lib/sim/prng.ts';

const english =
  'the of and a to in is you that it was for on are with as his they at be this from have or by one had not but what all were when we there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know'.split(
    ' ',
  );
const cyrillic =
  'и в не на я быть он с что а это как но они мы этот который весь свой мочь год человек время рука день вопрос сторона'.split(
    ' ',
  );
const chinese =
  '的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经';
const hindi = 'यह एक है और में की को से पर ने नहीं भी तो लिए साथ था करने बात कहा समय'.split(' ');
const code = [
  'const',
  'return',
  '=>',
  '{',
  '}',
  '();',
  'if (x === null)',
  'await fetch(url)',
  '\n  ',
  'i += 1;',
  'foo_bar',
  '// why',
  '[0]',
  '"text"',
];
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * Texts that could hardly be more unlike each other: of a few letters and of pages, in several
 * scripts, code, base64. Same seed, same texts.
 */
export const unevenTexts = (count: number, seed: number): readonly string[] => {
  const prng = createPrng(seed);
  const pick = <A>(of: ArrayLike<A>): A => of[Math.floor(prng.next() * of.length)] as A;
  const joined = (words: ArrayLike<string>, length: number, by: string): string =>
    Array.from({ length }, () => pick(words)).join(by);
  const makers: readonly (() => string)[] = [
    () => joined(english, 3 + Math.floor(prng.next() * 8), ' '),
    () => joined(english, 3 + Math.floor(prng.next() * 8), ' '),
    // A few texts hold most of the bytes.
    () => joined(english, Math.floor(40 * (1 - prng.next()) ** -1.2) % 4_000, ' '),
    () => joined(cyrillic, 5 + Math.floor(prng.next() * 200), ' '),
    () => joined(chinese, 5 + Math.floor(prng.next() * 300), ''),
    () => joined(hindi, 5 + Math.floor(prng.next() * 60), ' '),
    () => joined(code, 10 + Math.floor(prng.next() * 150), ' '),
    () => joined(base64, 100 + Math.floor(prng.next() * 1_500), ''),
  ];
  return Array.from({ length: count }, () => pick(makers)());
};
