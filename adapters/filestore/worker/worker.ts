import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Ask } from './calls.ts';
import { createDesk } from './desk.ts';
import { nodeDisk } from '../disk/disk.ts';
import type { WorkerOptions } from './worker-client.ts';

/** The entry of the keeping thread: receives asks, answers them in turns. */

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');

/** Buffers that an answer owns alone: handed over instead of copied. */
const buffersOf = (value: unknown, depth = 0): readonly ArrayBuffer[] => {
  if (ArrayBuffer.isView(value))
    return value.byteLength > 1_024 && value.byteLength === value.buffer.byteLength ? [value.buffer as ArrayBuffer] : [];
  // Columns lie at most two objects deep; rows and ids in arrays hold none.
  if (depth > 2 || typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap((inner) => buffersOf(inner, depth + 1));
};

const { groupCommitMs } = workerData as WorkerOptions;
const desk = createDesk(nodeDisk, groupCommitMs, (id, answer) => {
  port.postMessage([id, cloneable(answer)], buffersOf(answer));
});

/** An error of the system crosses as its message; what hangs on it may not be cloneable. */
function cloneable(answer: unknown): unknown {
  const failed = answer as { readonly _tag?: string; readonly left?: { readonly cause?: unknown } };
  if (failed._tag !== 'Left' || failed.left?.cause === undefined) return answer;
  const { cause } = failed.left;
  return { _tag: 'Left', left: { ...failed.left, cause: cause instanceof Error ? cause.message : null } };
}

port.on('message', (first: Ask) => {
  const asks = [first];
  // Everything that came while the last turn synced goes into this one.
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) asks.push(next.message as Ask);
  desk.receive(asks);
});
