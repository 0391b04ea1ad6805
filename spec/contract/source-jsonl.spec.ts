import { rename, writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openFailure } from '../../adapters/files/open-file.ts';
import type { FileTuning } from '../../adapters/files/file-source.ts';
import { jsonlSource } from '../../adapters/jsonl/index.ts';
import { tunedJsonlSource } from '../../adapters/jsonl/jsonl-source.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tempFolder, tiny } from './source-files.ts';

/** Rows whose text would trip a reader that splits on anything but the line feed. */
const AWKWARD = [
  'plain',
  'U+2028 \u2028 and U+2029 \u2029',
  'next line \u0085',
  'emoji 👩‍👩‍👧',
  '"quotes" and \\',
  'line\r\nend',
  '漢字',
];

describeSourceContract('a JSONL source', async () => {
  const rows = Array.from({ length: 24 }, (_, index) => (index % 6 === 4 ? null : `row-${index}`));
  const lines = rows.map((id, index) =>
    id === null ? '{"id": ' : JSON.stringify({ id, text: AWKWARD[index % AWKWARD.length] }),
  );
  const text = `\u{FEFF}${lines.join('\r\n\n')}`;
  const path = await tempFile('rows.jsonl', text);
  let made = 0;
  const payload = (row: JsonObject): unknown => {
    made += 1;
    return row['text'];
  };
  return {
    expected: rows,
    open: () => tunedJsonlSource(path, { itemId: 'id', payload }, tiny(7)),
    rowsMade: () => made,
    change: () => writeFile(path, text.replace('row-9', 'row-X')),
    openHandles: () => openHandlesOn(path),
  };
});

const read = async (source: CheckpointedItemSource): Promise<readonly SourceEntry[]> =>
  (await readAll(source)).entries;

const readText = async (
  contents: string | Uint8Array,
  tuning: FileTuning = tiny(5),
): Promise<readonly SourceEntry[]> =>
  read(tunedJsonlSource(await tempFile('rows.jsonl', contents), { itemId: 'id' }, tuning));

/** Reason, field, line and given id of the bad rows. */
const badOf = (entries: readonly SourceEntry[]) =>
  entries.flatMap((entry) =>
    'bad' in entry ? [{ ...entry.bad, location: entry.bad.location.line }] : [],
  );

const payloadsOf = (entries: readonly SourceEntry[]) =>
  entries.map((entry) => ('bad' in entry ? entry.bad.reason : entry.item.payload));

