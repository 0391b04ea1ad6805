import { describe, expect, it } from 'vitest';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { describeSourceContract, sourceLaws } from './source-contract.ts';
import type { SourceFixture } from './source-contract.ts';

/**
 * A source as a user would write it by hand: over an array, one entry per pull. `faults` plants
 * what a law must find.
 */
const arraySource = (faults: {
  readonly [fault in Fault]?: true;
}): (() => Promise<SourceFixture>) => {
  return () => {
    const rows = Array.from({ length: 24 }, (_, index) =>
      index % 7 === 3 ? null : `row-${index}`,
    );
    const expected = [...rows];
    let made = 0;
    let reads = 0;
    const open = (): CheckpointedItemSource => ({
      kind: 'array',
      ref: 'rows',
      fingerprint: () =>
        Promise.resolve(
          faults.blindFingerprint
            ? 'same'
            : `${rows.join()}${faults.fingerprintOfReads ? reads : ''}`,
        ),
      read: async function* (from, { signal }) {
        reads += 1;
        if (!faults.deaf) signal.throwIfAborted();
        const eager = faults.eager ? rows.map((_, index) => toEntry(index)) : null;
        const begin = typeof from === 'number' ? from + (faults.offByOne ? 1 : 0) : 0;
        for (let index = begin; index < rows.length; index += 1) {
          if (faults.fickle && reads > 1 && index === 5) continue;
          if (faults.losesBad && rows[index] === null) continue;
          if (faults.shared && reads > 1 && index > reads) return;
          if (!faults.deaf) signal.throwIfAborted();
          await Promise.resolve();
          yield eager?.[index] ?? toEntry(index);
        }
      },
    });
    const toEntry = (index: number): SourceEntry => {
      made += 1;
      const id = rows[index] ?? null;
      const position = index + 1;
      if (id !== null) return { item: { itemId: id, payload: {} }, position };
      return {
        bad: {
          reason: faults.mute ? '' : 'no id',
          field: 'id',
          itemId: null,
          location: { ref: 'rows', line: null },
        },
        position,
      };
    };
    const change = (): Promise<void> => {
      rows[0] = 'changed';
      return Promise.resolve();
    };
    return Promise.resolve({ expected, open, rowsMade: () => made, change });
  };
};

type Fault =
  | 'blindFingerprint'
  | 'fingerprintOfReads'
  | 'deaf'
  | 'eager'
  | 'offByOne'
  | 'fickle'
  | 'losesBad'
  | 'shared'
  | 'mute';

describeSourceContract('a source written by hand', arraySource({}));

describe('the contract finds a source that', () => {
  it.each<[Fault, string]>([
    ['losesBad', 'yields every row once'],
    ['fickle', 'yields the same entries each time'],
    ['offByOne', 'goes on from the stored position'],
    ['mute', 'says of a bad row why and where'],
    ['eager', 'reads no further than it is pulled'],
    ['deaf', 'yields nothing more once aborted'],
    ['deaf', 'yields nothing where it was aborted before'],
    ['shared', 'bears two reads at once'],
    ['blindFingerprint', 'has the same fingerprint'],
    ['fingerprintOfReads', 'has the same fingerprint'],
  ])('is %s: it breaks "%s"', async (fault, title) => {
    const law = sourceLaws.find((each) => each.title.startsWith(title));
    const fixture = await arraySource({ [fault]: true })();
    await expect(law?.check(fixture)).rejects.toThrow();
  });
});
