import { firstValueFrom, timer } from 'rxjs';

// A message channel is the one way to the next event loop turn that is neither a timer nor specific
// to Node.
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.addEventListener('message', () => {
  waiting.shift()?.();
  if (waiting.length === 0) channel.port1.unref();
});
channel.port1.start();
// The channel alone keeps no process alive.
channel.port1.unref();

/**
 * Resolves in the next turn of the event loop, after every promise that can settle by itself has
 * settled.
 */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    channel.port1.ref();
    channel.port2.postMessage(null);
  });

/**
 * Resolves after a minimal amount of real time, for callers that wait for a disk or a socket.
 * Polling turn after turn would use the CPU that they need. Nothing is decided by it.
 */
export const laterTurn = (): Promise<void> => firstValueFrom(timer(1)).then(() => undefined);
