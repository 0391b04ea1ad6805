import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tunedCsvSource } from '../../adapters/csv/csv-source.ts';
import { findDelimiter } from '../../adapters/csv/find-delimiter.ts';
import { csvSource } from '../../adapters/csv/index.ts';
import { jsonlSource } from '../../adapters/jsonl/index.ts';
import { tunedJsonlSource } from '../../adapters/jsonl/jsonl-source.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tiny } from './source-files.ts';

const utf16 = (text: string, order: 'le' | 'be'): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

const texts = ['plain', 'Größe', '漢字 👩‍👩‍👧', '"two\r\nlines"', 'U+FFFD \u{FFFD}'];

for (const order of ['le', 'be'] as const)
  describeSourceContract(`a CSV source over UTF-16, ${order}`, async () => {
    const rows = Array.from({ length: 24 }, (_, index) =>
      index % 6 === 4 ? null : `row-${index}`,
    );
    const lines = rows.map((id, index) =>
      id === null ? 'only-one' : `${id},${texts[index % texts.length] ?? ''}`,
    );
    const text = `\u{FEFF}id,text\r\n${lines.join('\r\n')}`;
    const path = await tempFile('rows.csv', utf16(text, order));
    let made = 0;
    const payload = (row: { readonly text: string }): string => {
      made += 1;
      return row.text;
    };
    return {
      expected: rows,
      open: () => tunedCsvSource(path, { columns: ['id', 'text'], itemId: 'id', payload }, tiny(7)),
      rowsMade: () => made,
      change: () => writeFile(path, utf16(text.replace('row-9', 'row-X'), order)),
      openHandles: () => openHandlesOn(path),
    };
  });

const payloadsOf = (entries: readonly SourceEntry[]): readonly unknown[] =>
  entries.map((entry) => ('bad' in entry ? entry.bad.reason : entry.item.payload));

const readRows = async (
  contents: Buffer,
  encoding?: string,
  chunkBytes = 7,
): Promise<readonly unknown[]> =>
  payloadsOf(
    (
      await readAll(
        tunedJsonlSource(
          await tempFile('rows.jsonl', contents),
          { itemId: 'id', ...(encoding === undefined ? {} : { encoding }) },
          tiny(chunkBytes),
        ),
      )
    ).entries,
  );

const failure = async (
  contents: string | Buffer,
  options: { readonly encoding?: string } = {},
  name = 'rows.csv',
): Promise<string> => {
  const path = await tempFile(name, contents);
  return readAll(csvSource(path, { itemId: 'id', ...options })).then(
    () => 'read',
    (error: unknown) => String(error).replace(path, name),
  );
};

