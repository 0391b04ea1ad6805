import { type Either, left } from 'fp-ts/lib/Either.js';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type { Ask, CallName, Input, Output } from './calls.ts';
import { createDesk } from './desk.ts';
import type { Disk } from '../disk/disk.ts';

/** Speaks with the keeping thread. */
export interface KeeperClient {
  /** A handle for a run that is about to be opened. */
  newRun(): number;
  /** The buffers of `transfer` are handed over: the caller may not look at them again. */
  call<N extends CallName>(run: number, name: N, input: Input<N>, transfer?: readonly ArrayBuffer[]): Port<Output<N>>;
  /** True after: the thread is gone. */
  close(): Promise<void>;
}

/** How a client's asks reach a desk. */
export interface Line {
  send(ask: Ask, transfer: readonly ArrayBuffer[]): void;
  close(): Promise<void>;
}
/** What the other end does: answers, or breaks down for good. */
export interface LineEvents {
  answer(id: number, answer: Either<PortError, unknown>): void;
  broken(error: PortError): void;
}

/** @param onBusy is told whether calls are waiting: a process stays alive only for those */
export const createClient = (connect: (events: LineEvents) => Line, onBusy: (isBusy: boolean) => void = () => undefined): KeeperClient => {
  const waiting = new Map<number, (answer: Either<PortError, unknown>) => void>();
  let lastId = 0;
  let lastRun = 0;
  let fault: PortError | null = null;
  /** An answer that comes while the thread is being ended must not let go of it: whoever waits for the end would wait for ever. */
  let isClosing = false;
  let line: Line | null = null;

  const settle = (id: number, answer: Either<PortError, unknown>): void => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
    if (waiting.size === 0 && !isClosing) onBusy(false);
  };
  const events: LineEvents = {
    answer: settle,
    broken(error) {
      fault = error;
      for (const id of [...waiting.keys()]) settle(id, left(error));
    },
  };

  return {
    newRun() {
      lastRun += 1;
      return lastRun;
    },
    call:
      <N extends CallName>(run: number, name: N, input: Input<N>, transfer: readonly ArrayBuffer[] = []): Port<Output<N>> =>
      () =>
        new Promise((resolve) => {
          if (fault !== null) return resolve(left(fault));
          lastId += 1;
          waiting.set(lastId, (answer) => resolve(answer as Either<PortError, Output<N>>));
          if (waiting.size === 1) onBusy(true);
          // Begun with the first call: a store that only lists runs needs no thread.
          line ??= connect(events);
          line.send({ id: lastId, run, name, input } as Ask, transfer);
        }),
    async close() {
      isClosing = true;
      fault ??= { type: 'unavailable', message: 'the store is closed', cause: null };
      await line?.close();
      events.broken(fault);
    },
  };
};

/** The desk in this very thread: fsync and checkpoints stall whoever runs in it. */
export const localClient = (disk: Disk, groupCommitMs: number): KeeperClient =>
  createClient((events) => {
    const desk = createDesk(disk, groupCommitMs, (id, answer) => events.answer(id, answer));
    let waiting: Ask[] = [];
    return {
      send(ask) {
        waiting.push(ask);
        if (waiting.length > 1) return;
        // What was asked in one turn is received together, as it would be by a thread.
        setImmediate(() => {
          const asks = waiting;
          waiting = [];
          desk.receive(asks);
        });
      },
      close: () => Promise.resolve(),
    };
  });
