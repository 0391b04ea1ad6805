import { describe, expect, it } from 'vitest';
import { findsBy, waysOfProgram, whatHelps } from '../../../lib/run/drive/what-helps.ts';

describe('how the batch of an unconfirmed create is found', () => {
  it('follows what the service keeps of its key', () => {
    expect(findsBy('metadata')).toContain('batchor_batch_key');
    expect(findsBy('display_name')).toContain('its name');
    for (const correlates of ['answers', 'none'] as const)
      expect(findsBy(correlates)).toMatch(/creation time .* number of requests/u);
  });

  it('names each way where the service is not known', () => {
    const hint = whatHelps('batch_unresolved', waysOfProgram);
    for (const way of ['batchor_batch_key', 'its name', 'creation time'])
      expect(hint).toContain(way);
  });
});
