import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClasses } from '../../../lib/core/values/failure.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';
import type { LineContent } from '../../../lib/ports/provider.ts';
import { toWire, toWireLine } from '../../../lib/run/view/wire.ts';
import { type ResultParts, type RowFacts, toResult } from '../../../lib/effects/results/results.ts';

const count = fc.nat(1_000_000);
const usage = fc.option(
  fc.record({
    inputTokens: count,
    cachedInputTokens: count,
    outputTokens: count,
    reasoningTokens: count,
  }),
  {
    nil: null,
  },
);
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const content: fc.Arbitrary<LineContent> = fc.record({
  outputText: fc.option(fc.string({ unit: 'binary' }), { nil: null }),
  output: json,
  usage,
  error: fc.constant(null),
});
const span = { object: 'o', offset: 0, length: 1 };
/** Item lines as ingestion writes them. */
const parts: fc.Arbitrary<ResultParts> = fc
  .record({
    itemId: fc.string({ unit: 'binary', minLength: 1 }),
    metadata: fc.dictionary(fc.string({ unit: 'binary' }), json),
    hasError: fc.boolean(),
    status: fc.constantFrom('completed' as const, 'failed_permanent' as const),
    code: fc.nat(failureClasses.length - 1),
    sequence: count,
    content: fc.option(content, { nil: null }),
    sameAs: fc.option(fc.nat(6), { nil: null }),
  })
  .map(({ itemId, metadata, hasError, status, code, sequence, content: said, sameAs }) => {
    const error = hasError ? `,"error":{"reason":"bad","file":"f","line":3}` : '';
    const isFailed = status === 'failed_permanent';
    return {
      ref: {
        sequence,
        index: 7,
        itemId,
        status,
        code: isFailed ? code : -1,
        charged: 2,
        uncharged: 1,
        line: said === null ? null : span,
        item: span,
        sameAs,
      },
      itemLine: `{"item_id":${JSON.stringify(itemId)},"metadata":${JSON.stringify(metadata)}${isFailed ? error : ''}}\n`,
      content: said,
    };
  });

const money = fc.double({ min: 0, max: 1_000, noNaN: true });
const prices = fc.record({
  inputUsdPerMillion: money,
  cachedInputUsdPerMillion: money,
  outputUsdPerMillion: money,
  asOf: fc.constant('2026-01-01'),
  source: fc.constant('here'),
});
const facts: fc.Arbitrary<RowFacts> = fc
  .record({
    prices: fc.option(prices, { nil: null }),
    batchId: fc.option(fc.string({ unit: 'binary' }), { nil: null }),
    latencyS: fc.option(money, { nil: null }),
  })
  .map(({ prices: known, ...batch }) => ({ prices: known, batchOf: () => batch }));

describe('the wire form of a result', () => {
  it('is the same by the short way and by the long one', () => {
    fc.assert(
      fc.property(parts, facts, (part, known) => {
        const long = JSON.stringify(toWire(toResult(part, known)));
        // The same text, so that a line reads the same whichever way it was written.
        expect(toWireLine(part, known)).toBe(long);
      }),
      { numRuns: 500 },
    );
  });

  it('is one line', () => {
    fc.assert(fc.property(parts, (part) => !toWireLine(part).includes('\n')));
  });
});
