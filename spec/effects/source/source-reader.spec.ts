import { describe, expect, it } from 'vitest';
import type { SourceEntry } from '../../../lib/ports/source.ts';
import {
  createSourceReader,
  type SourceReader,
} from '../../../lib/effects/source/source-reader.ts';
import { createLatch } from '../../support/wait-for.ts';

const entry = (i: number): SourceEntry => ({
  item: { itemId: `r${i}`, payload: null },
  position: i + 1,
});
const takeAll = (reader: SourceReader): readonly string[] => {
  const got: string[] = [];
  for (let taken = reader.take(); taken !== null; taken = reader.take())
    got.push(
      `${reader.nextIndex - 1}:${'item' in taken ? taken.item.itemId : ''}@${String(reader.position)}`,
    );
  return got;
};
const open = (read: () => AsyncIterable<SourceEntry | readonly SourceEntry[]>): SourceReader => {
  const reader = createSourceReader({
    kind: 'rows',
    ref: 'rows',
    fingerprint: () => Promise.resolve('f'),
    read,
  });
  reader.seek(null, new AbortController().signal);
  return reader;
};

describe('a source reader', () => {
  it('takes nothing of a page that the source is filling anew, however late it comes', async () => {
    const late = createLatch();
    const reader = open(async function* () {
      const page = [entry(0), entry(1)];
      yield page;
      page.length = 0;
      for (let i = 2; i < 6; i += 1) {
        page.push(entry(i));
        if (i === 4) await late.opened;
      }
      yield page;
    });
    expect(await reader.more(null)).toBe('more');
    const got = [...takeAll(reader)];
    expect(await reader.more(Promise.resolve('late'))).toBe('late');
    got.push(...takeAll(reader));
    late.open();
    expect(await reader.more(null)).toBe('more');
    got.push(...takeAll(reader));
    expect(got).toEqual(Array.from({ length: 6 }, (_, i) => `${i}:r${i}@${i + 1}`));
    expect([await reader.more(null), await reader.more(null)]).toEqual(['over', 'over']);
  });

  it('resumes at the checkpoint, and opens the source anew only where its position differs', async () => {
    let opened = 0;
    const source = {
      kind: 'rows',
      ref: 'rows',
      fingerprint: () => Promise.resolve('f'),
      async *read(from: unknown): AsyncGenerator<SourceEntry> {
        opened += 1;
        for (let i = Number(from ?? 0); i < 5; i += 1) yield entry(i);
      },
    };
    const reader = createSourceReader(source);
    const { signal } = new AbortController();
    const next = async (): Promise<string> =>
      (await reader.more(null)) === 'more' ? (takeAll(reader)[0] ?? '') : 'over';
    reader.seek(null, signal);
    expect([await next(), await next()]).toEqual(['0:r0@1', '1:r1@2']);
    reader.seek({ nextIndex: 2, position: 2, beforeLastPosition: 1 }, signal);
    expect([await next(), opened]).toEqual(['2:r2@3', 1]);
    // What was taken and not accepted comes again.
    reader.seek({ nextIndex: 1, position: 1, beforeLastPosition: null }, signal);
    expect([await next(), opened]).toEqual(['1:r1@2', 2]);
  });

  const odd: readonly [string, unknown, string][] = [
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a text', 'r1', 'r1'],
    ['an object of something else', { id: 1, text: 'x' }, 'an object of id, text'],
    ['a row without a position', { item: { itemId: 'r1', payload: null } }, 'an object of item'],
    ['a bad row that says nothing', { bad: null, position: 2 }, 'an object of bad, position'],
  ];
  it.each(odd)(
    'takes the rows before what is no row, and loses none behind it: %s',
    async (_, value, said) => {
      for (const pages of [[[entry(0), value, entry(2)]], [entry(0), value, entry(2)]]) {
        const reader = open(async function* () {
          for (const page of pages) yield await Promise.resolve(page as SourceEntry);
        });
        const got: string[] = [];
        const readOn = async (): Promise<void> => {
          while ((await reader.more(null)) === 'more') got.push(...takeAll(reader));
        };
        await expect(readOn()).rejects.toThrow(`rows: read() gave ${said} where row 1 was due`);
        await expect(readOn()).rejects.toThrow('where row 1 was due');
        expect(got).toEqual(['0:r0@1']);
      }
    },
  );

  it('says what read() has to be where it gives nothing to iterate', () => {
    for (const given of [null, undefined, [entry(0)], Promise.resolve([entry(0)])])
      expect(() => open(() => given as unknown as AsyncIterable<SourceEntry>)).toThrow(
        'rows: read() gives nothing that can be iterated',
      );
  });

  it('gives up an iterator that throws at it, or answers with no promise', () => {
    for (const answer of [
      (): never => {
        throw new Error('closed');
      },
      () => ({ done: true }),
    ]) {
      const reader = open(() => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => undefined),
          return: answer as never,
        }),
      }));
      expect(() => reader.drop()).not.toThrow();
    }
  });
});
