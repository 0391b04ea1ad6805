import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromStorable, storable } from '../../../lib/core/json/storable-text.ts';

const anyText = fc
  .array(
    fc.oneof(fc.constantFrom('\0', '\\', '\\u0000', '\ud800', '\udc00', '😀', 'a'), fc.string()),
  )
  .map((parts) => parts.join(''));

describe('a text made fit for a database', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(fromStorable(storable(text))).toBe(text);
      }),
    );
  });

  it('holds neither NUL nor half a surrogate pair, and is another text for every text', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        expect(storable(one)).not.toContain('\0');
        expect(Buffer.from(storable(one)).toString()).toBe(storable(one));
        expect(storable(one) === storable(other)).toBe(one === other);
      }),
    );
  });

  it('is the text itself where nothing is wrong with it', () => {
    for (const text of ['', 'item-1', 'żółć 😀', "'; drop table items; --"])
      expect(storable(text)).toBe(text);
  });
});
