import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchLimits, packBatch, type Room } from '../../lib/core/index.ts';

const unlimited: Room = { tokens: null, requests: null };
const limits = (change: Partial<BatchLimits> = {}): BatchLimits => ({
  requestsMax: 100,
  inputBytesMax: 1_000,
  inputTokensMax: null,
  ...change,
});

describe('packing the rows in front', () => {
  it('takes them in order while they fit', () => {
    expect(packBatch([400, 400, 400], null, limits(), unlimited)).toMatchObject({ members: [0, 1], bytes: 800, closedBy: 'limit' });
  });

  it('fills a batch to the last byte, and calls it full', () => {
    expect(packBatch([600, 400], null, limits(), unlimited)).toMatchObject({ members: [0, 1], bytes: 1_000, closedBy: 'limit' });
    expect(packBatch([600, 399], null, limits(), unlimited)).toMatchObject({ members: [0, 1], bytes: 999, closedBy: 'end' });
  });

  it('fills a batch to the last token, and calls it full', () => {
    expect(packBatch([1, 1], [6, 4], limits({ inputTokensMax: 10 }), unlimited)).toMatchObject({
      members: [0, 1],
      tokens: 10,
      closedBy: 'limit',
    });
    expect(packBatch([1, 1], [6, 5], limits({ inputTokensMax: 10 }), unlimited)).toMatchObject({
      members: [0],
      tokens: 6,
      closedBy: 'limit',
    });
  });

  it('fills a batch to the last request, and calls it full', () => {
    expect(packBatch([1, 1, 1], null, limits({ requestsMax: 2 }), unlimited)).toMatchObject({ members: [0, 1], closedBy: 'limit' });
    expect(packBatch([1, 1], null, limits({ requestsMax: 2 }), unlimited)).toMatchObject({ members: [0, 1], closedBy: 'limit' });
  });

  it('sets a row aside that fits no batch, and takes the next', () => {
    expect(packBatch([1_001, 5], null, limits(), unlimited)).toMatchObject({ members: [1], oversized: [0] });
    expect(packBatch([1_000, 5], null, limits(), unlimited)).toMatchObject({ members: [0], oversized: [] });
    expect(packBatch([1, 1], [11, 10], limits({ inputTokensMax: 10 }), unlimited)).toMatchObject({ members: [1], oversized: [0] });
  });

  it('still takes a row without bytes into a batch that has no byte left', () => {
    expect(packBatch([1_000, 0, 1], null, limits(), unlimited)).toMatchObject({ members: [0, 1], closedBy: 'limit' });
  });

  it('stops where the budget has no room, and says what the next row needs', () => {
    expect(packBatch([1, 1, 1], [4, 4, 7], limits(), { tokens: 10, requests: null })).toMatchObject({
      members: [0, 1],
      closedBy: 'budget',
      blockedTokens: 7,
    });
    expect(packBatch([1, 1], null, limits(), { tokens: null, requests: 1 })).toMatchObject({ members: [0], closedBy: 'budget' });
    expect(packBatch([1], [1], limits(), { tokens: 0, requests: null })).toMatchObject({
      members: [],
      closedBy: 'budget',
      blockedTokens: 1,
    });
  });

  it('of no rows is no batch', () => {
    expect(packBatch([], null, limits(), unlimited)).toMatchObject({ members: [], oversized: [], closedBy: 'end' });
  });

  const row = fc.record({ bytes: fc.nat(60), tokens: fc.nat(20) });
  const bounds = fc.record({
    requestsMax: fc.integer({ min: 1, max: 8 }),
    inputBytesMax: fc.nat(100),
    inputTokensMax: fc.option(fc.nat(40)),
  });
  const rooms = fc.record({ tokens: fc.option(fc.nat(40)), requests: fc.option(fc.nat(8)) });

  it('loses no row and doubles none: members and oversized ones are the front of the window', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), bounds, rooms, (rows, limit, room) => {
        const packed = packBatch(
          rows.map(({ bytes }) => bytes),
          rows.map(({ tokens }) => tokens),
          limit,
          room,
        );
        const front = [...packed.members, ...packed.oversized].sort((a, b) => a - b);
        // Behind the last member, rows that fit no batch may have been set aside already.
        expect(front).toEqual(front.map((_, i) => i));
        const oversized = front.filter(
          (place) => (rows[place]?.bytes ?? 0) > limit.inputBytesMax || (rows[place]?.tokens ?? 0) > (limit.inputTokensMax ?? Infinity),
        );
        expect(packed.oversized).toEqual(oversized);
      }),
      { numRuns: 1_000 },
    );
  });

  it('agrees with counting up by hand, whatever the limits', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), bounds, rooms, (rows, limit, room) => {
        const packed = packBatch(
          rows.map(({ bytes }) => bytes),
          rows.map(({ tokens }) => tokens),
          limit,
          room,
        );
        const maxima = {
          count: Math.min(limit.requestsMax, room.requests ?? Infinity),
          bytes: limit.inputBytesMax,
          tokens: Math.min(limit.inputTokensMax ?? Infinity, room.tokens ?? Infinity),
        };
        const load = (places: readonly number[]): { readonly count: number; readonly bytes: number; readonly tokens: number } => ({
          count: places.length,
          bytes: places.reduce((sum, place) => sum + (rows[place]?.bytes ?? 0), 0),
          tokens: places.reduce((sum, place) => sum + (rows[place]?.tokens ?? 0), 0),
        });
        const fits = (places: readonly number[]): boolean =>
          load(places).count <= maxima.count && load(places).bytes <= maxima.bytes && load(places).tokens <= maxima.tokens;
        const next = rows.findIndex((_, place) => !packed.members.includes(place) && !packed.oversized.includes(place));
        expect(fits(packed.members)).toBe(true);
        expect({ bytes: packed.bytes, tokens: packed.tokens }).toEqual({
          bytes: load(packed.members).bytes,
          tokens: load(packed.members).tokens,
        });
        if (next >= 0) expect(fits([...packed.members, next])).toBe(false);
        expect(next >= 0).toBe(packed.members.length + packed.oversized.length < rows.length);
      }),
      { numRuns: 1_000 },
    );
  });
});
