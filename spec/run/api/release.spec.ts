import { asyncScheduler } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { OwnedRun, RunStore, Storage } from '../../../lib/ports/run-store.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { sendRequest } from '../../../lib/run/control/send-request.ts';
import { createFakeProvider, fakeConnection, memoryStore } from '../../../lib/sim/index.ts';
import { createdRun, ok, runId } from '../../contract/run-store-fixture.ts';
import { codeOf } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

describe('a run that was taken for a commit which fails', () => {
  const connection = fakeConnection(createFakeProvider({ nowMs: () => Date.now() }));
  let isDown = false;
  let store: RunStore;
  let storage: Storage<'local'>;
  const unsteady = (run: OwnedRun): OwnedRun => {
    const commit: OwnedRun['commit'] = (version, events) =>
      isDown
        ? TE.left({ type: 'unavailable', message: 'down', cause: null })
        : run.commit(version, events);
    return Object.create(run, { commit: { value: commit } }) as OwnedRun;
  };
  beforeEach(async () => {
    const memory = await ok(memoryStore().open());
    store = {
      ...memory,
      own: (id) => TE.Monad.map(memory.own(id), unsteady),
      create: (id, description) => TE.Monad.map(memory.create(id, description), unsteady),
    };
    storage = { scope: 'local', describe: 'unsteady store', open: () => TE.right(store) };
  });
  afterEach(() => {
    isDown = false;
  });

  it('is released by a process that only wanted to send it a request', async () => {
    await (await createdRun(store)).close();
    isDown = true;
    const wish = { type: 'pause' } as const;
    expect(
      await codeOf(
        sendRequest({ store, runId, driver: undefined, scheduler: asyncScheduler }, wish),
      ),
    ).toBe('store_unavailable');
    isDown = false;
    expect((await ok(store.peek(runId))).owner).toBeNull();
    await (await ok(store.own(runId))).close();
  });

  it('is released by a process that only wanted to create it', async () => {
    const runner = new BatchRunner({ storage, providers: [connection], autorun: false });
    isDown = true;
    expect(await codeOf(runner.start(jobOf(connection, itemsOf(1)), { runId }))).toBe(
      'store_unavailable',
    );
    isDown = false;
    await runner.start(jobOf(connection, itemsOf(1)), { runId });
    await runner.close();
  });
});

describe('a command that was read at the moment at which the run was released', () => {
  it('is there for the process that drives the run next', async () => {
    const connection = fakeConnection(createFakeProvider({ nowMs: () => Date.now() }));
    const memory = await ok(memoryStore().open());
    let goOn = (): void => undefined;
    let wasRead = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const read = new Promise<void>((resolve) => (wasRead = resolve));
    const slow = (run: OwnedRun): OwnedRun => {
      const inbox: OwnedRun['inbox'] = () => async () => {
        const commands = await run.inbox()();
        if (commands._tag === 'Left' || commands.right.length === 0) return commands;
        wasRead();
        await gate;
        return commands;
      };
      return Object.create(run, { inbox: { value: inbox } }) as OwnedRun;
    };
    const store: RunStore = {
      ...memory,
      create: (id, description) => TE.Monad.map(memory.create(id, description), slow),
    };
    const storage: Storage<'local'> = {
      scope: 'local',
      describe: 'slow store',
      open: () => TE.right(store),
    };
    const runner = new BatchRunner({ storage, providers: [connection], inboxIntervalMs: 10 });
    await runner.start(jobOf(connection, itemsOf(2)), { runId });
    await ok(store.send(runId, { type: 'cancel', options: {} }));
    await read;
    await runner.close();
    goOn();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const next = await ok(memory.own(runId));
    expect((await ok(next.inbox())).map(({ type }) => type)).toEqual(['cancel']);
    await next.close();
  });
});
