import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foreignCustomIds } from '../../../lib/core/internal.ts';

/** As other writers of JSON have it: every letter beyond ASCII, and the slash, escaped. */
const escaped = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('/', '\\/')
    .replaceAll(
      /[\u007f-\uffff]/gu,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

describe('the custom_ids of a batch that was created elsewhere', () => {
  it('name their rows, however a service escapes them, and nothing else does', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.nat(1e6),
        (names, first) => {
          const ids = foreignCustomIds(names, first);
          names.forEach((name, nameIndex) => {
            const line = `{"id": "x", "custom_id" : ${escaped(name)}, "response": {"body": ${JSON.stringify(`"custom_id":"${names[0] ?? ''}"`)}}}`;
            expect([ids.of(first + nameIndex), ids.indexOf(name), ids.indexIn(line)]).toEqual([
              name,
              first + nameIndex,
              first + nameIndex,
            ]);
            expect(names.map((_, other) => ids.isNamedIn(line, first + other))).toEqual(
              names.map((_, other) => other === nameIndex),
            );
            // A line that was cut behind its name still names its row.
            expect(ids.indexIn(line.slice(0, line.indexOf('response')))).toBe(first + nameIndex);
          });
          expect([
            ids.indexOf(`${names.join('')}~`),
            ids.indexOf(7),
            ids.indexIn('{"custom_id": 7}'),
          ]).toEqual([null, null, null]);
        },
      ),
    );
  });
});
