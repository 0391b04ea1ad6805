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
