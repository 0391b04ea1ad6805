import { describe, expect, it } from 'vitest';
import { createRowRenderer, type RenderPorts } from '../../../lib/effects/source/render.ts';
import type { EngineSource } from '../../../lib/effects/ports.ts';

const ports = {
  run: {
    snapshot: {
      config: {
        operation: {
          retry: { raisedOutputTokensMax: null },
          money: { costUsdMax: null, outputTokensMax: null },
        },
      },
    },
  },
  provider: { renderer: () => (customId: string) => ({ line: `${customId}\n` }) },
  tokens: null,
} as unknown as RenderPorts;
const source = { items: { ref: 'rows' }, buildPrompt: () => 'x' } as unknown as EngineSource;

describe('a rendered row', () => {
  it('never has one key of its metadata twice', async () => {
    const render = async (metadata: object) =>
      createRowRenderer(ports, source).render(
        { item: { itemId: 'a', payload: 'x', metadata: metadata as never }, position: 0 },
        0,
        0,
      );
    const taken = await render({ batchor_lineage: 'mine', other: 1 });
    expect(taken.bad).toMatchObject({
      field: 'batchor_lineage',
      reason: expect.stringContaining('rename it') as string,
    });
    const good = await render({ lineage: 'mine' });
    expect([good.bad, JSON.parse(good.itemLine)]).toEqual([
      null,
      {
        item_id: 'a',
        metadata: {
          lineage: 'mine',
          batchor_lineage: expect.objectContaining({ source_ref: 'rows' }) as object,
        },
      },
    ]);
  });
});
