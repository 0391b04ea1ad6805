import { describe, expect, it } from 'vitest';
import type { Effect } from '../../lib/core/model/effect.ts';
import type { EnginePorts } from '../../lib/effects/ports.ts';
import { createPerformer } from '../../lib/effects/performer.ts';
import { createEngineLab, type LabPorts } from '../support/sim/engine-lab.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

describe('two readings of one slice that are asked for at once', () => {
  it('each hold all of its rows', async () => {
    let ports: LabPorts | null = null;
    const lab = await createEngineLab(
      () => jobOf(null, []),
      {},
      (given) => ((ports = given), {}),
    );
    await lab.quiet();
    const { run, provider } = ports as unknown as LabPorts;
    const entries = itemsOf(40).map((item, i) => ({ item, position: i + 1 }));
    const source: EnginePorts['source'] = {
      items: {
        kind: 'items',
        ref: 'rows',
        fingerprint: () => Promise.resolve('f'),
        async *read(from) {
          for (let at = Number(from ?? 0); at < entries.length; at += 3) {
            await Promise.resolve();
            yield entries.slice(at, at + 3);
          }
        },
      },
      buildPrompt: ({ payload }) => payload,
    };
    const perform = createPerformer({
      run,
      provider,
      source,
      tokens: null,
      scheduler: lab.scheduler,
      randomHex: () => '0',
      digest: () => new Uint8Array(16),
    });
    const effect: Effect = { type: 'IngestSlice', checkpoint: null, fromIndex: 0, rowsMax: 20 };
    const { signal } = new AbortController();
    const read = await Promise.all([1, 2, 3].map(() => perform(effect, signal)()));
    for (const asked of read) {
      if (asked._tag === 'Left') throw new Error(JSON.stringify(asked.left));
      const command = await asked.right();
      expect(command).toMatchObject({
        _tag: 'Right',
        right: { type: 'AcceptSlice', slice: { itemIds: itemsOf(20).map(({ itemId }) => itemId) } },
      });
    }
    lab.stop();
  });
});
