import { describe, expect, it } from 'vitest';
import { createGeminiWire } from '../../../../adapters/gemini/answers/wire.ts';
import { isFailureClass } from '../../../../lib/core/values/failure.ts';
import { createPrng } from '../../../../lib/sim/prng.ts';
import { answers, errors } from './corpus.ts';
import { oracleOf } from './oracle.ts';

const lines = [...answers, ...errors].map(([, line], i) =>
  JSON.stringify({ key: `r0abcdefg-${i}`, ...line }),
);
type Prng = ReturnType<typeof createPrng>;

const strange: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1e999',
  '""',
  '"STOP"',
  '"MAX_TOKENS"',
  '{}',
  '[]',
  '[null]',
  '[[]]',
  '{"text":"x"}',
];
const values = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null/gu;
const keys = /"(?:[^"\\]|\\.)*"(?=\s*:)/gu;

const replacedAt = (line: string, pattern: RegExp, prng: Prng, by: string): string => {
  const found = [...line.matchAll(pattern)];
  const match = found[prng.below(Math.max(1, found.length))];
  if (match === undefined) return line;
  return line.slice(0, match.index) + by + line.slice(match.index + match[0].length);
};

const mutations: readonly ((line: string, prng: Prng) => string)[] = [
  (line, prng) => line.slice(0, prng.below(line.length)),
  (line, prng) => line.slice(prng.below(line.length)),
  (line, prng) => replacedAt(line, values, prng, strange[prng.below(strange.length)] ?? 'null'),
  (line, prng) => replacedAt(line, keys, prng, '"other"'),
  (line, prng) => {
    const at = prng.below(line.length);
    return line.slice(0, at) + String.fromCharCode(prng.below(0x3000)) + line.slice(at + 1);
  },
  (line, prng) => {
    const other = lines[prng.below(lines.length)] ?? '';
    return line.slice(0, prng.below(line.length)) + other.slice(prng.below(other.length));
  },
  (line, prng) => line + (lines[prng.below(lines.length)] ?? ''),
  // A key twice: the last one counts.
  (line, prng) => `${line.slice(0, -1)},"response":${strange[prng.below(strange.length)]}}`,
];

describe('a damaged line', () => {
  it('is never an answer that nothing in it is, and is read without a throw', () => {
    const prng = createPrng(Number(process.env['BATCHOR_SEED']));
    const wire = createGeminiWire({
      model: 'gemini-2.5-flash',
      endpoint: 'generateContent',
      params: {},
    });
    const seen = new Map<string, number>();
    for (let round = 0; round < 12; round += 1)
      for (const [i, line] of lines.entries())
        for (const mutate of mutations.filter((_, m) => (m + i + round) % 2 === 0)) {
          const damaged = mutate(line, prng);
          const verdict = wire.readVerdict(damaged, 'text');
          const content = wire.readContent(damaged, 'response');
          seen.set(verdict.type, (seen.get(verdict.type) ?? 0) + 1);
          const oracle = oracleOf(damaged);
          expect(verdict.type === 'malformed', damaged).toBe(oracle === null);
          if (verdict.type === 'malformed' || oracle === null) continue;
          expect(verdict.customId).toBe(oracle.key);
          expect(content.error === null).toBe(verdict.type === 'succeeded');
          for (const count of Object.values(verdict.usage ?? {}))
            expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
          if (verdict.type === 'failed') {
            expect(isFailureClass(verdict.failureClass)).toBe(true);
            continue;
          }
          const text = verdict.outputText ?? '';
          expect(oracle.wholeTexts, damaged).toContain(text);
          expect(text.trim() !== '' || oracle.hasMore, damaged).toBe(true);
        }
    expect(
      Math.min(...['malformed', 'failed', 'succeeded'].map((type) => seen.get(type) ?? 0)),
    ).toBeGreaterThan(100);
  });
});
