import { TransportFailure } from './transport-failure.ts';

/** How long one call may take until its answer begins. */
export interface Deadline {
  /** Aborts the transport when the call is late. */
  readonly signal: AbortSignal;
  /** Aborts what has not been sent by then, such as a call that still waits for a token. */
  readonly lateSignal: AbortSignal;
  /** The other side made progress: the idle time begins anew. */
  touch(): void;
  /** Milliseconds that are left of the whole call. */
  leftMs(): number;
  /** The work's outcome, or a failure once it is late, even where the transport heeds no signal. */
  race<A>(work: (deadline: Deadline) => Promise<A>): Promise<A>;
}

/**
 * A transport that heeds its signal fails within this time, and then says whether anything was
 * sent.
 */
const graceMs = 100;

/** A deadline that runs from now: `idleMs` without progress, or `totalMs` in all, ends the call. */
export const createDeadline = ({
  idleMs,
  totalMs,
}: {
  readonly idleMs: number;
  readonly totalMs: number;
}): Deadline => {
  const startedMs = performance.now();
  const abort = new AbortController();
  const late = new AbortController();
  let touchedMs = startedMs;
  const leftMs = (): number => totalMs - (performance.now() - startedMs);
  const dueMs = (): number =>
    Math.ceil(Math.min(leftMs(), idleMs - (performance.now() - touchedMs)));

  const deadline: Deadline = {
    signal: abort.signal,
    lateSignal: late.signal,
    touch: () => {
      touchedMs = performance.now();
    },
    leftMs,
    race: (work) =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => {
          late.abort();
          reject(new TransportFailure('NO_ANSWER', false, 'no answer in time'));
        };
        const check = (): void => {
          const waitMs = dueMs();
          if (waitMs <= 0) abort.abort();
          timer = waitMs <= 0 ? setTimeout(giveUp, graceMs) : setTimeout(check, waitMs);
        };
        let timer = setTimeout(check, Math.max(0, dueMs()));
        work(deadline)
          .finally(() => {
            clearTimeout(timer);
          })
          .then(resolve, reject);
      }),
  };
  return deadline;
};

/** How long one request may be silent. */
interface Patience {
  readonly requestTimeoutMs: number;
}

/** Minimum transfer rate in bytes per second; slower transfers time out. */
const bytesPerSecondMin = 50_000;
/** Slow lines are borne where the other side sends, and may be slow as well. */
const receivedPerSecondMin = 10_000;
/** Timers of Node go no further than 2^31 ms; a sum of two such times has to fit. */
const timerMsMax = 1_000_000_000;

/** How long one request may be silent, as a job asks for it, within what timers can hold. */
export const requestTimeoutIn = (requestTimeoutMs: number): number =>
  Math.min(timerMsMax, Math.max(1, Math.ceil(requestTimeoutMs)));

/** How long a request with so large a body may take. */
export const transferTimeoutMs = ({ requestTimeoutMs }: Patience, bytes: number): number =>
  Math.min(timerMsMax, requestTimeoutMs + Math.ceil((bytes / bytesPerSecondMin) * 1000));

/** How long a download may have taken once so many bytes came. */
export const downloadTimeoutMs = ({ requestTimeoutMs }: Patience, bytes: number): number =>
  Math.min(2 * timerMsMax, 2 * requestTimeoutMs + Math.ceil((bytes / receivedPerSecondMin) * 1000));
