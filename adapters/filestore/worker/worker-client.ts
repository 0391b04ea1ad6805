import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Either, left } from 'fp-ts/lib/Either.js';
import type { PortError, Port } from '../../../lib/ports/port-error.ts';
import type { CallMessage, CallName, Input, Output } from './worker-calls.ts';
import { createDispatcher } from './dispatcher.ts';
import type { Disk } from '../disk/disk.ts';

/** Start options of the worker thread. */
export interface WorkerOptions {
  readonly groupCommitMs: number;
}

/**
 * Runs the dispatcher in a thread of its own, so that it does not block the caller. The first call
 * starts the thread. An idle thread keeps no process alive.
 */
export const workerClient = (options: WorkerOptions): SessionClient => {
  let worker: Worker | null = null;
  return createClient(
    (events) => {
      const begun = beginWorker(options);
      worker = begun;
      let isClosing = false;
      begun.on('message', ([id, answer]: [number, Either<PortError, unknown>]) =>
        events.answer(id, answer),
      );
      begun.on('error', (cause) =>
        events.broken({
          type: 'unavailable',
          message: `the store's thread failed: ${cause.message}`,
          cause,
        }),
      );
      begun.on('exit', () => {
        if (!isClosing)
          events.broken({ type: 'unavailable', message: "the store's thread ended", cause: null });
      });
      return {
        send: (message, transfer) => begun.postMessage(message, transfer),
        async close() {
          isClosing = true;
          await begun.terminate();
        },
      };
    },
    (isBusy) => (isBusy ? worker?.ref() : worker?.unref()),
  );
};

/**
 * The built package runs `worker.js`. From the sources, the thread first registers a TypeScript
 * loader.
 */
const beginWorker = (workerData: WorkerOptions): Worker => {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);
  if (!isSource) return new Worker(entry, { workerData });
  // Resolved like a `require`, but loaded as an ES module.
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  ).href;
  const boot = `import { register } from ${JSON.stringify(tsx)}; register(); await import(${JSON.stringify(entry.href)});`;
  // Flags of a test runner or loader would break this thread.
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(boot)}`), {
    workerData,
    execArgv: [],
  });
};

/** Calls the worker thread. */
export interface SessionClient {
  /** A number for a run that is about to be opened. */
  newRun(): number;
  /** The buffers in `transfer` move to the worker: the caller may not read them again. */
  call<N extends CallName>(
    run: number,
    name: N,
    input: Input<N>,
    transfer?: readonly ArrayBuffer[],
  ): Port<Output<N>>;
  /** Resolves once the thread has ended. */
  close(): Promise<void>;
}

/** Carries messages to a dispatcher. */
export interface Connection {
  send(message: CallMessage, transfer: readonly ArrayBuffer[]): void;
  close(): Promise<void>;
}
/** What the other end reports: an answer, or a permanent failure. */
export interface ConnectionEvents {
  answer(id: number, answer: Either<PortError, unknown>): void;
  broken(error: PortError): void;
}

/** @param onBusy is called with true while calls wait, so that only those keep the process alive */
export const createClient = (
  connect: (events: ConnectionEvents) => Connection,
  onBusy: (isBusy: boolean) => void = () => undefined,
): SessionClient => {
  const waiting = new Map<number, (answer: Either<PortError, unknown>) => void>();
  let lastId = 0;
  let lastRun = 0;
  let fault: PortError | null = null;
  /** While the thread ends, an answer must not release it: `close` would wait for ever. */
  let isClosing = false;
  let connection: Connection | null = null;

  const settle = (id: number, answer: Either<PortError, unknown>): void => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
    if (waiting.size === 0 && !isClosing) onBusy(false);
  };
  const events: ConnectionEvents = {
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
      <N extends CallName>(
        run: number,
        name: N,
        input: Input<N>,
        transfer: readonly ArrayBuffer[] = [],
      ): Port<Output<N>> =>
      () =>
        new Promise((resolve) => {
          if (fault !== null) return resolve(left(fault));
          lastId += 1;
          waiting.set(lastId, (answer) => resolve(answer as Either<PortError, Output<N>>));
          if (waiting.size === 1) onBusy(true);
          // The first call starts the thread: a store that only lists runs needs none.
          connection ??= connect(events);
          connection.send({ id: lastId, run, name, input } as CallMessage, transfer);
        }),
    async close() {
      isClosing = true;
      fault ??= { type: 'unavailable', message: 'the store is closed', cause: null };
      await connection?.close();
      events.broken(fault);
    },
  };
};

/** Runs the dispatcher in the caller's thread: fsync and checkpoints block it. */
export const localClient = (disk: Disk, groupCommitMs: number): SessionClient =>
  createClient((events) => {
    const dispatcher = createDispatcher(disk, groupCommitMs, (id, answer) =>
      events.answer(id, answer),
    );
    let waiting: CallMessage[] = [];
    return {
      send(message) {
        waiting.push(message);
        if (waiting.length > 1) return;
        // Delivers all calls of one turn together, as a thread would.
        setImmediate(() => {
          const messages = waiting;
          waiting = [];
          dispatcher.receive(messages);
        });
      },
      close: () => Promise.resolve(),
    };
  });
