import { writeFile } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tunedCsvSource } from '../../adapters/csv/csv-source.ts';
import { csvSource } from '../../adapters/csv/index.ts';
import { jsonlSource } from '../../adapters/jsonl/index.ts';
import { tunedJsonlSource } from '../../adapters/jsonl/jsonl-source.ts';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { watchHeldBytes } from '../support/held-bytes.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tempFolder, tiny } from './source-files.ts';

type Pack = (text: string | Buffer) => Buffer;

const gzip: Pack = (text) => zlib.gzipSync(text);

/** One after the other, each its own gzip member or zstd frame. */
const inParts = (pack: Pack, text: string, count: number): Buffer => {
  const bytes = Buffer.from(text);
  const size = Math.ceil(bytes.length / count);
  return Buffer.concat(
    Array.from({ length: count }, (_, part) =>
      pack(bytes.subarray(part * size, (part + 1) * size)),
    ),
  );
};

const zstdSync: unknown = Reflect.get(zlib, 'zstdCompressSync');
const hasZstd = typeof zstdSync === 'function';
/**
 * With a checksum, as the program `zstd` writes it; without one, zstd itself cannot tell damage
 * from data.
 */
const zstd: Pack = (text) =>
  (zstdSync as (bytes: Buffer, options: zlib.BrotliOptions) => Buffer)(Buffer.from(text), {
    params: { 201: 1 },
  });

interface Kind {
  readonly name: string;
  readonly ends: string;
  readonly pack: Pack;
}

const kinds: readonly Kind[] = [
  { name: 'gzip', ends: '.gz', pack: gzip },
  ...(hasZstd ? [{ name: 'zstd', ends: '.zst', pack: zstd }] : []),
];

const rows = Array.from({ length: 26 }, (_, index) => (index % 6 === 4 ? null : `row-${index}`));
const jsonl = `\u{FEFF}${rows.map((id) => (id === null ? '{"id": ' : JSON.stringify({ id, text: 'é\u2028\n"👩‍👩‍👧' }))).join('\r\n\n')}`;
const csv = `\u{FEFF}id,text\r\n\r\n${rows.map((id) => (id === null ? ['one', '4,"a" b'][id === null ? 1 : 0] : `${id},"two\nlines é"`)).join('\r\n')}`;

for (const { name, ends, pack } of kinds) {
  for (const parts of [1, 5]) {
    const fixture = (format: 'jsonl' | 'csv') => async () => {
      const text = format === 'csv' ? csv : jsonl;
      const path = await tempFile(`rows.${format}${ends}`, inParts(pack, text, parts));
      let made = 0;
      const payload = (row: Readonly<Record<string, unknown>>): unknown => {
        made += 1;
        return row['text'];
      };
      return {
        expected: rows,
        open: (): CheckpointedItemSource =>
          format === 'csv'
            ? tunedCsvSource(path, { itemId: 'id', payload }, tiny(7))
            : tunedJsonlSource(path, { itemId: 'id', payload }, tiny(7)),
        rowsMade: () => made,
        change: () => writeFile(path, inParts(pack, text.replace('row-9', 'row-X'), parts)),
        openHandles: () => openHandlesOn(path),
      };
    };
    describeSourceContract(`a JSONL source over ${name} in ${parts} parts`, fixture('jsonl'));
    describeSourceContract(`a CSV source over ${name} in ${parts} parts`, fixture('csv'));
  }
}

/** What came before the source ended or failed, and the failure. */
const drained = async (source: CheckpointedItemSource, from: JsonValue | null = null) => {
  const entries: SourceEntry[] = [];
  try {
    for await (const pulled of source.read(from, { signal: new AbortController().signal })) {
      entries.push(
        ...(Array.isArray(pulled) ? (pulled as readonly SourceEntry[]) : [pulled as SourceEntry]),
      );
    }
  } catch (error) {
    return { entries, error };
  }
  return { entries, error: null };
};

/** Lines that do not compress to nothing. */
const numbered = (count: number): string =>
  Array.from(
    { length: count },
    (_, id) => `${JSON.stringify({ id, text: ((id + 1) * 2654435761).toString(36).repeat(3) })}\n`,
  ).join('');

