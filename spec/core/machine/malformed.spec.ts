import * as fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type Command,
  decide,
  emptySnapshot,
  isFinished,
  type RunId,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import { byValue } from '../../support/core/by-value.ts';
import { makeConfig } from '../../support/core/config.ts';
import { playHistory } from '../../support/core/play.ts';

const untreated = (command: Command): Command => JSON.parse(JSON.stringify(command)) as Command;

interface Moment {
  readonly before: RunSnapshot;
  readonly command: Command;
}
/** Commands that something followed from, of whole runs: at most so many of a type. */
const momentsMax = 15;
const moments: readonly Moment[] = (() => {
  const found: Moment[] = [];
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= 40; seed += 1)
    for (const { before, command, events } of playHistory(seed, { turnsMax: 150 }).steps) {
      const count = counts.get(command.type) ?? 0;
      if (events.length === 0 || count >= momentsMax || isFinished(before.snapshot)) continue;
      counts.set(command.type, count + 1);
      found.push({ before: before.snapshot, command });
    }
  return found;
})();

type Swap = (column: readonly number[]) => unknown;
/** Each command once per column in it, with that column exchanged. */
const exchanged = (value: unknown, swap: Swap): readonly unknown[] => {
  if (Array.isArray(value))
    return value.length > 0 && value.every((entry) => typeof entry === 'number')
      ? [swap(value)]
      : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    exchanged(inner, swap).map((other) => ({ ...value, [key]: other })),
  );
};
const withColumns = (swap: Swap): readonly Moment[] =>
  moments.flatMap(({ before, command }) =>
    (exchanged(byValue(command), swap) as readonly Command[]).map((changed) => ({
      before,
      command: changed,
    })),
  );
const isNoPosition = ({ command }: Moment): boolean =>
  command.type !== 'CreateRun' && command.type !== 'RecordPoll';

/** Null is an answer to these, and so is what is no number: the provider did not say. */
const reportedByOthers: ReadonlySet<string> = new Set([
  'expiresAtMs',
  'retryAfterMs',
  'statedBytesMax',
]);

/** What was taken, or refused for another reason than that it is malformed. */
const taken = (found: readonly Moment[]): readonly string[] =>
  found.flatMap(({ before, command }) => {
    const decided = decide(before, command);
    return isLeft(decided) && decided.left.type === 'malformed_command'
      ? []
      : [`${command.type}: ${JSON.stringify(command).slice(0, 200)}`];
  });

