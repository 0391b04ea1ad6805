import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOpenAIWire } from '../../../adapters/openai/answers/wire.ts';
import { customIdsOf, indexesOf } from '../../../lib/core/internal.ts';
import { indexSetOf } from '../../../lib/core/values/index-set.ts';
import { createCensus } from '../../../lib/effects/poll/file-census.ts';

const wire = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
const customIds = customIdsOf({ customIds: { nonce: 'k3x9a2bq', isStamped: false } });
const answer = (id: string): string =>
  JSON.stringify({
    id: 'b',
    custom_id: id,
    response: {
      status_code: 200,
      request_id: 'r',
      body: { object: 'response', status: 'completed', output: [] },
    },
    error: null,
  });
const countOf = (
  sent: readonly number[],
  text: string | Uint8Array,
  cuts: readonly number[] = [],
) => {
  const census = createCensus(wire, customIds, indexSetOf(sent));
  const file = census.file('f');
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  let from = 0;
  for (const cut of [
    ...cuts.map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ]) {
    if (cut > from) file.add(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
  const { fileId: _, begins, ...found } = file.end();
  return { found, begins, rows: census.rows(), spoilt: census.spoilt() };
};

describe('the census of a file', () => {
  it('counts every line once, wherever chunks are cut, and each row of the batch once', () => {
    const kinds = fc.constantFrom('own', 'other batch', 'other run', 'spoilt', 'no JSON', 'blank');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(200), { minLength: 1 }),
        fc.array(fc.tuple(kinds, fc.nat(200))),
        fc.array(fc.nat()),
        (rows, lines, cuts) => {
          const sent = rows.toSorted((a, b) => a - b);
          const own = (pick: number): number => sent[pick % sent.length] ?? 0;
          const texts = lines.map(([kind, pick]) => {
            if (kind === 'own') return answer(customIds.of(own(pick)));
            if (kind === 'other batch') return answer(customIds.of(201 + pick));
            if (kind === 'other run') return answer(`r0another-${own(pick)}`);
            if (kind === 'spoilt') return answer(customIds.of(own(pick))).slice(0, 60);
            return kind === 'no JSON' ? '<p>' : '';
          });
          const of = (kind: string): readonly number[] =>
            lines.flatMap(([each, pick]) => (each === kind ? [own(pick)] : []));
          const answered = new Set(of('own'));
          const {
            found,
            rows: counted,
            spoilt,
          } = countOf(sent, texts.map((text) => `${text}\n`).join(''), cuts);
          expect(found).toEqual({
            lines: lines.length - of('blank').length,
            malformed: of('spoilt').length + of('no JSON').length,
            unknown: of('other batch').length + of('other run').length,
            isCut: false,
          });
          expect(counted).toBe(answered.size);
          expect(spoilt).toBe(new Set(of('spoilt').filter((row) => !answered.has(row))).size);
        },
      ),
    );
  });

  it('sees that the last line is cut, and takes one that only lacks its newline', () => {
    const [whole, last] = [answer(customIds.of(0)), answer(customIds.of(1))];
    expect(countOf([0, 1], `${whole}\n${last}`)).toMatchObject({
      found: { lines: 2, malformed: 0, isCut: false },
      rows: 2,
    });
    expect(countOf([0, 1], `${whole}\n${last.slice(0, -9)}`)).toMatchObject({
      found: { malformed: 1, isCut: true },
      rows: 1,
      spoilt: 0,
    });
  });

  it('shows the first bytes without control characters', () => {
    expect(countOf([0], Buffer.from('\u001b[31m<html>\n\tä', 'utf8')).begins).toBe(
      '.[31m<html>....',
    );
    expect(countOf([0], 'x'.repeat(500)).begins).toHaveLength(40);
  });

  it('knows the rows of a batch that are scattered', () => {
    const sent = Array.from({ length: 5_000 }, (_, i) => i * 3);
    expect([...indexesOf(indexSetOf(sent))]).toEqual(sent);
    const text = sent
      .toReversed()
      .map((row) => answer(customIds.of(row)))
      .join('\n');
    expect(countOf(sent, `${text}\n${answer(customIds.of(1))}\n`)).toMatchObject({
      found: { unknown: 1 },
      rows: 5_000,
    });
  });
});
