import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tiktokenCounter } from '../../../adapters/tiktoken/index.ts';
import { shapeOf } from '../../../lib/run/quote/quote-shape.ts';
import { createTokenSample, type TokenTotal } from '../../../lib/run/quote/quote-sample.ts';
import { unevenTexts } from './uneven-rows.ts';

const model = 'gpt-4.1-mini';
const counter = tiktokenCounter();
const linesOf = (texts: readonly string[]): readonly string[] =>
  texts.map(
    (input, i) =>
      `${JSON.stringify({ custom_id: `r-${i}`, method: 'POST', url: '/v1/responses', body: { model, input } })}\n`,
  );
const sumOf = (numbers: Iterable<number>): number =>
  [...numbers].reduce((sum, each) => sum + each, 0);

const sampled = (
  lines: readonly string[],
  linesMax: number,
  seed: number,
  count = (line: string) => counter.count(line, model),
): TokenTotal => {
  const sample = createTokenSample({ count, linesMax, seed });
  for (const line of lines) sample.add(line);
  return sample.total();
};

describe('a sample of lines', () => {
  const lines = linesOf(unevenTexts(6_000, 1492));
  const counts = new Map(lines.map((line) => [line, counter.count(line, model)]));
  const count = (line: string): number => counts.get(line) as number;
  const exact = sumOf(counts.values());

  it('tells the tokens of very uneven rows to within 2 %, and its range holds the truth', () => {
    let outside = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const { tokens, min, max, countedLines, isWhole } = sampled(lines, 500, seed, count);
      expect(Math.abs(tokens / exact - 1)).toBeLessThan(0.02);
      expect((max - min) / 2 / exact).toBeLessThan(0.02);
      expect({ countedLines, isWhole }).toEqual({ countedLines: 500, isWhole: false });
      if (exact < min || exact > max) outside += 1;
    }
    // One of twenty, by its own words: of 40 seven or more are as good as impossible.
    expect(outside).toBeLessThanOrEqual(6);
  });

  it('is not misled by an input that is in order of length', () => {
    const byLength = [...lines].sort((a, b) => a.length - b.length);
    for (const ordered of [byLength, [...byLength].reverse()])
      expect(Math.abs(sampled(ordered, 500, 1, count).tokens / exact - 1)).toBeLessThan(0.02);
  });

  it('finds the few rows that hold nearly everything', () => {
    const giants = linesOf(
      unevenTexts(4_000, 3).map((text, i) =>
        i % 1_000 === 7 ? 'A giant of many words. '.repeat(20_000) : text,
      ),
    );
    const whole = sumOf(giants.map((line) => counter.count(line, model)));
    for (let seed = 0; seed < 5; seed += 1)
      expect(Math.abs(sampled(giants, 200, seed).tokens / whole - 1)).toBeLessThan(0.02);
  });

  it('counts every line where there are no more than it may', () => {
    const few = lines.slice(0, 300);
    const whole = sumOf(few.map(count));
    for (const linesMax of [300, 2_000, Infinity])
      expect(sampled(few, linesMax, 1, count)).toEqual({
        tokens: whole,
        min: whole,
        max: whole,
        countedLines: 300,
        lines: 300,
        isWhole: true,
      });
    expect(sampled([], 10, 1, count)).toMatchObject({ tokens: 0, min: 0, max: 0, lines: 0 });
  });

  it('answers the same for the same seed, and counts no more than it has to', () => {
    let counted = 0;
    const counting = (line: string): number => {
      counted += 1;
      return count(line);
    };
    expect(sampled(lines, 200, 9, counting)).toEqual(sampled(lines, 200, 9, count));
    expect(counted).toBeLessThan(1_600);
    expect(sampled(lines, 200, 10, count).tokens).not.toBe(sampled(lines, 200, 9, count).tokens);
  });

  it('makes something of very few lines', () => {
    const { tokens, min, max } = sampled(lines, 5, 1, count);
    expect(tokens).toBeGreaterThan(exact / 3);
    expect(tokens).toBeLessThan(exact * 3);
    expect(min).toBeLessThanOrEqual(tokens);
    expect(max).toBeGreaterThan(tokens);
  });
});

describe('the shape of a text', () => {
  it('has as many bytes as its UTF-8', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => shapeOf(text).bytes === Buffer.byteLength(text),
      ),
    );
    expect(shapeOf('aA1 ,é中й😀\u0939').shape).toEqual(
      Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
    );
  });
});
