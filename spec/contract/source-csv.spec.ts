import { writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileTuning } from '../../adapters/files/file-source.ts';
import { findDelimiter } from '../../adapters/csv/find-delimiter.ts';
import { csvSource } from '../../adapters/csv/index.ts';
import type { CsvOptions } from '../../adapters/csv/index.ts';
import { tunedCsvSource } from '../../adapters/csv/csv-source.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tempFolder, tiny } from './source-files.ts';

const AWKWARD = [
  'plain',
  '"two\r\nlines"',
  '"a ""quote"""',
  '"comma, emoji 👩‍👩‍👧"',
  'U+2028 \u2028',
  '"\n\n"',
  '',
  '漢字',
];

describeSourceContract('a CSV source', async () => {
  const rows = Array.from({ length: 26 }, (_, index) => (index % 6 === 4 ? null : `row-${index}`));
  const bad = ['only-one', ',no id', '3, "pipe"', '4,"open" more', '5,6,7'];
  const lines = rows.map((id, index) =>
    id === null ? bad[Math.floor(index / 6)] : `${id},${AWKWARD[index % AWKWARD.length] ?? ''}`,
  );
  const text = `\u{FEFF}id,text\r\n\r\n${lines.join('\r\n')}`;
  const path = await tempFile('rows.csv', text);
  let made = 0;
  return {
    expected: rows,
    open: () =>
      tunedCsvSource(
        path,
        {
          columns: ['id', 'text'],
          itemId: 'id',
          payload: (row) => {
            made += 1;
            return row.text;
          },
        },
        tiny(7),
      ),
    rowsMade: () => made,
    change: () => writeFile(path, text.replace('row-9', 'row-X')),
    openHandles: () => openHandlesOn(path),
  };
});

const read = async (source: CheckpointedItemSource): Promise<readonly SourceEntry[]> =>
  (await readAll(source)).entries;

const readText = async (
  contents: string | Uint8Array,
  options: { delimiter?: string } = {},
  tuning: FileTuning = tiny(5),
) =>
  read(tunedCsvSource(await tempFile('rows.csv', contents), { itemId: 'id', ...options }, tuning));

/** Line and reason of the bad rows, line and payload of the good ones. */
const brief = (entries: readonly SourceEntry[]): readonly unknown[] =>
  entries.map((entry) =>
    'bad' in entry
      ? [entry.bad.location.line, entry.bad.reason, entry.bad.field]
      : [entry.location?.line, entry.item.payload],
  );

const expectResumable = async (source: CheckpointedItemSource): Promise<readonly SourceEntry[]> => {
  const { entries } = await readAll(source);
  for (const [index, { position }] of entries.entries()) {
    expect((await readAll(source, stored(position))).entries).toEqual(entries.slice(index + 1));
  }
  return entries;
};

