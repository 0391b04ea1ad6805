import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchLimits, packBatch, type RemainingCapacity } from '../../../lib/core/internal.ts';

const unlimited: RemainingCapacity = { tokens: null, requests: null, usd: null };
const rows = (
  bytes: readonly number[],
  tokens: readonly number[] | null = null,
  inputs: readonly number[] | null = null,
) => ({
  bytes,
  tokens,
  inputs,
});
const limits = (change: Partial<BatchLimits> = {}): BatchLimits => ({
  requestsMax: 100,
  inputBytesMax: 1_000,
  inputTokensMax: null,
  inputsMax: null,
  ...change,
});

describe('packing the rows in front', () => {
  it('takes them in order while they fit', () => {
    expect(packBatch(rows([400, 400, 400]), limits(), unlimited)).toMatchObject({
      members: [0, 1],
      bytes: 800,
      closedBy: 'limit',
    });
  });

  it('fills a batch to the last byte, and calls it full', () => {
    expect(packBatch(rows([600, 400]), limits(), unlimited)).toMatchObject({
      members: [0, 1],
      bytes: 1_000,
      closedBy: 'limit',
    });
    expect(packBatch(rows([600, 399]), limits(), unlimited)).toMatchObject({
      members: [0, 1],
      bytes: 999,
      closedBy: 'end',
    });
  });

  it('fills a batch to the last token, and calls it full', () => {
    expect(
      packBatch(rows([1, 1], [6, 4]), limits({ inputTokensMax: 10 }), unlimited),
    ).toMatchObject({
      members: [0, 1],
      tokens: 10,
      closedBy: 'limit',
    });
    expect(
      packBatch(rows([1, 1], [6, 5]), limits({ inputTokensMax: 10 }), unlimited),
    ).toMatchObject({
      members: [0],
      tokens: 6,
      closedBy: 'limit',
    });
  });

  it('fills a batch to the last request, and calls it full', () => {
    expect(packBatch(rows([1, 1, 1]), limits({ requestsMax: 2 }), unlimited)).toMatchObject({
      members: [0, 1],
      closedBy: 'limit',
    });
    expect(packBatch(rows([1, 1]), limits({ requestsMax: 2 }), unlimited)).toMatchObject({
      members: [0, 1],
      closedBy: 'limit',
    });
  });

  it('sets a row aside that fits no batch, and takes the next', () => {
    expect(packBatch(rows([1_001, 5]), limits(), unlimited)).toMatchObject({
      members: [1],
      oversized: [0],
    });
    expect(packBatch(rows([1_000, 5]), limits(), unlimited)).toMatchObject({
      members: [0],
      oversized: [],
    });
    expect(
      packBatch(rows([1, 1], [11, 10]), limits({ inputTokensMax: 10 }), unlimited),
    ).toMatchObject({ members: [1], oversized: [0] });
  });

  it('still takes a row without bytes into a batch that has no byte left', () => {
    expect(packBatch(rows([1_000, 0, 1]), limits(), unlimited)).toMatchObject({
      members: [0, 1],
      closedBy: 'limit',
    });
  });

  it('stops where the budget has no capacity, and says what the next row needs', () => {
    expect(
      packBatch(rows([1, 1, 1], [4, 4, 7]), limits(), { tokens: 10, requests: null, usd: null }),
    ).toMatchObject({
      members: [0, 1],
      closedBy: 'budget',
      blocked: { tokens: 7 },
    });
    expect(
      packBatch(rows([1, 1]), limits(), { tokens: null, requests: 1, usd: null }),
    ).toMatchObject({ members: [0], closedBy: 'budget' });
    expect(
      packBatch(rows([1], [1]), limits(), { tokens: 0, requests: null, usd: null }),
    ).toMatchObject({
      members: [],
      closedBy: 'budget',
      blocked: { tokens: 1 },
    });
  });

  it('of no rows is no batch', () => {
    expect(packBatch(rows([]), limits(), unlimited)).toMatchObject({
      members: [],
      oversized: [],
      closedBy: 'end',
    });
  });

  // Whole numbers: sums in any order are the same.
  const price = { usdPerToken: 2, usdPerRequest: 3 };
  const row = fc.record({
    bytes: fc.nat(60),
    tokens: fc.nat(20),
    inputs: fc.integer({ min: 1, max: 6 }),
  });
  const bounds = fc.record({
    requestsMax: fc.integer({ min: 1, max: 8 }),
    inputBytesMax: fc.nat(100),
    inputTokensMax: fc.option(fc.nat(40)),
    inputsMax: fc.option(fc.integer({ min: 1, max: 12 })),
  });
  const capacities = fc.record({
    tokens: fc.option(fc.nat(40)),
    requests: fc.option(fc.nat(8)),
    usd: fc.option(fc.nat(60)),
  });

  it('loses no row and doubles none: members and oversized ones are the front of the window', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 20 }),
        bounds,
        capacities,
        (table, limit, capacity) => {
          const packed = packBatch(
            {
              bytes: table.map(({ bytes }) => bytes),
              tokens: table.map(({ tokens }) => tokens),
              inputs: table.map(({ inputs }) => inputs),
            },
            limit,
            capacity,
            price,
          );
          const front = [...packed.members, ...packed.oversized].sort((a, b) => a - b);
          // Behind the last member, rows that fit no batch may have been set aside already.
          expect(front).toEqual(front.map((_, i) => i));
          const oversized = front.filter(
            (row) =>
              (table[row]?.bytes ?? 0) > limit.inputBytesMax ||
              (table[row]?.tokens ?? 0) > (limit.inputTokensMax ?? Infinity) ||
              (table[row]?.inputs ?? 0) > (limit.inputsMax ?? Infinity),
          );
          expect(packed.oversized).toEqual(oversized);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('agrees with counting up by hand, whatever the limits', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 20 }),
        bounds,
        capacities,
        (table, limit, capacity) => {
          const packed = packBatch(
            {
              bytes: table.map(({ bytes }) => bytes),
              tokens: table.map(({ tokens }) => tokens),
              inputs: table.map(({ inputs }) => inputs),
            },
            limit,
            capacity,
            price,
          );
          const maxima = {
            count: Math.min(limit.requestsMax, capacity.requests ?? Infinity),
            bytes: limit.inputBytesMax,
            tokens: Math.min(limit.inputTokensMax ?? Infinity, capacity.tokens ?? Infinity),
            inputs: limit.inputsMax ?? Infinity,
            usd: capacity.usd ?? Infinity,
          };
          const total = (rows: readonly number[], of: 'bytes' | 'tokens' | 'inputs'): number =>
            rows.reduce((sum, row) => sum + (table[row]?.[of] ?? 0), 0);
          const load = (rows: readonly number[]): typeof maxima => ({
            count: rows.length,
            bytes: total(rows, 'bytes'),
            tokens: total(rows, 'tokens'),
            inputs: total(rows, 'inputs'),
            usd: total(rows, 'tokens') * price.usdPerToken + rows.length * price.usdPerRequest,
          });
          const fits = (rows: readonly number[]): boolean =>
            Object.entries(load(rows)).every(
              ([name, value]) => value <= maxima[name as keyof typeof maxima],
            );
          const next = table.findIndex(
            (_, row) => !packed.members.includes(row) && !packed.oversized.includes(row),
          );
          expect(fits(packed.members)).toBe(true);
          expect({ bytes: packed.bytes, tokens: packed.tokens }).toEqual({
            bytes: load(packed.members).bytes,
            tokens: load(packed.members).tokens,
          });
          if (next >= 0) expect(fits([...packed.members, next])).toBe(false);
          expect(next >= 0).toBe(packed.members.length + packed.oversized.length < table.length);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
