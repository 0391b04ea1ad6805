import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  memberText,
  membersIn,
  onOneLine,
  withMembers,
} from '../../../lib/core/json/json-members.ts';

/** JSON with white space between its tokens. */
const spaced = (value: unknown, blank: string): string => {
  const pad = (text: string): string => `${blank}${text}${blank}`;
  if (Array.isArray(value)) return `[${value.map((each) => pad(spaced(each, blank))).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, inner]) => `${pad(JSON.stringify(name))}:${pad(spaced(inner, blank))}`,
  );
  return `{${members.join(',')}}`;
};

const names = fc.oneof(fc.constantFrom('custom_id', 'body', '"', '\\', '{', ']', ''), fc.string());
const objects = fc.dictionary(names, fc.jsonValue());
const blanks = fc.constantFrom('', ' ', '\n', '\t \r\n');

describe('the members of a JSON text', () => {
  it('are those of the object, each with the text of its value', () => {
    fc.assert(
      fc.property(objects, blanks, (object, blank) => {
        const text = `${blank}${spaced(object, blank)}${blank}`;
        const parsed = JSON.parse(text) as Record<string, unknown>;
        expect(membersIn(text).map(({ name }) => name)).toEqual(Object.keys(parsed));
        for (const [name, value] of Object.entries(parsed))
          expect(JSON.parse(memberText(text, name) ?? '')).toEqual(value);
        expect(memberText(text, 'a name that is not there')).toBeNull();
      }),
    );
  });

  it('are replaced, left out and added, while others stay letter by letter', () => {
    fc.assert(
      fc.property(objects, blanks, names, fc.jsonValue(), (object, blank, name, value) => {
        const text = spaced(object, blank);
        const before = JSON.parse(text) as Record<string, unknown>;
        const changed = withMembers(text, new Map([[name, JSON.stringify(value)]]));
        expect(JSON.parse(changed)).toEqual({
          ...before,
          ...(JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as object),
        });
        for (const other of Object.keys(before).filter((each) => each !== name))
          expect(memberText(changed, other)).toBe(memberText(text, other));
        const without = withMembers(text, new Map([[name, null]]));
        expect(Object.keys(JSON.parse(without) as object)).toEqual(
          Object.keys(before).filter((each) => each !== name),
        );
        expect(JSON.parse(onOneLine(text))).toEqual(before);
        expect(onOneLine(text)).not.toMatch(/[\r\n]/u);
      }),
    );
  });

  it('of one name that stands twice are all replaced, and the last one counts', () => {
    const text = '{"a":1.0,"b":[{"a":"}"}],"a":2.50}';
    expect(memberText(text, 'a')).toBe('2.50');
    expect(withMembers(text, new Map([['a', '3']]))).toBe('{"a":3,"b":[{"a":"}"}],"a":3}');
    expect(withMembers(text, new Map([['a', null]]))).toBe('{"b":[{"a":"}"}]}');
    expect(withMembers('{ }', new Map([['a', '1']]))).toBe('{"a":1}');
    expect(withMembers(text, new Map())).toBe(text);
  });
});