describe.each(kinds)('a $name file', ({ name, ends, pack }) => {
  const source = async (contents: Buffer, chunkBytes = 5) =>
    tunedJsonlSource(
      await tempFile(`rows.jsonl${ends}`, contents),
      { itemId: 'id' },
      tiny(chunkBytes, 3),
    );

  it('gives the rows, positions apart from the checksum included, of the text that it unpacks to', async () => {
    const folder = await tempFolder();
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.nat().map((id) => JSON.stringify({ id })),
    );
    const chunk = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        chunk,
        async (lines, parts, size) => {
          const text = `x${lines.join('\n')}`;
          await writeFile(`${folder}/rows.jsonl`, text);
          await writeFile(`${folder}/rows.jsonl${ends}`, inParts(pack, text, parts));
          const open = (path: string): CheckpointedItemSource =>
            tunedJsonlSource(
              `${folder}/${path}`,
              { itemId: 'id', lineBytesMax: 15 },
              tiny(size, 3),
            );
          const plain = (await readAll(open('rows.jsonl'))).entries;
          const packed = (await readAll(open(`rows.jsonl${ends}`))).entries;
          expect(packed.map(({ position }) => position)).toEqual(
            plain.map(({ position }, index) => ({
              ...(position as object),
              crc32: (packed[index]?.position as { crc32: number }).crc32,
            })),
          );
          expect(idsOf(packed)).toEqual(idsOf(plain));
          for (const [index, { position }] of packed.entries()) {
            expect((await readAll(open(`rows.jsonl${ends}`), stored(position))).entries).toEqual(
              packed.slice(index + 1),
            );
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('holds in a position the CRC-32 of the text before it', async () => {
    const text = numbered(50);
    for (const { position } of (await readAll(await source(inParts(pack, text, 3)))).entries) {
      const { offset, crc32 } = position as { offset: number; crc32: number };
      expect(crc32).toBe(zlib.crc32(Buffer.from(text).subarray(0, offset)));
    }
  });

  it('is refused behind any row where the text before it is another', async () => {
    const before = await source(pack(numbered(9)));
    const { entries } = await readAll(before);
    await writeFile(before.ref, pack(numbered(9).replace('"id":0', '"id":7')));
    for (const { position } of entries) {
      const { entries: none, error } = await drained(before, stored(position));
      expect(none).toEqual([]);
      expect(error).toBeInstanceOf(SourceError);
      expect(error).toMatchObject({
        message: expect.stringContaining('this is not the file that the run began with'),
      });
    }
    await writeFile(before.ref, pack(numbered(2)));
    expect((await drained(before, stored(entries.at(-1)?.position ?? null))).error).toMatchObject({
      message: expect.stringContaining('is shorter ('),
    });
    expect(await openHandlesOn(before.ref)).toBe(0);
  });

  it('cut off anywhere gives only rows of its own, then an error that says so, and nothing is left open', async () => {
    const text = numbered(12);
    const whole = Buffer.concat([pack(text.slice(0, 300)), pack(text.slice(300))]);
    const between = pack(text.slice(0, 300)).length;
    const all = (await readAll(await source(whole))).entries;
    for (let end = 1; end < whole.length; end += 1) {
      const cut = await source(whole.subarray(0, end));
      const { entries, error } = await drained(cut);
      expect(idsOf(entries)).toEqual(
        idsOf(all)
          .slice(0, entries.length)
          .map((id, index) => (end === between && index === entries.length - 1 ? null : id)),
      );
      if (end === between) expect(error).toBeNull();
      else expect(error).toBeInstanceOf(SourceError);
      if (end > 4 && end !== between)
        expect(error).toMatchObject({
          message: expect.stringContaining(`is cut off: its ${name} data`),
        });
      expect(await openHandlesOn(cut.ref)).toBe(0);
    }
  });

  it('with something behind its end gives every row, then an error that says where it begins', async () => {
    const packed = pack(numbered(2_000));
    for (const junk of ['garbage!', '\x1f\x1f\x1f', 'x'.repeat(100_000)]) {
      const { entries, error } = await drained(
        await source(Buffer.concat([packed, Buffer.from(junk)]), 4_096),
      );
      expect(entries).toHaveLength(2_000);
      expect(error).toMatchObject({
        message: expect.stringMatching(
          /has other data at byte \d+, after the end of its .* data|is cut off/,
        ),
      });
    }
  });

  it('that is damaged gives the rows before the damage, then an error, whatever byte it is', async () => {
    const text = numbered(30_000);
    const packed = pack(text);
    for (const at of [packed.length >> 2, packed.length >> 1, packed.length - 6]) {
      const damaged = Buffer.from(packed);
      damaged.fill(0xff, at, Math.min(at + 20, packed.length));
      const { entries, error } = await drained(await source(damaged, 65_536));
      expect(error).toBeInstanceOf(SourceError);
      expect(error).toMatchObject({
        message: expect.stringMatching(/is damaged|behind the end|is cut off/),
      });
      expect(entries.length).toBeGreaterThan((at / packed.length) * 30_000 - 3_000);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (where, flip) => {
        const small = pack(numbered(40));
        const at = where % small.length;
        small[at] = (small[at] ?? 0) ^ flip;
        const { error } = await drained(await source(small, 64));
        if (error !== null) expect(error).toBeInstanceOf(SourceError);
      }),
      { numRuns: 40 },
    );
  });

  it('that unpacks to a line of 200 MB holds a small part of it at any time', async () => {
    const lineBytes = 200_000_000;
    const path = await tempFile(
      `bomb.jsonl${ends}`,
      Buffer.concat([pack('{"id":1}\n'), pack(Buffer.alloc(lineBytes, 'x')), pack('\n{"id":2}')]),
    );
    const { result, grownBytes } = await watchHeldBytes(() =>
      readAll(jsonlSource(path, { itemId: 'id', lineBytesMax: 1_000_000 })),
    );
    expect(idsOf(result.entries)).toEqual(['1', null, '2']);
    expect(grownBytes / lineBytes).toBeLessThan(1 / 4);
  });

  it('is unpacked no further once reading was given up or aborted', async () => {
    const path = await tempFile(`rows.jsonl${ends}`, pack(numbered(200_000)));
    const abort = new AbortController();
    const read = jsonlSource(path, { itemId: 'id' })
      .read(null, { signal: abort.signal })
      [Symbol.asyncIterator]();
    await read.next();
    const pulled = read.next();
    abort.abort();
    await pulled.catch(() => undefined);
    await expect(
      read.next().then((next) => (next.done === true ? Promise.reject(new Error('over')) : next)),
    ).rejects.toThrow();
    expect(await openHandlesOn(path)).toBe(0);
    const given = jsonlSource(path, { itemId: 'id' })
      .read(null, { signal: new AbortController().signal })
      [Symbol.asyncIterator]();
    await given.next();
    await given.return?.();
    expect(await openHandlesOn(path)).toBe(0);
  });

  it('may be named anything where its compression is said', async () => {
    const path = await tempFile('rows.txt', pack('id\na'));
    const compression = name === 'gzip' ? 'gzip' : 'zstd';
    expect(idsOf((await readAll(csvSource(path, { itemId: 'id', compression }))).entries)).toEqual([
      'a',
    ]);
    expect(
      idsOf(
        (
          await readAll(
            jsonlSource(await tempFile('rows.txt', pack('{"id":1}')), {
              itemId: 'id',
              compression,
            }),
          )
        ).entries,
      ),
    ).toEqual(['1']);
  });

  it('that holds nothing is empty', async () => {
    for (const contents of [Buffer.alloc(0), pack('')])
      expect((await drained(await source(contents))).error).toMatchObject({
        message: expect.stringContaining('is empty.'),
      });
  });
});

describe('a compressed file cannot be read, and says what to do, where', () => {
  const failure = async (
    file: string,
    contents: string | Buffer,
    compression?: 'none' | 'gzip' | 'zstd',
    from: JsonValue | null = null,
  ) => {
    const path = await tempFile(file, contents);
    const { error } = await drained(
      csvSource(path, { itemId: 'id', ...(compression === undefined ? {} : { compression }) }),
      from,
    );
    expect(await openHandlesOn(path)).toBe(0);
    return error instanceof SourceError ? error.message.slice(path.length) : error;
  };

  it('its name or the option says what its bytes do not', async () => {
    expect(await failure('rows.csv.gz', 'id\n1')).toBe(
      `: holds no compressed data, but its name says gzip. If it is plain text, say compression: 'none', or name it by what it is`,
    );
    expect(await failure('rows.csv', gzip('id\n1'))).toBe(
      `: holds gzip data, but its name says plain text. Say compression: 'gzip', or name it by what it is`,
    );
    expect(await failure('rows.csv.gz', gzip('id\n1'), 'none')).toBe(
      `: holds gzip data, but compression is 'none'. Say compression: 'gzip', or name it by what it is`,
    );
    expect(await failure('rows.csv', Buffer.from('28b52ffd', 'hex'))).toMatch(
      /^: holds zstd data, but its name says plain text/,
    );
    expect(await failure('rows.csv.gz', 'id\n1', 'none')).toBeNull();
  });

  it('the position is of a file that was packed otherwise', async () => {
    const at = { offset: 3, line: 2, index: 0 };
    expect(await failure('rows.csv.gz', gzip('id\n1'), 'gzip', at)).toContain(
      'a position in plain UTF-8, and this is read as a file that is compressed',
    );
    expect(await failure('rows.csv', 'id\n1', 'none', { ...at, crc32: 1 })).toContain(
      'a position in a file that is compressed or in another encoding',
    );
    for (const crc32 of [-1, 2 ** 32, 'x'])
      expect(await failure('rows.csv.gz', gzip('id\n1'), 'gzip', { ...at, crc32 })).toMatch(
        /cannot continue from/,
      );
  });

  it.skipIf(hasZstd)('this Node has no zstd', async () => {
    // A frame of `zstd`, with the text "id\n1\n".
    const frame = Buffer.from('28b52ffd0458290000' + '69640a310a' + '00000000', 'hex');
    expect(await failure('rows.csv.zst', frame)).toMatch(
      /^: is compressed with zstd, which Node v\S+ cannot read\. Use Node 22\.15 or newer/,
    );
  });

  it('zeros behind gzip data are padding', async () => {
    for (const zeros of [1, 512, 100_000]) {
      expect(
        await failure('rows.csv.gz', Buffer.concat([gzip('id\n1'), Buffer.alloc(zeros)])),
      ).toBeNull();
      expect(
        await failure(
          'rows.csv.gz',
          Buffer.concat([gzip('id\n1'), Buffer.alloc(zeros), Buffer.from('x')]),
        ),
      ).toContain('has other data at byte');
    }
  });
});
