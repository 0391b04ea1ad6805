import { firstValueFrom, timer } from 'rxjs';

// A message of our own is the one way to the next turn of the event loop that is neither a timer nor Node's alone.
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.addEventListener('message', () => {
  waiting.shift()?.();
  if (waiting.length === 0) channel.port1.unref();
});
channel.port1.start();
// Nobody waits: the channel alone keeps no process alive.
channel.port1.unref();

/** Resolves in the next turn of the event loop: every promise that could settle by itself has settled by then. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    channel.port1.ref();
    channel.port2.postMessage(null);
  });

/**
 * Resolves once real time has passed, as little as possible: for callers that wait for a disk or a socket. Taking turn after turn until they answer
 * would take the CPU that they need. Nothing is decided by it.
 */
export const laterTurn = (): Promise<void> => firstValueFrom(timer(1)).then(() => undefined);