describe('a JSONL source', () => {
  it('gives an item with its row as payload, its line, and its id column as primary key', async () => {
    const path = await tempFile('rows.jsonl', '\n{"id":7,"text":"x"}\n');
    const source = jsonlSource(path, {
      itemId: 'id',
      metadata: (row, index) => ({ text: row['text'], index }),
    });
    expect(await read(source)).toEqual([
      {
        item: { itemId: '7', payload: { id: 7, text: 'x' }, metadata: { text: 'x', index: 0 } },
        primaryKey: '7',
        idField: 'id',
        position: { offset: 21, line: 3, index: 1 },
        location: { ref: path, line: 2 },
      },
    ]);
    expect([source.kind, source.ref]).toEqual(['jsonl', path]);
  });

  it('takes the id from a function of row and index, which makes no primary key', async () => {
    const path = await tempFile('rows.jsonl', '{"a":1}\n\n{"a":2}\n');
    const entries = await read(
      jsonlSource(path, { itemId: (row, index) => `${index}:${String(row['a'])}` }),
    );
    expect(idsOf(entries)).toEqual(['0:1', '1:2']);
    expect(entries.some((entry) => 'primaryKey' in entry)).toBe(false);
  });

  it('yields about a thousand entries per pull', async () => {
    const lines = Array.from({ length: 2_500 }, (_, id) => JSON.stringify({ id }));
    const source = jsonlSource(await tempFile('rows.jsonl', lines.join('\n')), { itemId: 'id' });
    const sizes: number[] = [];
    for await (const pulled of source.read(null, { signal: new AbortController().signal }))
      sizes.push(Array.isArray(pulled) ? pulled.length : 1);
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });

  it('ends a pull early where rows are large', async () => {
    const lines = Array.from({ length: 8 }, (_, id) =>
      JSON.stringify({ id, text: 'x'.repeat(900_000) }),
    );
    const source = jsonlSource(await tempFile('rows.jsonl', lines.join('\n')), { itemId: 'id' });
    expect((await readAll(source)).pulls).toBeGreaterThan(2);
  });

  it.each([
    ['nothing but line feeds', '\n\n\n'],
    ['nothing but a byte order mark', '\u{FEFF}'],
    ['blank lines of every kind', ' \n\t\r\n\r\n'],
  ])('yields nothing for %s', async (_, contents) => {
    expect(await readText(contents)).toEqual([]);
  });

  it.each([
    ['{"id":', 'the line is not JSON: '],
    ['[1]', 'the line is an array, not a JSON object'],
    ['null', 'the line is null, not a JSON object'],
    ['"x"', 'the line is a string, not a JSON object'],
    ['{\u{FEFF}"id":1}', 'the line is not JSON: '],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'the line is not valid UTF-8'],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'the line is not valid UTF-8'],
    ['{}', 'the id field "id" is missing'],
    ['{"id":null}', 'the id field "id" is null, not a string or a number'],
    ['{"id":""}', 'the id field "id" is empty'],
    ['{"id":" \\t "}', 'the id field "id" is empty'],
    ['{"id":true}', 'the id field "id" is a boolean, not a string or a number'],
    ['{"id":{}}', 'the id field "id" is an object, not a string or a number'],
    ['{"id":[1]}', 'the id field "id" is an array, not a string or a number'],
  ])('makes a bad row of %j and reads on', async (line, reason) => {
    const [first, bad, last] = await readText(
      Buffer.concat([Buffer.from('{"id":1}\n'), Buffer.from(line), Buffer.from('\n{"id":2}')]),
    );
    expect([first, last].map((entry) => entry && 'item' in entry && entry.item.itemId)).toEqual([
      '1',
      '2',
    ]);
    expect(bad).toMatchObject({
      bad: { reason: expect.stringContaining(reason), location: { line: 2 } },
    });
    expect(bad).toMatchObject({ bad: { field: reason.includes('id field') ? 'id' : null } });
  });

  it('keeps a replacement character that the file itself holds', async () => {
    expect(payloadsOf(await readText('{"id":"\u{FFFD}"}'))).toEqual([{ id: '\u{FFFD}' }]);
  });

  it('keeps "__proto__" a field like any other', async () => {
    const path = await tempFile('rows.jsonl', '{"__proto__":"a"}\n{"id":"b"}');
    const entries = await read(jsonlSource(path, { itemId: '__proto__' }));
    expect(idsOf(entries)).toEqual(['a', null]);
  });

  it.each([1, 3, 64, 1_000_000])(
    'passes over a line that is too long, in chunks of %i bytes',
    async (chunkBytes) => {
      const exact = `{"id":1,"x":"${'x'.repeat(25)}"}`;
      const long = `{"id":2,"x":"${'x'.repeat(26)}"}`;
      const contents = [exact, long, '{"id":3}', 'y'.repeat(500), '{"id":4}', 'z'.repeat(41)].join(
        '\n',
      );
      const path = await tempFile('rows.jsonl', contents);
      const source = tunedJsonlSource(
        path,
        { itemId: 'id', lineBytesMax: exact.length },
        tiny(chunkBytes),
      );
      const entries = await read(source);
      expect(idsOf(entries)).toEqual(['1', null, '3', null, '4', null]);
      expect(badOf(entries).map((bad) => [bad.location, bad.reason])).toEqual(
        [2, 4, 6].map((line) => [
          line,
          `the line is longer than ${exact.length} bytes, the most that a row may have (lineBytesMax)`,
        ]),
      );
      for (const [index, { position }] of entries.entries()) {
        expect((await readAll(source, stored(position))).entries).toEqual(entries.slice(index + 1));
      }
    },
  );

  it('makes a bad row of one on which the mapping throws', async () => {
    const path = await tempFile('rows.jsonl', '{"id":"a"}\n{"id":"b"}');
    const boom = (row: JsonObject): never => {
      throw new Error(`boom ${String(row['id'])}`);
    };
    const reasons = async (source: CheckpointedItemSource) =>
      badOf(await read(source)).map((bad) => [bad.reason, bad.itemId]);
    expect(await reasons(jsonlSource(path, { itemId: boom }))).toEqual([
      ['itemId threw: boom a', null],
      ['itemId threw: boom b', null],
    ]);
    expect(await reasons(jsonlSource(path, { itemId: 'id', payload: boom }))).toEqual([
      ['payload threw: boom a', 'a'],
      ['payload threw: boom b', 'b'],
    ]);
    expect(await reasons(jsonlSource(path, { itemId: 'id', metadata: boom }))).toEqual([
      ['metadata threw: boom a', 'a'],
      ['metadata threw: boom b', 'b'],
    ]);
  });
});

