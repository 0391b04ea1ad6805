import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Bytes of the objects and buffers that are alive. Garbage is collected first, so that neither the
 * machine nor its load decides them: a process's own size says when memory was given back, which is
 * nobody's law.
 */
export const heldBytes = (): number => {
  // Twice: what the first collection finalises goes with the second.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/**
 * Samples what is alive while work goes on: resolves to the work's result and the most that was
 * held beyond what was there before.
 */
export const watchHeldBytes = async <A>(
  work: () => Promise<A>,
): Promise<{ readonly result: A; readonly grownBytes: number }> => {
  const watch = startHeldWatch();
  try {
    return { result: await work(), grownBytes: watch.grownBytes() };
  } finally {
    watch.stop();
  }
};

export interface HeldWatch {
  /** The most that was held since the beginning, beyond what was there before; takes a sample. */
  grownBytes(): number;
  stop(): void;
}

/** Samples cost time: so much more of it is left to the work. */
const restPerSample = 10;

export const startHeldWatch = (): HeldWatch => {
  const beforeBytes = heldBytes();
  let peakBytes = beforeBytes;
  const sample = (): void => void (peakBytes = Math.max(peakBytes, heldBytes()));
  const sampleLater = (afterMs: number): NodeJS.Timeout =>
    setTimeout(() => {
      const beganMs = performance.now();
      sample();
      timer = sampleLater(restPerSample * (performance.now() - beganMs));
    }, afterMs);
  let timer = sampleLater(0);
  return {
    grownBytes: () => {
      sample();
      return peakBytes - beforeBytes;
    },
    stop: () => clearTimeout(timer),
  };
};
