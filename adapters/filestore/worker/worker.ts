import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { CallMessage } from './worker-calls.ts';
import { createDispatcher } from './dispatcher.ts';
import { nodeDisk } from '../disk/disk.ts';
import type { WorkerOptions } from './worker-client.ts';

/** The entry of the worker thread: receives calls and answers them in turns. */

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');

/** Buffers that only this answer uses: they are transferred, not copied. */
const buffersOf = (value: unknown, depth = 0): readonly ArrayBuffer[] => {
  if (ArrayBuffer.isView(value))
    return value.byteLength > 1_024 && value.byteLength === value.buffer.byteLength
      ? [value.buffer as ArrayBuffer]
      : [];
  // Columns are at most two objects deep; arrays of rows and ids hold none.
  if (depth > 2 || typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap((inner) => buffersOf(inner, depth + 1));
};

const { groupCommitMs } = workerData as WorkerOptions;
const dispatcher = createDispatcher(nodeDisk, groupCommitMs, (id, answer) => {
  port.postMessage([id, cloneable(answer)], buffersOf(answer));
});

/** System errors cross as their message, since their other properties may not be cloneable. */
function cloneable(answer: unknown): unknown {
  const failed = answer as { readonly _tag?: string; readonly left?: { readonly cause?: unknown } };
  if (failed._tag !== 'Left' || failed.left?.cause === undefined) return answer;
  const { cause } = failed.left;
  return {
    _tag: 'Left',
    left: { ...failed.left, cause: cause instanceof Error ? cause.message : null },
  };
}

port.on('message', (first: CallMessage) => {
  const messages = [first];
  // Calls that arrived during the last fsync join this turn.
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    messages.push(next.message as CallMessage);
  dispatcher.receive(messages);
});
