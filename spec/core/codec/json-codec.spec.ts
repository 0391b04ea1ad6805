import * as fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  applyToRows,
  commandCodec,
  emptySnapshot,
  eventCodec,
  type JsonCodec,
  jsonFormat,
  type RunId,
  snapshotCodec,
} from '../../../lib/core/internal.ts';
import { byValue } from '../../support/core/by-value.ts';
import { makeConfig } from '../../support/core/config.ts';
import { playHistory } from '../../support/core/play.ts';
import { eventOf, eventTypes, snapshots } from './codec-arbitraries.ts';
import { commandOf, commandTypes } from './command-arbitraries.ts';

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
const thereAndBack = <A>(codec: JsonCodec<A>, value: A): unknown => {
  const decoded = codec.decode(wire(codec.encode(value)));
  return isRight(decoded) ? byValue(decoded.right) : decoded;
};

describe('the codecs of JSON', () => {
  it.each(commandTypes)(
    'give the command %s back as it was, with every field that it may have',
    (type) => {
      fc.assert(
        fc.property(commandOf(type), (command) => {
          expect(thereAndBack(commandCodec, command)).toEqual(byValue(command));
        }),
        { numRuns: 40 },
      );
    },
  );

  it.each(eventTypes)(
    'give the event %s back as it was, with every field that it may have',
    (type) => {
      fc.assert(
        fc.property(eventOf(type), (event) => {
          expect(thereAndBack(eventCodec, event)).toEqual(byValue(event));
        }),
        { numRuns: 40 },
      );
    },
  );

  it('give every snapshot back as it was, and the run before its creation', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(thereAndBack(snapshotCodec, snapshot)).toEqual(snapshot);
      }),
    );
    expect(thereAndBack(snapshotCodec, emptySnapshot)).toEqual(emptySnapshot);
  });

  it('carry whole runs: the same events from decoded commands, the same row changes from decoded events', () => {
    let compared = 0;
    for (const seed of [3, 19, 40]) {
      for (const { command, events, after } of playHistory(seed, { turnsMax: 120 }).steps) {
        if (events.length > 0)
          expect(thereAndBack(commandCodec, command)).toEqual(byValue(command));
        const decoded = events.map((event) => {
          const read = eventCodec.decode(wire(eventCodec.encode(event)));
          if (isLeft(read)) throw new Error(read.left);
          return read.right;
        });
        expect(byValue(applyToRows(decoded))).toEqual(byValue(applyToRows(events)));
        expect(thereAndBack(snapshotCodec, after.snapshot)).toEqual(after.snapshot);
        compared += events.length;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('read what was written before there was a format: plain JSON of columns that are arrays', () => {
    const events = playHistory(5, { turnsMax: 120 }).steps.flatMap((step) => step.events);
    expect(events.length).toBeGreaterThan(20);
    for (const event of events)
      expect(eventCodec.decode(wire(byValue(event)))).toEqual({
        _tag: 'Right',
        right: byValue(event),
      });
  });

  it('leave no typed array and no absent field in what they write', () => {
    for (const type of commandTypes)
      fc.assert(
        fc.property(commandOf(type), (command) => {
          const encoded = commandCodec.encode(command);
          expect(wire(encoded)).toEqual(encoded);
        }),
        { numRuns: 10 },
      );
  });

  it('name the command or event and its field, and not what it holds', () => {
    const settle = {
      type: 'SettleRest',
      atMs: 1,
      batchKey: 'b',
      fromIndex: 0,
      rows: { indexes: { 0: 'secret' } },
    };
    expect(commandCodec.decode(settle)).toEqual({
      _tag: 'Left',
      left: 'SettleRest: rows.indexes is malformed',
    });
    expect(commandCodec.decode({ type: 'BeginCreate', atMs: 1 })).toEqual({
      _tag: 'Left',
      left: 'BeginCreate: batchKey is malformed',
    });
    expect(commandCodec.decode({ type: 'Unheard', atMs: 1 })).toEqual({
      _tag: 'Left',
      left: 'Unheard: type is malformed',
    });
    expect(
      eventCodec.decode({ type: 'BatchUploaded', atMs: 1, batchKey: 'b', inputFileId: ['secret'] }),
    ).toEqual({
      _tag: 'Left',
      left: 'BatchUploaded: inputFileId is malformed',
    });
    expect(snapshotCodec.decode({ version: 3 })).toMatchObject({
      _tag: 'Left',
      left: expect.stringMatching(/^the snapshot: \w+ is malformed$/),
    });
  });

  it('refuse a key that this version does not know, and a format of another one', () => {
    const resolve = {
      type: 'ResolveBatch',
      atMs: 1,
      batchKey: 'b',
      resolution: { type: 'retry', why: 'now' },
    };
    expect(commandCodec.decode(resolve)).toEqual({
      _tag: 'Left',
      left: 'ResolveBatch: resolution.why is unknown to this version',
    });
    for (const codec of [commandCodec, eventCodec, snapshotCodec])
      expect(codec.decode({ format: jsonFormat + 1, type: 'RunOpened', atMs: 1 })).toMatchObject({
        left: expect.stringContaining(`format ${jsonFormat + 1}`) as string,
      });
  });

  it('never throw, whatever they are given', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withTypedArray: true,
          withNullPrototype: true,
        }),
        (anything) => {
          for (const codec of [commandCodec, eventCodec, snapshotCodec]) {
            codec.decode(anything);
            codec.decode({ type: 'SettleSlice', atMs: 1, lines: anything, open: anything });
            codec.decode({ type: 'RunCreated', atMs: 1, runId: 'r', config: anything });
          }
        },
      ),
    );
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(
      isLeft(
        commandCodec.decode({
          type: 'AcceptSlice',
          atMs: 1,
          slice: null,
          checkpoint: deep,
          isLast: true,
        }),
      ),
    ).toBe(true);
  });

  it.each([
    ['a BigInt', 10n],
    ['a Date', new Date(0)],
    ['NaN', Number.NaN],
    ['a typed array', new Uint8Array(2)],
    ['a Map', new Map()],
  ])('know a configuration that holds %s from one that JSON keeps', (_, value) => {
    const config = makeConfig();
    const wrong = {
      ...config,
      provider: { ...config.provider, params: { nested: [{ value: value as never }] } },
    };
    expect(
      commandCodec.decode({ type: 'CreateRun', atMs: 1, runId: 'r' as RunId, config: wrong }),
    ).toEqual({
      _tag: 'Left',
      left: 'CreateRun: config.provider.params is malformed',
    });
  });
});