describe('a JSONL source with a rowSchema', () => {
  const Ticket = z.object({ id: z.number(), user: z.object({ tags: z.array(z.string().max(3)) }) });
  const contents = [
    '{"id":1,"user":{"tags":["ok"]},"more":1}',
    '{"id":2,"user":{"tags":["ok","long"]}}',
    '{"id":"x"}',
  ].join('\n');
  const expectTickets = async (source: CheckpointedItemSource): Promise<void> => {
    const entries = await read(source);
    expect(entries[0]).toMatchObject({ item: { itemId: '1' } });
    expect(payloadsOf(entries)[0]).toEqual({ id: 1, user: { tags: ['ok'] } });
    expect(badOf(entries)).toMatchObject([
      {
        field: 'user.tags[1]',
        itemId: '2',
        location: 2,
        reason: expect.stringMatching(/^does not fit rowSchema: user\.tags\[1\]: ./),
      },
      {
        field: 'id',
        itemId: 'x',
        location: 3,
        reason: expect.stringMatching(/^does not fit rowSchema: id: .+; user: ./),
      },
    ]);
  };

  it('gives rows as the schema makes them, and names path and error of those that fail', async () => {
    const path = await tempFile('rows.jsonl', contents);
    await expectTickets(jsonlSource(path, { rowSchema: Ticket, itemId: 'id' }));
  });

  it('takes an asynchronous schema', async () => {
    const rowSchema = Ticket.refine((row) => Promise.resolve(row.id > 0));
    await expectTickets(
      jsonlSource(await tempFile('rows.jsonl', contents), { rowSchema, itemId: 'id' }),
    );
  });

  it('makes a bad row of one on which the schema throws or rejects', async () => {
    const path = await tempFile('rows.jsonl', '{"id":"a"}');
    const schema = (validate: () => never | Promise<never>) =>
      ({ '~standard': { version: 1, vendor: 'spec', validate } }) as const;
    const throwing = schema(() => {
      throw new Error('boom');
    });
    const rejecting = schema(() => Promise.reject(new Error('boom')));
    for (const rowSchema of [throwing, rejecting]) {
      expect(badOf(await read(jsonlSource(path, { rowSchema, itemId: () => 'x' })))).toMatchObject([
        { reason: 'rowSchema threw: boom' },
      ]);
    }
  });

  it('types rows and payload', async () => {
    const path = await tempFile('rows.jsonl', '{"id":1}');
    const typed = jsonlSource(path, {
      rowSchema: z.object({ id: z.number() }),
      itemId: 'id',
      metadata: (row) => ({ twice: row.id * 2 }),
    });
    const exact: CheckpointedItemSource<{ id: number }, { twice: number }> = typed;
    // @ts-expect-error no such field
    jsonlSource(path, { rowSchema: z.object({ id: z.number() }), itemId: 'uuid' });
    expect(payloadsOf(await read(exact))).toEqual([{ id: 1 }]);
  });
});