describe('a command that is not whole', () => {
  it('comes from histories with every command that has columns', () => {
    const types = new Set(moments.map(({ command }) => command.type));
    for (const type of [
      'AcceptSlice',
      'PlanBatch',
      'SettleSlice',
      'SettleRest',
      'RequeueRows',
      'FailPending',
      'SettleShared',
    ] as const)
      expect([type, types.has(type)]).toEqual([type, true]);
  });

  it.each([
    ['Uint8Array', (column) => Uint8Array.from(column)],
    ['Uint32Array', (column) => Uint32Array.from(column)],
    ['Float64Array', (column) => Float64Array.from(column)],
  ] as readonly (readonly [string, Swap])[])(
    'is refused where a %s went through JSON untreated, and never half accepted',
    (_, swap) => {
      const found = withColumns(swap).filter(isNoPosition);
      expect(found.length).toBeGreaterThan(100);
      expect(
        taken(found.map(({ before, command }) => ({ before, command: untreated(command) }))),
      ).toEqual([]);
    },
  );

  it('means the same behind JSON where JSON changes nothing', () => {
    for (const { before, command } of moments) {
      const plain = byValue(command) as Command;
      expect(byValue(decide(before, untreated(plain)))).toEqual(byValue(decide(before, plain)));
      expect(isRight(decide(before, plain))).toBe(true);
    }
  });

  it.each([
    ['no length', (column) => ({ ...column })],
    ['a length that is no number', (column) => ({ ...column, length: `${column.length}` })],
    ['a length below zero', (column) => ({ ...column, length: -1 })],
    ['a length that is a fraction', (column) => ({ ...column, length: column.length + 0.5 })],
    ['an entry that is null', (column) => [...column.slice(1), null]],
    ['an entry that is a text', (column) => [...column.slice(1), '1']],
    ['an entry that is a BigInt', (column) => [...column.slice(1), 1n]],
    ['entries of BigInts', (column) => BigInt64Array.from(column.map(BigInt))],
    ['a hole', (column) => Object.assign([...column], { length: column.length + 1 })],
    ['one entry too many', (column) => [...column, 0]],
  ] as readonly (readonly [string, Swap])[])('is refused where a column has %s', (name, swap) => {
    // The one column that no other has to agree with.
    const isFree = ({ command }: Moment): boolean =>
      name === 'one entry too many' && command.type === 'AcceptSlice';
    const found = withColumns((column) =>
      name.includes('BigInt') && column.some((x) => !Number.isInteger(x)) ? {} : swap(column),
    );
    expect(found.length).toBeGreaterThan(100);
    expect(taken(found.filter((moment) => isNoPosition(moment) && !isFree(moment)))).toEqual([]);
  });

  it.each([
    ['NaN', Number.NaN],
    ['a fraction', 0.5],
    ['a number below every rule', -2],
    ['infinity', Infinity],
  ])('is refused where an index is %s', (_, wrong) => {
    const found = moments.flatMap(({ before, command }) => {
      const put = (indexes: ArrayLike<number>): readonly number[] => [
        wrong,
        ...Array.from(indexes).slice(1),
      ];
      const { type } = command;
      if (type === 'PlanBatch' && command.window.indexes.length > 0)
        return [
          {
            before,
            command: {
              ...command,
              window: { ...command.window, indexes: put(command.window.indexes) },
            },
          },
        ];
      if (
        (type === 'SettleRest' ||
          type === 'RequeueRows' ||
          type === 'FailPending' ||
          type === 'SettleShared') &&
        command.rows.indexes.length > 0
      )
        return [
          {
            before,
            command: {
              ...command,
              rows: { ...command.rows, indexes: put(command.rows.indexes) },
            } as Command,
          },
        ];
      if (type === 'SettleSlice' && command.open[0] === 1)
        return [
          {
            before,
            command: {
              ...command,
              lines: { ...command.lines, indexes: put(command.lines.indexes) },
            },
          },
        ];
      return [];
    });
    expect(found.length).toBeGreaterThan(40);
    expect(taken(found)).toEqual([]);
  });

  it('is refused where an index is of a row that the run does not have, or rows come twice', () => {
    const found = moments.flatMap(({ before, command }) => {
      if (
        command.type !== 'RequeueRows' &&
        command.type !== 'FailPending' &&
        command.type !== 'SettleRest' &&
        command.type !== 'SettleShared'
      )
        return [];
      const indexes = Array.from(command.rows.indexes);
      const beyond = indexes.map((index, i) =>
        i === indexes.length - 1 ? before.ingest.itemCount : index,
      );
      const twice = indexes.map((index, i) => (i === 1 ? (indexes[0] as number) : index));
      return [...(indexes.length > 0 ? [beyond] : []), ...(indexes.length > 1 ? [twice] : [])].map(
        (wrong) => ({
          before,
          command: { ...command, rows: { ...command.rows, indexes: wrong } } as Command,
        }),
      );
    });
    expect(found.length).toBeGreaterThan(20);
    expect(taken(found)).toEqual([]);
  });

  it('is refused where a number that it decides by is missing, null or a text', () => {
    const found = moments.flatMap(({ before, command }) =>
      Object.entries(command).flatMap(([key, value]) =>
        typeof value !== 'number' || reportedByOthers.has(key)
          ? []
          : [undefined, null, String(value), Number.NaN].map((wrong) => ({
              before,
              command: { ...command, [key]: wrong } as unknown as Command,
            })),
      ),
    );
    expect(found.length).toBeGreaterThan(500);
    expect(taken(found)).toEqual([]);
  });

  it('is refused whatever it is, and decide never throws', () => {
    const [{ before } = { before: emptySnapshot }] = moments.slice(10);
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
        fc.constantFrom(...moments),
        (anything, { command }) => {
          expect(isLeft(decide(before, anything as Command))).toBe(true);
          expect(
            isLeft(decide(before, { type: command.type, ...(anything as object) } as Command)),
          ).toBe(true);
        },
      ),
    );
  });

  it.each([
    ['a BigInt', 10n],
    ['a Date', new Date(0)],
    ['undefined in a list', [undefined]],
  ])('is refused where a configuration holds %s, which JSON would change', (_, value) => {
    const config = makeConfig();
    const wrong = { ...config, provider: { ...config.provider, params: { seed: value as never } } };
    expect(
      decide(emptySnapshot, { type: 'CreateRun', atMs: 1, runId: 'r' as RunId, config: wrong }),
    ).toEqual({
      _tag: 'Left',
      left: {
        type: 'malformed_command',
        message: 'CreateRun: config.provider.params is malformed',
      },
    });
  });

  it('names the command and the field, and not what it holds', () => {
    const settle = moments.find(({ command }) => command.type === 'SettleSlice');
    if (settle?.command.type !== 'SettleSlice') throw new Error('no history settles a slice');
    const { lines } = settle.command;
    const decided = decide(settle.before, {
      ...settle.command,
      lines: { ...lines, indexes: untreated(Uint8Array.of(7) as never) as never },
    });
    expect(decided).toEqual({
      _tag: 'Left',
      left: { type: 'malformed_command', message: 'SettleSlice: lines.indexes is malformed' },
    });
  });

  it('comes into no event with what a provider’s port adds to it', () => {
    const polled = moments.filter(({ command }) => command.type === 'RecordPoll');
    expect(polled.length).toBeGreaterThan(5);
    for (const { before, command } of polled) {
      if (command.type !== 'RecordPoll') continue;
      const observations = command.observations.map((seen) => ({
        ...seen,
        ending: seen.ending === null ? null : { ...seen.ending, raw: 'more' },
      }));
      expect(decide(before, { ...command, observations, extra: 1 } as Command)).toEqual(
        decide(before, command),
      );
    }
  });
});
