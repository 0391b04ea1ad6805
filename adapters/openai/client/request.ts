import { createDeadline } from '../../http/deadline.ts';
import { isStillPacked } from '../../http/encoding.ts';
import { readText } from '../../http/read-body.ts';
import { followRedirects } from './redirect.ts';
import type { Request } from '../../http/request-form.ts';
import type { Session } from './session.ts';
import { transferTimeoutMs } from '../../http/times.ts';
import { TransportFailure } from '../../http/transport-failure.ts';

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
  const dateMs = Date.parse(response.headers.get('date') ?? '');
  if (Number.isFinite(dateMs)) session.heard.dateMs = dateMs;
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
