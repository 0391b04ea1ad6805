import { isJsonObject } from '../../../lib/core/json/json.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { joinLines } from '../../http/joined-lines.ts';
import { statusIn } from '../../openai/client/api-error.ts';
import { CallFailure } from '../../openai/client/classify.ts';
import { ask, requestJson } from '../../openai/client/request.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { segment } from '../../http/path-segment.ts';
import type { OpenSession, Session } from '../../openai/client/session.ts';
import { type Container, nameOf, readContainer } from './batch.ts';
import { statusOf } from './status.ts';

/**
 * Makes the empty batch. It costs nothing, and one that is made twice costs nothing either: an
 * upload may be tried again.
 */
export const makeEmpty =
  (open: OpenSession): BatchProvider['upload'] =>
  ({ batchKey, createAttempt }) =>
    ask(open, { what: 'make a batch', isPaid: false, isAboutOne: false }, async (session) => {
      const body = { name: nameOf(batchKey, createAttempt) };
      const answer = await requestJson(session, {
        method: 'post',
        path: '/batches',
        body: () => body,
      });
      const made = readContainer(answer, session.scrub);
      if (made === null)
        throw refusal(
          `${session.where} answered with something that is not a batch; check the base URL`,
        );
      if (made.name !== body.name || made.counts.requests > 0)
        throw refusal(
          `${session.where} answered with another batch (${made.id}), which is not empty or not ours`,
        );
      return { inputFileId: made.id, expiresAtMs: null };
    });

/** Adds the requests with one POST, never repeated: here, in the client or in the transport. */
export const addRequests =
  (open: OpenSession): BatchProvider['create'] =>
  ({ batchKey, inputFileId, bytes, lines }) =>
    ask(
      open,
      { what: 'add the requests', isPaid: true, isAboutOne: true, isAboutInput: true },
      async (session) => {
        if (inputFileId === null)
          throw refusal(`${session.where} adds requests to a batch, and this create names none`);
        const body = joinLines('batch_requests', bytes, lines());
        const answer = await requestJson(session, {
          method: 'post',
          path: `/batches/${segment(inputFileId)}/requests`,
          headers: { 'content-type': 'application/json', 'content-length': String(body.bytes) },
          body: (touch) => touched(body.chunks, touch),
          bytes: body.bytes,
        }).catch((thrown: unknown) => {
          const wrong = body.wrongBytes();
          if (wrong === null) throw thrown;
          // The body broke off before its end: nothing was added.
          throw new CallFailure({
            type: 'corrupt',
            message: `the request lines of batch ${batchKey} are ${bytes} bytes by the books, and ${wrong} or more were read`,
            where: batchKey,
          });
        });
        if (!isAdded(answer))
          throw new TransportFailure(
            'BODY_NO_JSON',
            false,
            `the answer is not that of xAI's API; what batch ${inputFileId} counts decides`,
          );
        return {
          providerBatchId: inputFileId as ProviderBatchId,
          providerStatus: 'in_progress',
        };
      },
    );

/**
 * The service answers `null` (2026-08), and gRPC gateways an object. A page in HTML, an empty body
 * or an error under a good status come from a login page or a gateway, which may have passed
 * nothing on.
 */
const isAdded = (answer: unknown): boolean =>
  answer === null || (isJsonObject(answer) && (answer['error'] ?? null) === null);

/** With a sign of progress for each chunk that the transport comes for. */
async function* touched(
  chunks: AsyncIterable<Uint8Array>,
  touch: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    touch();
  }
}

/** Null for a batch that is not known (yet). */
export const retrieve = async (session: Session, id: string): Promise<Container | null> => {
  try {
    const path = `/batches/${segment(id)}`;
    const read = readContainer(await requestJson(session, { method: 'get', path }), session.scrub);
    return read?.id === id ? read : null;
  } catch (thrown) {
    if (statusIn(thrown) === 404) return null;
    throw thrown;
  }
};

/** Asks the service to cancel; a batch that is over anyway is as good. */
export const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (id) =>
    ask(open, { what: `cancel batch ${id}`, isPaid: false, isAboutOne: true }, (session) =>
      cancelNow(session, id),
    );

/** A cancelled batch takes no more requests: an add that is still under way fails. */
export const seal =
  (open: OpenSession): BatchProvider['deleteFile'] =>
  (id) =>
    ask(open, { what: `cancel batch ${id}`, isPaid: false, isAboutOne: true }, async (session) => {
      try {
        await cancelNow(session, id);
      } catch (thrown) {
        if (statusIn(thrown) !== 404) throw thrown;
      }
    });

const cancelNow = async (session: Session, id: string): Promise<void> => {
  try {
    await requestJson(session, { method: 'post', path: `/batches/${segment(id)}:cancel` });
  } catch (thrown) {
    if (![400, 409, 412, 422].includes(statusIn(thrown) ?? 0)) throw thrown;
    const batch = await retrieve(session, id);
    const isOver = batch !== null && (batch.isCancelled || statusOf(batch, 1).ending !== null);
    if (!isOver) throw thrown;
  }
};

export const refusal = (message: string): CallFailure =>
  new CallFailure({ type: 'refused', message, statusCode: null, requestId: null });
