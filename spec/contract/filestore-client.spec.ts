import { describe, expect, it } from 'vitest';
import {
  createClient,
  type ConnectionEvents,
} from '../../adapters/filestore/worker/worker-client.ts';

/** A thread that answers on demand. */
const createThread = () => {
  const busy: boolean[] = [];
  const asked: number[] = [];
  let events: ConnectionEvents | null = null;
  let end: (() => void) | null = null;
  const client = createClient(
    (given) => {
      events = given;
      return {
        send: ({ id }) => void asked.push(id),
        close: () => new Promise<void>((resolve) => (end = resolve)),
      };
    },
    (isBusy) => void busy.push(isBusy),
  );
  return {
    client,
    busy,
    asked,
    answer: (id: number) => events?.answer(id, { _tag: 'Right', right: null }),
    end: () => end?.(),
  };
};

describe('the client of the worker thread', () => {
  it('keeps the process alive while calls wait, and no longer', async () => {
    const { client, busy, asked, answer } = createThread();
    const both = Promise.all([
      client.call(1, 'refresh', null)(),
      client.call(1, 'assertOwned', null)(),
    ]);
    expect(busy).toEqual([true]);
    for (const id of asked) answer(id);
    await both;
    expect(busy).toEqual([true, false]);
  });

  it('keeps the thread until it has ended, though the last answer comes meanwhile; later calls are rejected', async () => {
    const { client, busy, asked, answer, end } = createThread();
    const late = client.call(1, 'refresh', null)();
    const closed = client.close();
    for (const id of asked) answer(id);
    await late;
    expect(busy).toEqual([true]);
    expect(await client.call(1, 'refresh', null)()).toMatchObject({
      _tag: 'Left',
      left: { message: 'the store is closed' },
    });
    end();
    await closed;
  });

  it('rejects the calls that wait when the thread ends without an answer', async () => {
    const { client, end } = createThread();
    const never = client.call(1, 'refresh', null)();
    const closed = client.close();
    end();
    await closed;
    expect(await never).toMatchObject({ _tag: 'Left', left: { type: 'unavailable' } });
  });
});