describe('a CSV source', () => {
  it('gives an item with its row as payload, its line, and its id column as primary key', async () => {
    const path = await tempFile('rows.csv', '\n"id",text,more\r\n\r\n7,"a\nb",z\r\n');
    const source = csvSource(path, {
      columns: ['id', 'text'],
      itemId: 'id',
      metadata: (row, index) => ({ text: row.text, index }),
    });
    expect(await read(source)).toEqual([
      {
        item: {
          itemId: '7',
          payload: { id: '7', text: 'a\nb' },
          metadata: { text: 'a\nb', index: 0 },
        },
        primaryKey: '7',
        idField: 'id',
        position: { offset: 30, line: 6, index: 1 },
        location: { ref: path, line: 4 },
      },
    ]);
    expect([source.kind, source.ref]).toEqual(['csv', path]);
  });

  it('gives all columns of the header where none are picked, whatever their names', async () => {
    expect(brief(await readText('id,__proto__,constructor,\n1,a,b,c\n'))).toEqual([
      [
        2,
        Object.fromEntries([
          ['id', '1'],
          ['__proto__', 'a'],
          ['constructor', 'b'],
          ['', 'c'],
        ]),
      ],
    ]);
  });

  it.each([';', '\t', '||', '§'])('takes %j for a delimiter', async (delimiter) => {
    const contents = ['id,text', '1,"a,b"', '2,"x""y"']
      .map((line) => line.replaceAll(',', delimiter))
      .join('\n');
    expect(brief(await readText(contents, { delimiter }))).toEqual([
      [2, { id: '1', text: `a${delimiter}b` }],
      [3, { id: '2', text: 'x"y' }],
    ]);
  });

  it('takes LF and CRLF in one file, and leaves a carriage return inside a field alone', async () => {
    expect(brief(await readText('id,t\n1,a\r\n2,b\n3,c\rd\r\n'))).toEqual([
      [2, { id: '1', t: 'a' }],
      [3, { id: '2', t: 'b' }],
      [4, { id: '3', t: 'c\rd' }],
    ]);
  });

  it('finds its columns among very many in one pass: among 300,000, one by one, it would take minutes', async () => {
    const names = Array.from({ length: 300_000 }, (_, at) => `c${at}`);
    const path = await tempFile(
      'wide.csv',
      `${names.join(',')}\n${names.map((_, at) => at).join(',')}\n`,
    );
    const source = csvSource(path, {
      columns: ['c0', 'c299999'],
      itemId: 'c299999',
      payload: (row) => row.c0,
    });
    expect(idsOf((await readAll(source)).entries)).toEqual(['299999']);
  });

  it('yields nothing for a header alone', async () => {
    expect(await readText('id,text')).toEqual([]);
    expect(await readText('\u{FEFF}id,text\r\n\r\n')).toEqual([]);
  });

  it('yields about a thousand entries per pull', async () => {
    const path = await tempFile(
      'rows.csv',
      `id\n${Array.from({ length: 2_500 }, (_, id) => `${id}\n`).join('')}`,
    );
    const sizes: number[] = [];
    for await (const pulled of csvSource(path, { itemId: 'id' }).read(null, {
      signal: new AbortController().signal,
    })) {
      sizes.push(Array.isArray(pulled) ? pulled.length : 1);
    }
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });
});

const UNCLEAR =
  'the record is not valid UTF-8. Its encoding is not clear. Name the one that reads the text correctly (encoding: LABEL): windows-';
const QUOTE_BEHIND_BLANK =
  'a quote stands behind a blank at the start of a field. Remove the blank, or read quotes as text (quote: null)';
const QUOTE_GOES_ON =
  'a quoted field continues after its closing quote. Double the quotes inside a quoted field (""), or read quotes as text (quote: null)';
const NEVER_CLOSED =
  'a quoted field is never closed. Close it, or read quotes as text (quote: null)';

describe('a CSV file of a spreadsheet or a data frame', () => {
  const header = 'id,text,,';
  it('may have columns without a name and empty fields behind the last one', async () => {
    const entries = await readText(`${header}\n1,a,,\n2,b,,,,\n3,c,x,\n4,d,,,,x\n`);
    expect(brief(entries)).toEqual([
      [2, { id: '1', text: 'a' }],
      [3, { id: '2', text: 'b' }],
      [4, { id: '3', text: 'c' }],
      [5, 'the record has 6 columns, the header 4', null],
    ]);
    // A single one is an index, and is kept.
    expect(brief(await readText(',id\n0,a\n'))).toEqual([[2, { '': '0', id: 'a' }]]);
  });

  it('may end in records of empty fields, which are passed over where that is asked for', async () => {
    const path = await tempFile('rows.csv', 'id,text\n1,a\n,\n2,\n,\n"",""\n');
    for (const chunkBytes of [1, 4_096]) {
      const skipping = await expectResumable(
        tunedCsvSource(path, { itemId: 'id', skipsEmptyRecords: true }, tiny(chunkBytes)),
      );
      expect(brief(skipping)).toEqual([
        [2, { id: '1', text: 'a' }],
        [4, { id: '2', text: '' }],
      ]);
    }
    expect(brief(await readText('id,text\n1,a\n,\n'))).toHaveLength(2);
  });

  it.each([
    ['id,text\n', ','],
    ['id;text, more\n', ';'],
    ['text\tid\n', '\t'],
    ['a|id|b\n', '|'],
    ['\u{FEFF}"id";"a;b"\n', ';'],
    ['a,a;id\n', ';'],
    ['name;text\n', null],
    ['', null],
  ])('has the delimiter under which its header names the id: %j', async (contents, delimiter) => {
    expect(await findDelimiter(await tempFile('rows.csv', contents), 'id')).toBe(delimiter);
  });
});

