import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Either } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { createClient, type KeeperClient } from './keeper-client.ts';

/** What the worker is started with. */
export interface WorkerOptions {
  readonly groupCommitMs: number;
}

/** The desk in a thread of its own: the caller's loop does not stall. The thread is begun with the first call, and keeps no process alive. */
export const workerClient = (options: WorkerOptions): KeeperClient => {
  let worker: Worker | null = null;
  return createClient(
    (events) => {
      const begun = beginWorker(options);
      worker = begun;
      let isClosing = false;
      begun.on('message', ([id, answer]: [number, Either<PortError, unknown>]) => events.answer(id, answer));
      begun.on('error', (cause) => events.broken({ type: 'unavailable', message: `the store's thread failed: ${cause.message}`, cause }));
      begun.on('exit', () => {
        if (!isClosing) events.broken({ type: 'unavailable', message: "the store's thread ended", cause: null });
      });
      return {
        send: (ask, transfer) => begun.postMessage(ask, transfer),
        async close() {
          isClosing = true;
          await begun.terminate();
        },
      };
    },
    (isBusy) => (isBusy ? worker?.ref() : worker?.unref()),
  );
};

/** The built package runs `worker.js` as it is; from the sources, the thread first learns to read TypeScript. */
const beginWorker = (workerData: WorkerOptions): Worker => {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);
  if (!isSource) return new Worker(entry, { workerData });
  // Resolved as a require would, and loaded as an import: what it finds beside it are modules.
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  ).href;
  const boot = `import { register } from ${JSON.stringify(tsx)}; register(); await import(${JSON.stringify(entry.href)});`;
  // The flags of a test runner or a loader are not for this thread.
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(boot)}`), { workerData, execArgv: [] });
};
