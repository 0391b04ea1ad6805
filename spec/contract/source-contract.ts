import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../lib/core/json/json.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';

/**
 * An origin on which every law of a source is tried. At least 20 rows, some of them bad, read in at
 * least four pulls.
 */
export interface SourceFixture {
  /** The id of each row, in order; null where the row is bad. */
  readonly expected: readonly (string | null)[];
  /** A source over the origin, new each time, as in a fresh process. */
  open(): CheckpointedItemSource;
  /**
   * How many rows the sources opened so far have made of the origin: by it one sees that nothing is
   * read ahead of the pulls.
   */
  rowsMade(): number;
  /** Changes one row of the origin and nothing else. */
  change(): Promise<void>;
  /**
   * How many handles on the origin are open in this process; left out where there are none, or none
   * can be counted.
   */
  openHandles?(): Promise<number>;
}

/** Something that is true of every source, and a check that throws where it is not. */
export interface SourceLaw {
  readonly title: string;
  readonly check: (fixture: SourceFixture) => Promise<void>;
}

/** Runs every law over the sources that the factory makes, each on an origin of its own. */
export const describeSourceContract = (
  name: string,
  factory: () => Promise<SourceFixture>,
): void => {
  describe(`${name} keeps the law of sources: it`, () => {
    it.each(sourceLaws)('$title', async ({ check }) => {
      const fixture = await factory();
      expect(fixture.expected.length).toBeGreaterThanOrEqual(20);
      expect(fixture.expected).toContain(null);
      await check(fixture);
      if (fixture.openHandles !== undefined) expect(await fixture.openHandles()).toBe(0);
    });
  });
};

/** Everything that a source yields after `from`, and in how many pulls. */
export const readAll = async (
  source: CheckpointedItemSource,
  from: JsonValue | null = null,
): Promise<{ readonly entries: readonly SourceEntry[]; readonly pulls: number }> => {
  const entries: SourceEntry[] = [];
  let pulls = 0;
  for await (const pulled of source.read(from, { signal: new AbortController().signal })) {
    entries.push(...toArray(pulled));
    pulls += 1;
  }
  return { entries, pulls };
};

/** The ids of entries, null for a bad one. */
export const idsOf = (entries: readonly SourceEntry[]): readonly (string | null)[] =>
  entries.map((entry) => ('bad' in entry ? null : entry.item.itemId));

/** A position as it comes back from a store. */
export const stored = (position: JsonValue): JsonValue =>
  JSON.parse(JSON.stringify(position)) as JsonValue;

const toArray = (pulled: SourceEntry | readonly SourceEntry[]): readonly SourceEntry[] =>
  Array.isArray(pulled) ? (pulled as readonly SourceEntry[]) : [pulled as SourceEntry];

const signal = (): AbortSignal => new AbortController().signal;

export const sourceLaws: readonly SourceLaw[] = [
  {
    title: 'yields every row once, in order, a bad one as an entry in its place',
    check: async (fixture) => {
      expect(idsOf((await readAll(fixture.open())).entries)).toEqual(fixture.expected);
    },
  },
  {
    title: 'yields the same entries each time it is read',
    check: async (fixture) => {
      const source = fixture.open();
      const first = await readAll(source);
      expect(await readAll(source)).toEqual(first);
      expect(await readAll(fixture.open())).toEqual(first);
    },
  },
  {
    title: 'goes on from the stored position of any row with exactly the rest, in a fresh process',
    check: async (fixture) => {
      const { entries } = await readAll(fixture.open());
      expect(entries.length).toBeGreaterThan(0);
      for (const [index, { position }] of entries.entries()) {
        expect((await readAll(fixture.open(), stored(position))).entries).toEqual(
          entries.slice(index + 1),
        );
      }
    },
  },
  {
    title: 'says of a bad row why and where',
    check: async (fixture) => {
      const source = fixture.open();
      const bad = (await readAll(source)).entries.filter((entry) => 'bad' in entry);
      expect(bad.length).toBeGreaterThan(0);
      for (const entry of bad) {
        expect(entry.bad.reason).not.toBe('');
        expect(entry.bad.location.ref).toBe(entry.origin?.ref ?? source.ref);
      }
    },
  },
  {
    title: 'reads no further than it is pulled',
    check: async (fixture) => {
      const good = fixture.expected.filter((id) => id !== null).length;
      const read = fixture.open().read(null, { signal: signal() })[Symbol.asyncIterator]();
      expect(fixture.rowsMade()).toBe(0);
      await read.next();
      await read.next();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(fixture.rowsMade()).toBeGreaterThan(0);
      expect(fixture.rowsMade()).toBeLessThan(good);
      await read.return?.();
    },
  },
  {
    title: 'ends at return, and lets go of its origin',
    check: async (fixture) => {
      const read = fixture.open().read(null, { signal: signal() })[Symbol.asyncIterator]();
      await read.next();
      await read.return?.();
      const made = fixture.rowsMade();
      expect((await read.next()).done).toBe(true);
      expect(fixture.rowsMade()).toBe(made);
    },
  },
  {
    title: 'yields nothing more once aborted',
    check: async (fixture) => {
      const abort = new AbortController();
      const read = fixture.open().read(null, { signal: abort.signal })[Symbol.asyncIterator]();
      expect((await read.next()).done).not.toBe(true);
      abort.abort();
      const made = fixture.rowsMade();
      expect(await endedOrAborted(read)).toBe(true);
      expect(await endedOrAborted(read)).toBe(true);
      expect(fixture.rowsMade()).toBe(made);
    },
  },
  {
    title: 'yields nothing where it was aborted before',
    check: async (fixture) => {
      const read = fixture
        .open()
        .read(null, { signal: AbortSignal.abort() })
        [Symbol.asyncIterator]();
      expect(await endedOrAborted(read)).toBe(true);
      expect(fixture.rowsMade()).toBe(0);
    },
  },
  {
    title: 'bears two reads at once',
    check: async (fixture) => {
      const source = fixture.open();
      const alone = await readAll(source);
      const [one, two] = await Promise.all([readAll(source), readAll(source)]);
      expect(one).toEqual(alone);
      expect(two).toEqual(alone);
    },
  },
  {
    title: 'has the same fingerprint until its rows change',
    check: async (fixture) => {
      const before = await fixture.open().fingerprint({ signal: signal() });
      await readAll(fixture.open());
      expect(before).not.toBe('');
      expect(await fixture.open().fingerprint({ signal: signal() })).toBe(before);
      await fixture.change();
      expect(await fixture.open().fingerprint({ signal: signal() })).not.toBe(before);
    },
  },
];

/**
 * True if the pull ended the read or was refused because of the abort; a yielded entry is neither.
 */
const endedOrAborted = async (read: AsyncIterator<unknown>): Promise<boolean> => {
  try {
    return (await read.next()).done === true;
  } catch (error) {
    return error instanceof Error && error.name === 'AbortError';
  }
};