describe('quotes of a CSV file', () => {
  const lines = (records: readonly string[]): string => `id,t\n${records.join('\n')}\n`;
  const all = async (
    text: string,
    options: Pick<CsvOptions<string, unknown, {}>, 'quote'> = {},
  ): Promise<readonly unknown[]> => {
    const path = await tempFile('rows.csv', text);
    const reads: (readonly unknown[])[] = [];
    for (const chunkBytes of [1, 5, 4_096])
      reads.push(
        brief(
          await expectResumable(
            tunedCsvSource(path, { itemId: 'id', ...options }, tiny(chunkBytes)),
          ),
        ),
      );
    expect(reads[1]).toEqual(reads[0]);
    expect(reads[2]).toEqual(reads[0]);
    return reads[0] ?? [];
  };

  it('are text inside unquoted fields', async () => {
    const records = [
      `1,5" screen`,
      `2,37°36'37.8"N 121°2'17.9"W`,
      '"3",6"',
      '4"",a" b"',
      '5,"""six"""',
      '6," ""x"""',
    ];
    expect(await all(lines(records))).toEqual([
      [2, { id: '1', t: '5" screen' }],
      [3, { id: '2', t: `37°36'37.8"N 121°2'17.9"W` }],
      [4, { id: '3', t: '6"' }],
      [5, { id: '4""', t: 'a" b"' }],
      [6, { id: '5', t: '"six"' }],
      [7, { id: '6', t: ' "x"' }],
    ]);
  });

  it('that swallow rows make a bad row, and the rows are read', async () => {
    const rows = Array.from({ length: 8 }, (_, i) => `${i},text ${i}`);
    const swallowing = lines(['x,"open', ...rows, 'y,closed"']);
    const [swallowed, ...rest] = await all(swallowing);
    expect(swallowed).toEqual([
      2,
      expect.stringContaining(
        'makes one record of lines 2 to 11, each of which looks like a record',
      ),
      null,
    ]);
    expect(rest).toEqual([
      ...rows.map((row, i) => [3 + i, { id: `${i}`, t: row.slice(2) }]),
      [11, { id: 'y', t: 'closed"' }],
    ]);
    // Named, they are taken at their word; and prose is no table.
    expect(await all(swallowing, { quote: '"' })).toEqual([
      [2, { id: 'x', t: ['open', ...rows, 'y,closed'].join('\n') }],
    ]);
    expect(
      await all(lines([`1,"${'a line, and another\n'.repeat(6)}the, last, one"`])),
    ).toHaveLength(1);
  });

  it('are text where that is said, and may be single ones', async () => {
    expect(await all(lines(['1,"she said" so', '"2",b']), { quote: null })).toEqual([
      [2, { id: '1', t: '"she said" so' }],
      [3, { id: '"2"', t: 'b' }],
    ]);
    expect(await all(lines(["1,'a,b'", `2,"c"`, "'3','it''s'"]), { quote: "'" })).toEqual([
      [2, { id: '1', t: 'a,b' }],
      [3, { id: '2', t: '"c"' }],
      [4, { id: '3', t: "it's" }],
    ]);
  });
});