describe('a JSONL source cannot be read, and says what to do, where', () => {
  const failure = async (path: string, from: JsonObject | null = null): Promise<unknown> =>
    readAll(jsonlSource(path, { itemId: 'id' }), from).then(
      () => null,
      (error: unknown) => error,
    );

  it.each([['it is empty', '', /rows\.jsonl: is empty/]])('%s', async (_, contents, message) => {
    const error = await failure(await tempFile('rows.jsonl', contents));
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({
      message: expect.stringMatching(message),
      line: null,
      field: null,
    });
  });

  it('there is no such file, or a folder, or a device', async () => {
    const folder = await tempFolder();
    const missing = await failure(`${folder}/none.jsonl`);
    expect(missing).toMatchObject({
      name: 'SourceError',
      ref: `${folder}/none.jsonl`,
      message: expect.stringMatching(/none\.jsonl: no such file/),
    });
    expect(await failure(folder)).toMatchObject({
      message: `${folder}: is a folder. Name a file in it`,
    });
    expect(await failure('/dev/null')).toMatchObject({
      message: expect.stringContaining('is not a regular file'),
    });
    await expect(
      jsonlSource(folder, { itemId: 'id' }).fingerprint({ signal: new AbortController().signal }),
    ).rejects.toThrow('is a folder');
  });

  it('the position is none of its own, or lies behind the end', async () => {
    const path = await tempFile('rows.jsonl', '{"id":1}\n');
    expect(await failure(path, { offset: -1, line: 1, index: 0 })).toMatchObject({
      message: expect.stringContaining('cannot continue from {"offset":-1'),
    });
    expect(await failure(path, { offset: 10, line: 2, index: 1 })).toMatchObject({
      message: expect.stringContaining('is shorter (9 bytes)'),
    });
    expect(await failure(path, { offset: 9, line: 2, index: 1 })).toBeNull();
  });

  it('it shrinks while it is read', async () => {
    const path = await tempFile('rows.jsonl', '{"id":1}\n'.repeat(50));
    const read = tunedJsonlSource(path, { itemId: 'id' }, tiny(32))
      .read(null, { signal: new AbortController().signal })
      [Symbol.asyncIterator]();
    await read.next();
    await writeFile(path, '{"id":1}\n');
    // The rows that were read come first.
    expect((await read.next()).done).toBe(false);
    await expect(read.next()).rejects.toThrow('became shorter while it was read');
    expect(await openHandlesOn(path)).toBe(0);
  });

  it('the system will not open it', () => {
    const refused = (code: string): string =>
      openFailure('x', Object.assign(new Error(`${code}: of the system`), { code })).message;
    expect(refused('EACCES')).toBe('x: may not be read by this user. Check its permissions');
    expect(refused('EISDIR')).toBe('x: is a folder. Name a file in it');
    expect(refused('EMFILE')).toBe('x: cannot be opened: EMFILE: of the system');
  });

  it('lineBytesMax makes no sense', () => {
    for (const lineBytesMax of [0, -1, 1.5, Number.NaN])
      expect(() => jsonlSource('x', { itemId: 'id', lineBytesMax })).toThrow(RangeError);
  });
});

