import { TransportFailure } from './transport-failure.ts';

/** How long a body may take, and how long it may be. */
export interface BodyBounds {
  /** Without a byte. */
  readonly idleMs: number;
  /** In all, once so many bytes came. Time that the reader takes does not count. */
  readonly totalMs: (bytes: number) => number;
  readonly bytesMax: number;
}

/** The body broke off, stalled, or went beyond its bounds; the message says which. */
export class BodyCut extends Error {
  override readonly name = 'BodyCut';
  readonly code: string;
  /** Bytes that came before. */
  readonly bytes: number;
  constructor(code: string, reason: string, bytes: number) {
    super(reason);
    this.code = code;
    this.bytes = bytes;
  }
}

/**
 * The chunks of a body, as they are pulled; throws a `BodyCut` where it does not end as it should.
 * Always frees the connection.
 */
export async function* readChunks(
  body: ReadableStream<Uint8Array> | null,
  bounds: BodyBounds,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  let bytes = 0;
  let waitedMs = 0;
  try {
    for (;;) {
      const startedMs = performance.now();
      const next = await within(reader.read(), { ...bounds, waitedMs, bytes });
      waitedMs += performance.now() - startedMs;
      if (next.done) return;
      bytes += next.value.byteLength;
      if (bytes > bounds.bytesMax)
        throw new BodyCut('BODY_TOO_LONG', `more than ${bounds.bytesMax} bytes`, bytes);
      yield next.value;
    }
  } finally {
    // A transport that hangs may never confirm this.
    reader.cancel().catch(() => undefined);
  }
}

interface Waiting extends BodyBounds {
  readonly waitedMs: number;
  readonly bytes: number;
}

/** The clock runs while we wait for the other side, not while our reader takes its time. */
const within = <A>(read: Promise<A>, { idleMs, totalMs, waitedMs, bytes }: Waiting): Promise<A> => {
  const leftMs = totalMs(bytes) - waitedMs;
  const late =
    leftMs < idleMs
      ? new BodyCut(
          'BODY_SLOW',
          `too slow: ${bytes} bytes in ${Math.round(totalMs(bytes))} ms`,
          bytes,
        )
      : new BodyCut('BODY_SILENT', `nothing came for ${idleMs} ms`, bytes);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(late);
      },
      Math.max(0, Math.min(idleMs, leftMs)),
    );
    read
      .finally(() => {
        clearTimeout(timer);
      })
      .then(resolve, (thrown: unknown) => {
        reject(
          new BodyCut('BODY_CUT', thrown instanceof Error ? thrown.message : String(thrown), bytes),
        );
      });
  });
};

/** The body as text; its failures are those of the transport. */
export const readText = async (
  body: ReadableStream<Uint8Array> | null,
  bounds: BodyBounds,
): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of readChunks(body, bounds))
      text += decoder.decode(chunk, { stream: true });
  } catch (thrown) {
    if (!(thrown instanceof BodyCut)) throw thrown;
    throw new TransportFailure(thrown.code, false, `the answer broke off: ${thrown.message}`);
  }
  return text + decoder.decode();
};