describe('a CSV source makes a bad row of', () => {
  const cases: readonly (readonly [string, string | Buffer, readonly unknown[]])[] = [
    ['too few columns', 'only', [2, 'the record has 1 column, the header 2', null]],
    ['too many columns', 'a,b,c', [2, 'the record has 3 columns, the header 2', null]],
    ['a line of blanks', '  ', [2, 'the record has 1 column, the header 2', null]],
    ['a quoted field behind a blank', 'a, "b"', [2, QUOTE_BEHIND_BLANK, 't']],
    ['a quote behind a blank and a field of two lines', '"a\nb", "x', [2, QUOTE_BEHIND_BLANK, 't']],
    ['text behind a closing quote', '"a" b,c', [2, QUOTE_GOES_ON, 'id']],
    ['invalid UTF-8', Buffer.from([0x61, 0x2c, 0xff]), [2, expect.stringContaining(UNCLEAR), null]],
    [
      'UTF-8 cut short',
      Buffer.from([0x61, 0x2c, 0xf0, 0x9f, 0x91]),
      [2, expect.stringContaining(UNCLEAR), null],
    ],
    ['an empty id', ',x', [2, 'the id field "id" is empty', 'id']],
    ['an id of white space', '" \t\n",x', [2, 'the id field "id" is empty', 'id']],
  ];
  it.each(cases)('%s, and reads on', async (_, record, expected) => {
    const contents = Buffer.concat([
      Buffer.from('id,t\n'),
      Buffer.from(record),
      Buffer.from('\n8,good\n9,good'),
    ]);
    for (const chunkBytes of [1, 3, 4_096]) {
      const entries = await expectResumable(
        tunedCsvSource(await tempFile('rows.csv', contents), { itemId: 'id' }, tiny(chunkBytes)),
      );
      const lines = contents.toString('latin1').split('\n').length;
      expect(brief(entries)).toEqual([
        expected,
        [lines - 1, { id: '8', t: 'good' }],
        [lines, { id: '9', t: 'good' }],
      ]);
    }
  });

  it('a quote that is never closed, without losing the rows behind it', async () => {
    for (const chunkBytes of [1, 4, 4_096]) {
      const path = await tempFile('rows.csv', 'id,t\n1,a\n2,"open\n3,c\n\n4,d\n');
      const entries = await expectResumable(
        tunedCsvSource(path, { itemId: 'id' }, tiny(chunkBytes)),
      );
      expect(brief(entries)).toEqual([
        [2, { id: '1', t: 'a' }],
        [3, NEVER_CLOSED, 't'],
        [4, { id: '3', t: 'c' }],
        [6, { id: '4', t: 'd' }],
      ]);
    }
  });

  it('a record that is too long, without losing the rows behind it', async () => {
    const longRow = `2,${'x'.repeat(300)}`;
    const rest = Array.from({ length: 8 }, (_, row) => `${row + 10},${'y'.repeat(20)}\n`).join('');
    for (const chunkBytes of [1, 7, 4_096]) {
      for (const [bad, reads] of [
        [longRow, 10],
        ['2,"never closed', 10],
      ] as const) {
        const path = await tempFile('rows.csv', `id,t\n1,a\n${bad}\n3,c\n${rest}`);
        const source = tunedCsvSource(
          path,
          { itemId: 'id', recordBytesMax: 100 },
          tiny(chunkBytes),
        );
        const entries = await expectResumable(source);
        expect(entries.filter((entry) => 'item' in entry)).toHaveLength(reads);
        const reason =
          'the record is longer than 100 bytes, the most that a row may have (recordBytesMax). Is a quote never closed? Close it, or read quotes as text (quote: null)';
        expect(brief(entries).slice(0, 3)).toEqual([
          [2, { id: '1', t: 'a' }],
          [3, reason, null],
          [4, { id: '3', t: 'c' }],
        ]);
      }
    }
  });

  it('one on which the mapping throws', async () => {
    const path = await tempFile('rows.csv', 'id,t\na,b');
    const source = csvSource(path, {
      itemId: 'id',
      payload: () => {
        throw new Error('boom');
      },
    });
    expect(await read(source)).toMatchObject([
      { bad: { reason: 'payload threw: boom', itemId: 'a' } },
    ]);
  });

  it('but not of a replacement character that the file itself holds', async () => {
    expect(brief(await readText('id,t\n1,\u{FFFD}\n'))).toEqual([[2, { id: '1', t: '\u{FFFD}' }]]);
  });
});

