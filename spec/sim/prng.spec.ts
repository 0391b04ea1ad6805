import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPrng, hashBytes, hashText, hexOf, uniform } from '../../lib/sim/prng.ts';

describe('a seeded random number', () => {
  it('depends on seed and names, never on how often it is drawn', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.oneof(fc.string(), fc.integer())), (seed, names) => {
        const first = uniform(seed, ...names);
        expect(uniform(seed, ...names)).toBe(first);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(first).toBeLessThan(1);
      }),
    );
  });

  it('tells names apart that join to the same text', () => {
    expect(uniform(1, 'ab', 'c')).not.toBe(uniform(1, 'a', 'bc'));
  });

  it('spreads evenly over names', () => {
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 10_000; index += 1) {
      const bucket = Math.floor(uniform(7, 'row', index) * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe('a generator', () => {
  it('repeats its sequence for the same seed, and no other', () => {
    const draw = (seed: number): readonly number[] => {
      const prng = createPrng(seed);
      return Array.from({ length: 20 }, () => prng.next());
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it('stays below its bound', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000_000 }), (seed, bound) => {
        const value = createPrng(seed).below(bound);
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
      }),
    );
  });
});

describe('hashes', () => {
  it('differ for 100,000 different texts, and for their bytes', () => {
    const texts = Array.from({ length: 100_000 }, (_, index) => `row-${index}`);
    const encoder = new TextEncoder();
    expect(new Set(texts.map((text) => hashText(text))).size).toBe(texts.length);
    expect(new Set(texts.map((text) => hashBytes(encoder.encode(text)))).size).toBe(texts.length);
  });

  it('make ids of 32 hexadecimal digits that do not repeat', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => hexOf(1, index));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/u);
  });
});