describe('a source over a file in another encoding', () => {
  it.each([
    ['windows-1252', Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x20, 0x93, 0x80, 0x94]), 'café “€”'],
    ['latin1', Buffer.from([0xe9, 0x92]), 'é’'],
    ['shift_jis', Buffer.from([0x82, 0xb1, 0x82, 0xf1, 0x83, 0x5c]), 'こんソ'],
    ['gb18030', Buffer.from([0xc4, 0xe3, 0xba, 0xc3]), '你好'],
    ['koi8-r', Buffer.from([0xcd, 0xc9, 0xd2]), 'мир'],
    ['utf-16le', Buffer.from('é 漢 👩', 'utf16le'), 'é 漢 👩'],
  ])('reads %s', async (encoding, bytes, text) => {
    const wide = (part: string): Buffer =>
      Buffer.from(part, encoding === 'utf-16le' ? 'utf16le' : 'latin1');
    const contents = Buffer.concat([wide('{"id":1,"t":"'), bytes, wide('"}\n{"id":2}')]);
    for (const chunkBytes of [1, 3, 4_096])
      expect(await readRows(contents, encoding, chunkBytes)).toEqual([
        { id: 1, t: text },
        { id: 2 },
      ]);
  });

  it('returns its rows, from the start and from every position, packed or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (values, isPacked) => {
          const text = values.map((t, id) => `${JSON.stringify({ id, t })}\n`).join('');
          const bytes = utf16(`\u{FEFF}${text}`, 'be');
          const path = await tempFile(
            isPacked ? 'rows.jsonl.gz' : 'rows.jsonl',
            isPacked ? gzipSync(bytes) : bytes,
          );
          const source = tunedJsonlSource(path, { itemId: 'id' }, tiny(5));
          const { entries } = await readAll(source);
          expect(payloadsOf(entries)).toEqual(values.map((t, id) => ({ id, t })));
          for (const [i, { position }] of entries.entries())
            expect((await readAll(source, stored(position))).entries).toEqual(entries.slice(i + 1));
        },
      ),
      { numRuns: 12 },
    );
  });

  it('makes a bad row of what cannot be decoded, and of no other', async () => {
    const [good, lone] = [
      utf16('{"id":1,"t":"\u{FFFD}"}\n', 'le'),
      utf16('{"id":2,"t":"\ud800"}\n', 'le'),
    ];
    for (const chunkBytes of [1, 5, 4_096]) {
      expect(await readRows(Buffer.concat([good, lone, good]), 'utf-16', chunkBytes)).toEqual([
        { id: 1, t: '\u{FFFD}' },
        'the line is not valid utf-16le',
        { id: 1, t: '\u{FFFD}' },
      ]);
      // Cut in the middle of a unit.
      expect(
        await readRows(Buffer.concat([good, good.subarray(0, -1)]), 'utf-16', chunkBytes),
      ).toEqual([{ id: 1, t: '\u{FFFD}' }, 'the line is not valid utf-16le']);
      const sjis = Buffer.concat([
        Buffer.from('{"id":1,"t":"'),
        Buffer.of(0x82),
        Buffer.from('\n{"id":2}\n{"id":3,"t":"'),
        Buffer.of(0xb1),
      ]);
      expect(await readRows(sjis, 'shift_jis', chunkBytes)).toEqual([
        'the line is not valid shift_jis',
        { id: 2 },
        expect.stringContaining('not JSON'),
      ]);
    }
  });

  it('finds the delimiter of the decoded header', async () => {
    expect(
      await findDelimiter(await tempFile('rows.csv', utf16('\u{FEFF}text;id\n', 'le')), 'id'),
    ).toBe(';');
    expect(
      await findDelimiter(
        await tempFile('rows.csv', Buffer.from('gr\xf6\xdfe;id\n', 'latin1')),
        'größe',
        { encoding: 'latin1' },
      ),
    ).toBe(';');
  });

  it('says which one it is likely to be', async () => {
    const reasonOf = async (contents: Buffer) =>
      (await readRows(contents)).find((row) => typeof row === 'string');
    const line = (text: Buffer): Buffer =>
      Buffer.concat([Buffer.from('{"id":1,"t":"'), text, Buffer.from('"}\n')]);
    expect(await reasonOf(line(Buffer.from([0x63, 0x61, 0x66, 0xe9])))).toBe(
      `the line is not valid UTF-8. The file is likely in windows-1252: name it (encoding: 'windows-1252')`,
    );
    const russian = Buffer.from([
      0xef, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x20, 0xec, 0xe8, 0xf0, 0x20, 0xea, 0xe0, 0xea, 0x20,
      0xe4, 0xe5, 0xeb, 0xe0,
    ]);
    expect(await reasonOf(line(russian))).toContain('likely in windows-1251');
    // One damaged row of UTF-8 is no other encoding.
    expect(
      await reasonOf(
        Buffer.concat([line(Buffer.from('größer als Äpfel')), line(Buffer.from([0xe9]))]),
      ),
    ).toBe('the line is not valid UTF-8. Is the file in another encoding?');
  });

  it('is refused where its mark or its contents say otherwise', async () => {
    expect(await failure(utf16('\u{FEFF}id\n1', 'be'), { encoding: 'utf-16le' })).toContain(
      `rows.csv: begins with the byte order mark of utf-16be, but encoding is 'utf-16le'. Leave the encoding out, or say 'utf-16be'`,
    );
    expect(await failure('\u{FEFF}id\n1', { encoding: 'windows-1252' })).toContain(
      'byte order mark of utf-8',
    );
    expect(await failure(utf16('id,text\n1,a\n', 'le'))).toContain(
      `looks like UTF-16 without a byte order mark. Name the encoding: 'utf-16le'`,
    );
    expect(await failure(utf16('id,text\n1,a\n', 'be'))).toContain(`Name the encoding: 'utf-16be'`);
    expect(await failure(Buffer.from('fffe000069000000', 'hex'))).toContain('is UTF-32');
    expect(() => jsonlSource('x', { itemId: 'id', encoding: 'klingon' })).toThrow(
      'encoding is "klingon", which this Node cannot decode',
    );
  });

  it.each([
    [
      'an Excel workbook',
      Buffer.from('PK\u0003\u0004....[Content_Types].xml....xl/workbook.xml'),
      /holds an Excel workbook.*CSV UTF-8.*libreoffice --headless/,
    ],
    [
      'an OpenDocument',
      Buffer.from('PK\u0003\u0004mimetypeapplication/vnd.oasis.opendocument.spreadsheet'),
      /OpenDocument spreadsheet/,
    ],
    ['a zip', Buffer.from('PK\u0003\u0004....rows.csv'), /holds a zip archive.*unzip/],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae100', 'hex'), /old Office format/],
    ['a PDF', Buffer.from('%PDF-1.7\n'), /holds a PDF/],
    ['a database', Buffer.from('SQLite format 3\0'), /sqlite3 -header -csv/],
    ['Parquet', Buffer.from('PAR1\x15\x04'), /holds a Parquet file, not text. Read it as Parquet/],
    ['Arrow', Buffer.from('ARROW1\0\0'), /holds an Arrow file/],
    ['bzip2', Buffer.from('BZh91AY'), /bunzip2/],
  ])('is refused where it is no text but %s', async (_, contents, message) => {
    expect(await failure(contents)).toMatch(message);
    expect(await failure(contents, { encoding: 'windows-1252' })).toMatch(message);
  });

  it('reads on only in the text that it began with', async () => {
    const path = await tempFile('rows.jsonl', utf16('\u{FEFF}{"id":1}\n{"id":2}\n', 'le'));
    const source = jsonlSource(path, { itemId: 'id' });
    const [first] = (await readAll(source)).entries;
    const from = stored(first?.position ?? null);
    expect(idsOf((await readAll(source, from)).entries)).toEqual(['2']);
    await writeFile(path, utf16('\u{FEFF}{"id":3}\n{"id":2}\n', 'le'));
    await expect(readAll(source, from)).rejects.toThrow('holds other text before byte');
    await writeFile(path, '{"id":1}\n{"id":2}\n');
    await expect(readAll(source, from)).rejects.toThrow(
      'a position in a file that is compressed or in another encoding',
    );
  });
});