describe('a CSV source cannot be read, and says what to do, where', () => {
  const failure = async (
    contents: string | Uint8Array,
    options: { readonly columns?: readonly string[]; readonly itemId?: string } = {},
  ) =>
    readAll(csvSource(await tempFile('rows.csv', contents), { itemId: 'id', ...options })).then(
      () => null,
      (error: unknown) =>
        error instanceof SourceError
          ? { ...error, message: error.message.replace(/^.*rows\.csv/, 'rows.csv') }
          : error,
    );

  it('the header lacks a column', async () => {
    expect(await failure('id, text\n', { columns: ['id', 'text'] })).toMatchObject({
      message:
        'rows.csv: column "text" is not in the header. Name it as the header does: "id", " text".',
      field: 'text',
    });
    expect(await failure('uuid,text\n')).toMatchObject({
      message:
        'rows.csv: column "id" is not in the header. Name it as the header does: "uuid", "text".',
    });
    expect(await failure('id;text\n')).toMatchObject({
      message:
        'rows.csv: column "id" is not in the header. Name it as the header does: "id;text". Is "," really the delimiter?',
    });
  });

  it.each([
    ['is empty', '', 'rows.csv: is empty. Give it rows, or take it out of the job'],
    [
      'has only blank lines',
      '\n\r\n',
      'rows.csv: has no header. Its first line must name the columns',
    ],
    [
      'has only a byte order mark',
      '\u{FEFF}',
      'rows.csv: has no header. Its first line must name the columns',
    ],
    [
      'names a column twice',
      '\nid,a,a\n',
      'rows.csv:2: the header names column "a" twice. Rename one: "id", "a", "a"',
    ],
    [
      'has a header whose quotes are wrong',
      'id,"5" x\n',
      `rows.csv:1: the header cannot be read: ${QUOTE_GOES_ON}`,
    ],
    [
      'has a header that is not UTF-8',
      Buffer.from([0x69, 0xff, 0x0a]),
      `rows.csv:1: the header cannot be read: ${UNCLEAR}1252 reads "iÿ", windows-1250 reads "i˙", ibm866 reads "i"`,
    ],
    [
      'ends its lines in CR alone',
      'id,a\r1,2\r',
      expect.stringContaining('rows.csv:1: its lines end in CR alone. Write them with LF: tr '),
    ],
  ])('the file %s', async (_, contents, message) => {
    expect(await failure(contents)).toMatchObject({ message });
  });

  it('the options make no sense', () => {
    for (const delimiter of ['', '"', '\n', ',\r'])
      expect(() => csvSource('x', { itemId: 'id', delimiter })).toThrow(RangeError);
    expect(() => csvSource('x', { itemId: 'id', recordBytesMax: 0 })).toThrow(RangeError);
    // @ts-expect-error no such column
    expect(() => csvSource('x', { columns: ['id', 'text'], itemId: 'uuid' })).toThrow(
      'itemId is "uuid", which is not among columns',
    );
  });

  it('types rows and payload', () => {
    const row: CheckpointedItemSource<
      Readonly<Record<'id' | 'text', string>>,
      { n: number }
    > = csvSource('x', {
      columns: ['id', 'text'],
      itemId: (each) => each.id,
      metadata: (each) => ({ n: each.text.length }),
    });
    const payload: CheckpointedItemSource<{ size: number }> = csvSource('x', {
      itemId: 'id',
      payload: (each) => ({ size: (each['t'] ?? '').length }),
    });
    // @ts-expect-error no such column
    csvSource('x', { columns: ['id'], itemId: 'id', payload: (each) => each.text });
    expect([row.kind, payload.kind]).toEqual(['csv', 'csv']);
  });
});

