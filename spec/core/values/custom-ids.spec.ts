import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CustomIdFormat,
  customIdsOf,
  indexInCustomId,
  isNonce,
  nonceOf,
  stampCustomIds,
  stampOf,
} from '../../../lib/core/values/custom-ids.ts';
import { faultOfConfig } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';

const nonce = fc.stringMatching(/^[0-9a-f]{10}$/).map(nonceOf);
const format: fc.Arbitrary<CustomIdFormat | null> = fc.option(
  fc.record({ nonce, isStamped: fc.boolean() }),
);
const index = fc.nat({ max: 999_999_999_999_999 });

describe('a custom_id', () => {
  it('leads back to its index, and is one that every provider accepts', () => {
    fc.assert(
      fc.property(format, index, (customIds, at) => {
        const { of, indexOf } = customIdsOf({ customIds });
        expect(indexOf(of(at))).toBe(at);
        expect(indexInCustomId(of(at))).toBe(at);
        expect(of(at)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
  });

  it('of one run is unknown to every other, and to runs from before there were nonces', () => {
    fc.assert(
      fc.property(format, format, index, (one, other, at) => {
        fc.pre(one?.nonce !== other?.nonce);
        expect(
          customIdsOf({ customIds: one }).indexOf(customIdsOf({ customIds: other }).of(at)),
        ).toBeNull();
      }),
      { examples: [[null, { nonce: 'k3x9a2bq', isStamped: false }, 7]] },
    );
  });

  it('is the only text that leads to its index, stamps apart', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(row|rk3x9a2bq)-[0-9]{1,17}(_[0-9a-z]{6,8})?\s?$/),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(null, true, false), (text, isStamped) => {
        const { of, indexOf } = customIdsOf({
          customIds: isStamped === null ? null : { nonce: 'k3x9a2bq', isStamped },
        });
        const found = indexOf(text);
        if (found !== null)
          expect(text.replace(/_[0-9a-z]{7}$/, '')).toBe(of(found).replace(/_0{7}$/, ''));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    'row-01',
    'row--1',
    'row-1.5',
    'row-',
    'ROW-1',
    'row-1 ',
    'row-1\n',
    'row-1e3',
    'row-1_0000000',
    7,
    null,
    undefined,
    {},
  ])('is not %j in a run that has no nonce', (text) =>
    expect(customIdsOf({ customIds: null }).indexOf(text)).toBeNull(),
  );

  it('of a run before nonces is row-N, whatever its stored config lacks', () => {
    expect(customIdsOf({}).of(41)).toBe('row-41');
    const { customIds: _, ...stored } = makeConfig();
    expect(faultOfConfig(stored)).toBeNull();
  });

  it('takes ten characters besides its digits', () => {
    expect(
      customIdsOf({ customIds: { nonce: nonceOf('0000000000'), isStamped: false } }).of(0),
    ).toBe('r00000000-0');
    expect(nonceOf('ffffffffff')).toBe('e13wu1of');
  });

  it('is refused with a nonce that is none', () => {
    for (const bad of ['', 'short', 'K3X9A2BQ', 'k3x9a2bq9', 'k3x9-2bq']) {
      expect(isNonce(bad)).toBe(false);
      expect(
        faultOfConfig({ ...makeConfig(), customIds: { nonce: bad, isStamped: false } }),
      ).toContain('nonce');
    }
  });
});

describe('a stamp', () => {
  const stamped = customIdsOf({ customIds: { nonce: 'k3x9a2bq', isStamped: true } });

  it('is written into lines without changing their length or their index, and once', () => {
    fc.assert(
      fc.property(
        index,
        fc.nat({ max: 60_000_000 }),
        fc.nat({ max: 1_295 }),
        fc.string(),
        (at, batchNo, attempt, prompt) => {
          const line = `${JSON.stringify({ custom_id: stamped.of(at), body: { input: `${prompt}{"custom_id":"${stamped.of(at)}"` } })}\n`;
          const [first = '', second = ''] = stampCustomIds(
            line + line,
            stampOf(batchNo, attempt),
          ).split(/(?<=\n)/u);
          expect([first.length, second]).toEqual([line.length, first]);
          const { custom_id: id, body } = JSON.parse(first) as {
            custom_id: string;
            body: { input: string };
          };
          expect(stamped.indexOf(id)).toBe(at);
          expect(id.endsWith(stampOf(batchNo, attempt))).toBe(true);
          expect(body.input).toContain(stamped.of(at));
          expect(stamped.isNamedIn(first, at) && stamped.isNamedIn(line, at)).toBe(true);
        },
      ),
    );
  });

  it('distinguishes every batch and every attempt', () => {
    const stamps = [1, 35, 36, 1_000_000].flatMap((batchNo) =>
      [1, 2, 36].map((attempt) => stampOf(batchNo, attempt)),
    );
    expect(new Set(stamps).size).toBe(stamps.length);
    expect(stamps.every((stamp) => /^[0-9a-z]{7}$/u.test(stamp))).toBe(true);
  });
});
