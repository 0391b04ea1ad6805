import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segment } from '../../../adapters/http/path-segment.ts';

const pathOf = (id: string): string =>
  new URL(`https://service.example/v1/batches/${segment(id)}/cancel`).pathname;

describe('An id in a path', () => {
  it.each(['.', '..', '../files', 'a/b', 'a?b', 'a#b', '%2e%2e', 'batch_1.b'])(
    '%j is one segment, and leads nowhere else',
    (id) => {
      expect(pathOf(id)).toMatch(/^\/v1\/batches\/[^/]+\/cancel$/u);
    },
  );

  it('is one segment whatever a service calls its batches', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (id) => {
        const parts = pathOf(id).split('/');
        expect(parts).toHaveLength(5);
        if (!/^\.{1,2}$/u.test(id)) expect(decodeURIComponent(parts[3] ?? '')).toBe(id);
      }),
    );
  });
});
