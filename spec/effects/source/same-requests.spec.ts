import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { EnginePorts } from '../../../lib/effects/ports.ts';
import type { RowQuery } from '../../../lib/ports/row-query.ts';
import { pageOfLines } from '../../support/sim/row-columns.ts';
import { createSameRequests } from '../../../lib/effects/source/same-requests.ts';

const line = (index: number, asked: string): string =>
  `{"custom_id":"row-${index}","body":${JSON.stringify(asked)}}\n`;

/** A run whose accepted rows have these lines. */
const runOf = (lines: readonly string[]) =>
  ({
    digest: (text: string) => createHash('sha256').update(text).digest(),
    run: {
      snapshot: { config: {} },
      artifacts: {
        readSpans: (_: string, spans: readonly { readonly offset: number }[]) =>
          TE.right(spans.map(({ offset }) => new TextEncoder().encode(lines[offset]))),
      },
      rows: ({ select, limit }: RowQuery) => {
        const from = 'fromIndex' in select ? select.fromIndex : lines.length;
        return TE.right(
          pageOfLines(
            from,
            lines.slice(from, from + limit).map((_, i) => {
              const span = { object: 'requests', offset: from + i, length: 1 };
              return { request: span, item: span, sameAs: null };
            }),
          ),
        );
      },
    },
  }) as unknown as EnginePorts;

describe('rows that asked the same', () => {
  it('are those that were accepted, not those that were offered and then changed', async () => {
    const lines: string[] = [];
    const same = createSameRequests(runOf(lines));
    const { signal } = new AbortController();
    const share = (index: number, asked: string) =>
      same.share(index, [same.digestOf(line(index, asked), index)]);
    expect(await same.learn(0, signal)).toBeNull();
    expect(share(0, 'a')).toBeNull();
    // It was refused, and for a while each row was sent.
    same.forget();
    lines.push(line(0, 'b'));
    expect(await same.learn(1, signal)).toBeNull();
    expect(share(1, 'a')).toBeNull();
    lines.push(line(1, 'a'));
    expect(await same.learn(2, signal)).toBeNull();
    expect([share(2, 'b'), share(2, 'a')].map((found) => found?.[0])).toEqual([1, 2]);
  });
});