const fieldOf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        ',',
        '\r\n',
        '\n',
        '\r',
        ' ',
        'é',
        '👩‍👩‍👧',
        '\u2028',
        '\u{FEFF}',
        '\u{FFFD}',
        '\0',
        'x',
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
);
const recordOf = fc.tuple(fieldOf, fieldOf, fieldOf);
const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\n');
const chunkBytes = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.constant(4_096));

/** A field as any writer would put it: quoted where it must be, and sometimes where it need not. */
const writeField = (field: string, always: boolean): string =>
  always || /[",\r\n]|^\u{FEFF}/u.test(field) ? `"${field.replaceAll('"', '""')}"` : field;

describe('any CSV file', () => {
  it('returns its rows, from the start and from every position, in chunks of any size', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(recordOf, fc.boolean(), lineEnd), { minLength: 1, maxLength: 7 }),
        fc.boolean(),
        fc.boolean(),
        chunkBytes,
        async (records, mark, unfinished, chunk) => {
          const lines = records.map(
            ([fields, always, end]) =>
              fields.map((field) => writeField(field, always)).join(',') + end,
          );
          const last = lines.length - 1;
          if (unfinished) lines[last] = (lines[last] ?? '').replace(/[\r\n]+$/, '');
          const path = `${folder}/rows.csv`;
          await writeFile(path, `${mark ? '\u{FEFF}' : ''}a,b,c\n${lines.join('')}`);
          const source = tunedCsvSource(
            path,
            { itemId: (_, index) => `row-${index}` },
            tiny(chunk, 3),
          );
          const entries = await expectResumable(source);
          const expected = records.map(([[a, b, c]]) => ({ a, b, c }));
          expect(
            entries.map((entry) => ('bad' in entry ? entry.bad.reason : entry.item.payload)),
          ).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('loses no good row to rubbish without quotes', async () => {
    const folder = await tempFolder();
    const rubbish = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => bytes.map((byte) => (byte === 0x0a || byte === 0x22 ? 0x0b : byte)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(rubbish, { minLength: 1, maxLength: 8 }),
        chunkBytes,
        async (lines, chunk) => {
          const path = `${folder}/rubbish.csv`;
          const parts = lines.flatMap((line, index) => [
            Buffer.from(`good-${index},x\n`),
            line,
            Buffer.from('\n'),
          ]);
          await writeFile(path, Buffer.concat([Buffer.from('id,t\n'), ...parts]));
          const { entries } = await readAll(
            tunedCsvSource(path, { itemId: 'id', recordBytesMax: 30 }, tiny(chunk, 3)),
          );
          expect(idsOf(entries).filter((id) => id?.startsWith('good-'))).toEqual(
            lines.map((_, index) => `good-${index}`),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('of rubbish with quotes is read to its end, alike in chunks of any size and from every position', async () => {
    const folder = await tempFolder();
    const byte = fc.constantFrom(...Buffer.from('"",,\n\n\r ab\xff', 'latin1'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(byte, { maxLength: 80 }),
        fc.integer({ min: 1, max: 90 }),
        chunkBytes,
        async (bytes, recordBytesMax, chunk) => {
          const path = `${folder}/quotes.csv`;
          const contents = Buffer.concat([
            Buffer.from('a,b\n'),
            Buffer.from(bytes),
            Buffer.from('\n1,2\n3,4\n'),
          ]);
          await writeFile(path, contents);
          const options = { itemId: (_: unknown, index: number) => `row-${index}`, recordBytesMax };
          const entries = await expectResumable(tunedCsvSource(path, options, tiny(chunk, 3)));
          expect((await readAll(tunedCsvSource(path, options, tiny(4_096)))).entries).toEqual(
            entries,
          );
          expect(entries.at(-1)?.position).toMatchObject({
            offset: contents.length,
            line: contents.toString('latin1').split('\n').length,
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});
