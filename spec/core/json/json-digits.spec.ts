import { describe, expect, it } from 'vitest';
import { lossyNumberIn } from '../../../lib/core/json/json-digits.ts';

describe('a number that JavaScript cannot hold', () => {
  it('is found outside of strings, and nowhere else', () => {
    expect(lossyNumberIn('{"seed":9007199254740993}')).toBe('9007199254740993');
    expect(lossyNumberIn('{"a":[1,{"b":-12345678901234567890}]}')).toBe('-12345678901234567890');
    expect(lossyNumberIn('{"t":1e400}')).toBe('1e400');
    for (const text of [
      '{"seed":9007199254740991}',
      '{"a":"9007199254740993"}',
      '{"a":"\\"9007199254740993"}',
      '{"t":0.1234567890123456789}',
      '{"t":1e3}',
    ])
      expect(lossyNumberIn(text)).toBe(null);
  });
});
