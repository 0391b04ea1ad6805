import { describe, expect, it } from 'vitest';
import { createOpenAIWire } from '../../../adapters/openai/answers/wire.ts';
import type { ProviderWire } from '../../../lib/ports/index.ts';
import { answerCampaign } from './answer-campaign.ts';
import { type CaseOptions, playCase } from './answer-case.ts';

const seed = Number(process.env['BATCHOR_SEED']);

describe('mutated answer files', () => {
  it('lose no row, give none the answer of another, and stop nothing; every line of no use is counted', async () => {
    const figures = await answerCampaign({
      lines: 2_500,
      seed,
      // Many small cases rather than a few large ones: more ways of mutating, for a quarter of the
      // time.
      rowsMax: 150,
      isWhole: false,
      tell: (line) => console.log(line),
    });
    console.log(`answers: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
    expect(figures.failures.map(({ seed: own, broken }) => `seed ${own}: ${broken}`)).toEqual([]);
    expect(figures.mutatedLines).toBeGreaterThanOrEqual(2_500);
    // Of 55 ways of mutating.
    expect(Number.parseInt(figures.ways, 10)).toBeGreaterThan(45);
    expect(figures.completed).toBeGreaterThan(60);
    expect(
      Math.min(figures.malformed, figures.unknown, figures.duplicate, figures.retried),
    ).toBeGreaterThan(0);
  });

  it('are judged by a reader that finds a wire which believes too much, or too little', async () => {
    const options: CaseOptions = {
      seed,
      rowCount: 80,
      batchRows: 40,
      endpoint: 'responses',
      linesPercent: 80,
      filesPercent: 0,
      only: null,
    };
    const honest = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
    const planted = (
      change: (
        verdict: ReturnType<ProviderWire['readVerdict']>,
        line: string,
      ) => ReturnType<ProviderWire['readVerdict']>,
    ) =>
      playCase({
        ...options,
        wire: { ...honest, readVerdict: (line) => change(honest.readVerdict(line), line) },
      });
    expect((await playCase({ ...options, wire: honest })).broken).toBeNull();
    const believing = await planted((verdict) =>
      verdict.type === 'failed'
        ? { type: 'succeeded', customId: verdict.customId, usage: null }
        : verdict,
    );
    expect(believing.broken).toMatch(/^row \d+ completes by .*, and /);
    // By what the line means: a mutated one may spell the id with escapes.
    const deaf = await planted((verdict) =>
      verdict.type !== 'malformed' && verdict.customId === 'row-7'
        ? { type: 'malformed' }
        : verdict,
    );
    // Found by the row, or first by the count of unusable lines.
    expect(deaf.broken).toMatch(
      /^(row 7 has an answer and does not complete$|malformed, unknown, duplicate lines: )/,
    );
    const throwing = await planted((verdict, line) => {
      if (line.includes('\\ud800')) throw new Error('what is this');
      return verdict;
    });
    expect(throwing.broken).toMatch(/^settlement throws: /);
  });
});
