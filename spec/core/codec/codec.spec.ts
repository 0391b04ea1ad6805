import * as fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { BatchRecordCodec } from '../../../lib/core/codec/batch-record-codec.ts';
import { EventCodec } from '../../../lib/core/codec/codec.ts';
import { RunSnapshotCodec } from '../../../lib/core/codec/snapshot-codec.ts';
import {
  columnBytes,
  decodeEvents,
  encodeEvents,
  readColumns,
  recordFormat,
  writeColumns,
} from '../../../lib/core/codec/event-record.ts';
import { emptySnapshot, type Event } from '../../../lib/core/internal.ts';
import { byValue } from '../../support/core/by-value.ts';
import { playHistory } from '../../support/core/play.ts';
import { batchRecords, eventOf, eventTypes, snapshots } from './codec-arbitraries.ts';

/** To bytes, to text, and back. */
const thereAndBack = (events: readonly Event[]): readonly Event[] => {
  const { header, columns } = encodeEvents(events);
  const bytes = new Uint8Array(columnBytes(columns));
  writeColumns(columns, bytes);
  const read = JSON.parse(JSON.stringify(header)) as unknown;
  const found = readColumns(read, bytes);
  if (isLeft(found)) throw new Error(found.left);
  const decoded = decodeEvents(read, found.right);
  if (isLeft(decoded)) throw new Error(decoded.left);
  return decoded.right;
};

describe('a record of events', () => {
  it('knows every type of event', () => expect(eventTypes.length).toBeGreaterThanOrEqual(29));

  it.each(eventTypes)('gives %s back as it was, with every field that it may have', (type) => {
    fc.assert(
      fc.property(fc.array(eventOf(type), { minLength: 1, maxLength: 3 }), (events) => {
        expect(byValue(thereAndBack(events))).toEqual(byValue(events));
      }),
      { numRuns: 40 },
    );
  });

  it('gives the events of whole runs back, commit by commit', () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.noBias(fc.integer()), (seed) => {
        for (const { events } of playHistory(seed, { turnsMax: 100 }).steps) {
          expect(byValue(thereAndBack(events))).toEqual(byValue(events));
          compared += events.length;
        }
      }),
      { numRuns: 5 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  it('takes a column in the narrowest numbers that hold it', () => {
    const widthOf = (value: number): number =>
      encodeEvents([
        { type: 'ItemsRequeued', atMs: 1, dueAtMs: 1, indexes: [0, value], bytes: 0, tokens: 0 },
      ]).columns[0]?.BYTES_PER_ELEMENT ?? 0;
    expect([255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, 0.5].map(widthOf)).toEqual([
      1, 2, 2, 4, 4, 8, 8, 8,
    ]);
  });

  it('is refused in a format of another version, and says both', () => {
    const { header, columns } = encodeEvents([{ type: 'RunOpened', atMs: 1 }]);
    const decoded = decodeEvents({ ...header, format: recordFormat + 1 }, columns);
    expect(isLeft(decoded) && decoded.left).toContain(`format is ${recordFormat + 1}`);
  });

  it('is refused when an event misses a field, has one too many, or is none', () => {
    const one = {
      type: 'BatchUploaded',
      atMs: 1,
      batchKey: 'b',
      inputFileId: 'f',
      expiresAtMs: null,
    };
    const wrong: readonly object[] = [
      { ...one, batchKey: undefined },
      { ...one, extra: 1 },
      { ...one, type: 'Unheard' },
      { ...one, inputFileId: 3 },
      [],
    ];
    for (const event of wrong)
      expect([event, isLeft(decodeEvents({ format: recordFormat, events: [event] }, []))]).toEqual([
        event,
        true,
      ]);
    expect(isRight(decodeEvents({ format: recordFormat, events: [one] }, []))).toBe(true);
  });

  it('is refused when its columns and its body do not fit', () => {
    for (const bytes of [0, 8, 24])
      expect(isLeft(readColumns({ columns: [['u32', 3]] }, new Uint8Array(bytes)))).toBe(true);
    expect(isRight(readColumns({ columns: [['u32', 3]] }, new Uint8Array(16)))).toBe(true);
  });

  it('says where an event is malformed, and not what it holds', () => {
    const decoded = decodeEvents(
      {
        format: recordFormat,
        events: [{ type: 'BatchUploaded', atMs: 1, batchKey: 'b', inputFileId: ['secret'] }],
      },
      [],
    );
    expect(decoded).toEqual({ _tag: 'Left', left: 'BatchUploaded: inputFileId is malformed' });
  });
});

describe('the codec of snapshots', () => {
  it('gives every snapshot back as it was', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(
          RunSnapshotCodec.decode(JSON.parse(JSON.stringify(RunSnapshotCodec.encode(snapshot)))),
        ).toEqual({
          _tag: 'Right',
          right: snapshot,
        });
      }),
    );
  });

  it('gives the snapshots of whole runs back', () => {
    const { steps } = playHistory(7);
    const seen = steps
      .filter(({ after }) => after.snapshot.version > 0)
      .map(({ after }) => after.snapshot);
    expect(seen.length).toBeGreaterThan(20);
    for (const snapshot of seen)
      expect(isRight(RunSnapshotCodec.decode(JSON.parse(JSON.stringify(snapshot))))).toBe(true);
  });

  it('refuses a snapshot of a run that was never created', () =>
    expect(isLeft(RunSnapshotCodec.decode(emptySnapshot))).toBe(true));
  it('knows an event from anything else', () =>
    expect(
      [{ type: 'RunOpened', atMs: 1 }, { type: 'RunOpened' }, null].map((u) => EventCodec.is(u)),
    ).toEqual([true, false, false]));
});

describe('the codec of batch records', () => {
  it('gives every record back as it was, and refuses one that has a field too many or too few', () => {
    fc.assert(
      fc.property(batchRecords, (record) => {
        expect(BatchRecordCodec.decode(BatchRecordCodec.encode(record))).toEqual({
          _tag: 'Right',
          right: record,
        });
        for (const wrong of [
          { ...record, extra: 1 },
          { ...record, state: 'lost' },
          { ...record, retriedCount: undefined },
        ])
          expect(isLeft(BatchRecordCodec.decode(wrong))).toBe(true);
      }),
    );
  });
});
