import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Either } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { createClient, type SessionClient } from './session-client.ts';

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
