import { hear } from '../../http/retry-after.ts';
import * as E from 'fp-ts/lib/Either.js';
import { createDeadline, transferTimeoutMs } from '../../http/deadline.ts';
import { isStillPacked } from '../../http/encoding.ts';
import { readText } from '../../http/read-body.ts';
import { followRedirects } from './redirect.ts';
import type { Request } from '../../http/request-form.ts';
import type { Session, OpenSession } from './session.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import { classify, type Call } from './classify.ts';
import { scrubError } from '../../http/scrub.ts';

/** An answer whose body is still to be read, in the time that is left. */
export interface Opened {
  readonly response: Response;
  readonly leftMs: number;
}

/** What the service may have to do with the last of an upload before it answers. */
const uploadTailBytes = 16_777_216;
/** Bytes of an answer in JSON: many times what the largest page of batches takes. */
const jsonBytesMax = 67_108_864;

/**
 * Sends the request and waits for its answer to begin; a status of error is thrown, as the SDK
 * throws it.
 */
export const open = async (session: Session, request: Request): Promise<Opened> => {
  const { requestTimeoutMs } = session;
  const bytes = request.bytes ?? 0;
  const deadline = createDeadline({
    idleMs: transferTimeoutMs(session, Math.min(bytes, uploadTailBytes)),
    totalMs: requestTimeoutMs + transferTimeoutMs(session, bytes),
  });
  const response = await deadline.race(() => followRedirects(session, request, deadline));
  hear(session.heard, response.headers);
  const encoding = response.headers.get('content-encoding');
  if (!isStillPacked(encoding)) return { response, leftMs: deadline.leftMs() };
  response.body?.cancel().catch(() => undefined);
  const reason = `the answer is packed as "${encoding}" (content-encoding), which is not known here`;
  throw new TransportFailure('ENCODING_UNKNOWN', false, reason);
};

/**
 * The answer as JSON; as text where it is none and does not say that it is; undefined where there
 * is no body.
 */
export const requestJson = async (session: Session, request: Request): Promise<unknown> => {
  const { response, leftMs } = await open(session, request);
  const totalMs = Math.max(leftMs, session.requestTimeoutMs);
  const text = await readText(response.body, {
    idleMs: session.requestTimeoutMs,
    totalMs: () => totalMs,
    bytesMax: jsonBytesMax,
  });
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (!/\bjson\b/iu.test(response.headers.get('content-type') ?? '')) return text;
    throw new TransportFailure('BODY_NO_JSON', false, 'the answer is not whole JSON');
  }
};

/** Opens the session, asks, and says what a failure means. Nothing is thrown. */
export const ask =
  <A>(open: OpenSession, call: Call, request: (session: Session) => Promise<A>): Port<A> =>
  async () => {
    try {
      const opened = await open();
      if (opened.type === 'closed') return E.left(opened.error);
      const { session } = opened;
      return await request(session).then(
        (answer) => E.right(answer),
        (thrown: unknown) =>
          E.left(scrubError(classify(thrown, { ...call, where: session.where }), session.scrub)),
      );
    } catch (thrown) {
      // The SDK could not be loaded or would not make a client: nothing was sent.
      const message = `the openai package could not be used: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      return E.left({ type: 'refused', message, statusCode: null, requestId: null });
    }
  };