describe('a fingerprint of a file', () => {
  const signal = new AbortController().signal;
  const fingerprint = (path: string): Promise<string> =>
    jsonlSource(path, { itemId: 'id' }).fingerprint({ signal });

  it('is 64 hex digits that hang on neither name nor time', async () => {
    const path = await tempFile('a.jsonl', '{"id":1}');
    const before = await fingerprint(path);
    await rename(path, `${path}.moved`);
    await writeFile(path, '{"id":1}');
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint(path)).toBe(before);
  });

  it('sees a change at the head, the tail and the places between of a large file, and any change of length', async () => {
    const bytes = Buffer.alloc(12_000_000, 'x');
    const path = await tempFile('large.jsonl', bytes);
    const seen = new Set([await fingerprint(path)]);
    for (const at of [
      0,
      1024 * 1024 - 1,
      1_700_000,
      6_600_000,
      bytes.length - 1024 * 1024,
      bytes.length - 1,
    ]) {
      const changed = Buffer.from(bytes);
      changed.fill('y', at, at + 1);
      await writeFile(path, changed);
      seen.add(await fingerprint(path));
    }
    await writeFile(path, Buffer.concat([bytes, Buffer.from('x')]));
    seen.add(await fingerprint(path));
    expect(seen.size).toBe(8);
  });
});

const textUnit = fc.constantFrom(...AWKWARD, '\u{FEFF}', '\u{FFFD}', '\0', ' ', 'é', '\uD800');
const textOf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.array(textUnit, { maxLength: 3 }).map((parts) => parts.join('')),
);
const rowOf = fc.dictionary(textOf, fc.oneof(textOf, fc.jsonValue({ maxDepth: 2 })), {
  maxKeys: 4,
});
const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n', '\n \r\n');
const chunkBytes = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.constant(4_096));

describe('any JSONL file', () => {
  it('returns its rows, from the start and from every position, in chunks of any size', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(rowOf, lineEnd), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.boolean(),
        chunkBytes,
        async (rows, mark, unfinished, chunk) => {
          const text = rows.map(([row, end]) => JSON.stringify(row) + end).join('');
          const path = `${folder}/rows.jsonl`;
          await writeFile(path, `${mark ? '\u{FEFF}' : ''}${unfinished ? text.trimEnd() : text}`);
          const source = tunedJsonlSource(
            path,
            { itemId: (_, index) => `row-${index}`, numbers: 'rounded' },
            tiny(chunk, 3),
          );
          const { entries } = await readAll(source);
          expect(payloadsOf(entries)).toEqual(
            rows.map(([row]) => JSON.parse(JSON.stringify(row)) as unknown),
          );
          for (const [index, { position }] of entries.entries()) {
            expect((await readAll(source, stored(position))).entries).toEqual(
              entries.slice(index + 1),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('loses no good row to rubbish around it', async () => {
    const folder = await tempFolder();
    const rubbish = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => bytes.map((byte) => (byte === 0x0a ? 0x0b : byte)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(rubbish, { minLength: 1, maxLength: 10 }),
        chunkBytes,
        async (lines, chunk) => {
          const path = `${folder}/rubbish.jsonl`;
          const parts = lines.flatMap((line, index) => [
            Buffer.from(`{"id":"good-${index}"}\n`),
            line,
            Buffer.from('\n'),
          ]);
          await writeFile(path, Buffer.concat(parts));
          const source = tunedJsonlSource(path, { itemId: 'id', lineBytesMax: 30 }, tiny(chunk, 3));
          const { entries } = await readAll(source);
          expect(idsOf(entries).filter((id) => id?.startsWith('good-'))).toEqual(
            lines.map((_, index) => `good-${index}`),
          );
          expect(entries.map((entry) => stored(entry.position))).toEqual(
            (
              await readAll(tunedJsonlSource(path, { itemId: 'id', lineBytesMax: 30 }, tiny(4_096)))
            ).entries.map((entry) => entry.position),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of random bytes is read or refused, never a crash', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        chunkBytes,
        async (bytes, chunk) => {
          const path = `${folder}/random.jsonl`;
          await writeFile(path, bytes);
          const refused = await readAll(tunedJsonlSource(path, { itemId: 'id' }, tiny(chunk))).then(
            () => null,
            (error: unknown) => error,
          );
          if (refused !== null) expect(refused).toBeInstanceOf(SourceError);
        },
      ),
      { numRuns: 150 },
    );
  });
});
