import { asyncScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { sendRequest } from '../../../lib/run/control/send-request.ts';
import { memoryStore } from '../../../lib/sim/store/memory-store.ts';
import { createdRun, ok, runId } from '../../contract/run-store-fixture.ts';

describe('a request to a run that another process owns', () => {
  it('is done by the sender when the owner goes away, and is not done again', async () => {
    const store = await ok(memoryStore().open());
    const owner = await createdRun(store);
    const told = sendRequest(
      { store, runId, driver: undefined, scheduler: asyncScheduler },
      { type: 'pause' },
    );
    await expect.poll(async () => (await ok(owner.inbox())).length, { interval: 5 }).toBe(1);
    expect((await ok(store.peek(runId))).snapshot.control.state).toBe('running');
    await owner.close();
    await told;
    const next = await ok(store.own(runId));
    expect(next.snapshot.control).toMatchObject({ state: 'paused', reason: 'manual' });
    expect(await ok(next.inbox())).toEqual([]);
    await next.close();
  });
});
