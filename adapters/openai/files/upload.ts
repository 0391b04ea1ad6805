import { isJsonObject } from '../../../lib/core/json/json.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { apiErrorIn, requestIdIn, statusIn } from '../client/api-error.ts';
import { requestJson, ask } from '../client/request.ts';
import { CallFailure } from '../client/classify.ts';
import { filesQuotaAdvice, isOutOfFiles } from './files-quota.ts';
import { fileExpirySeconds } from '../config/limits.ts';
import { frameUpload, type UploadFault } from '../../http/multipart.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { uploadByRedirect } from './upload-by-redirect.ts';

/** Streams the lines to the provider as a file of purpose `batch`; memory is a few chunks. */
export const upload =
  (open: OpenSession): BatchProvider['upload'] =>
  ({ batchKey, createAttempt, bytes, lines, expiresAfterMs }) =>
    ask(
      open,
      { what: 'take the input file', isPaid: false, isAboutOne: false, isAboutInput: true },
      async (session) => {
        const fileName = `batchor-${batchKey}-${createAttempt}.jsonl`;
        if (session.service.upload === 'redirect')
          return uploadByRedirect(session, { fileName, bytes, lines });
        const expiry: Record<string, string> =
          expiresAfterMs === null
            ? {}
            : {
                'expires_after[anchor]': 'created_at',
                'expires_after[seconds]': String(
                  fileExpirySeconds(expiresAfterMs, session.service.fileExpirySecondsMin),
                ),
              };
        const framed = frameUpload({
          fields: { purpose: 'batch', ...expiry },
          fileName,
          bytes,
          chunks: lines,
        });
        const headers = {
          'content-type': framed.contentType,
          'content-length': String(framed.contentLength),
        };
        const file = await requestJson(session, {
          method: 'post',
          path: '/files',
          headers,
          body: (touch) => touched(framed.body, touch),
          bytes: framed.contentLength,
        }).catch((thrown: unknown) => {
          const fault = framed.fault();
          if (fault !== null) throw ownFault(fault, fileName, bytes);
          throw isOutOfFiles(thrown) ? fileQuotaReached(session, thrown) : thrown;
        });
        const id = isJsonObject(file) ? file['id'] : undefined;
        if (typeof id === 'string' && id !== '')
          return { inputFileId: id, expiresAtMs: expiryOf(file) };
        const message = `${session.where} answered the upload with something that is not a file; check the base URL`;
        throw new CallFailure({ type: 'refused', message, statusCode: null, requestId: null });
      },
    );

/** The body, with a sign of progress for each chunk that the transport comes for. */
async function* touched(
  body: AsyncIterable<Uint8Array>,
  touch: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    touch();
  }
}

/** Counted from now: the provider's clock is not ours. */
const expiryOf = (file: unknown): number | null => {
  if (!isJsonObject(file)) return null;
  const { expires_at: expiresAt, created_at: createdAt } = file;
  return typeof expiresAt === 'number' && typeof createdAt === 'number'
    ? Date.now() + (expiresAt - createdAt) * 1000
    : null;
};

/** The file quota is reached. Waiting does not help. */
const fileQuotaReached = ({ where }: Session, thrown: unknown): CallFailure => {
  const { message, code } = apiErrorIn(thrown);
  const statusCode = statusIn(thrown);
  const label = [statusCode, code].filter((part) => part !== null).join(' ');
  const text = `${where} did not take the input file: ${label}: ${message.replace(/\.$/u, '')}. ${filesQuotaAdvice}`;
  return new CallFailure({
    type: 'refused',
    message: text,
    statusCode,
    requestId: requestIdIn(thrown),
  });
};

/** The bytes were ours to give. */
const ownFault = (fault: UploadFault, fileName: string, bytes: number): CallFailure => {
  if (fault.type === 'wrong_length') {
    const message = `the lines of ${fileName} are ${bytes} bytes by the books, and ${fault.bytesSeen} or more were read`;
    return new CallFailure({ type: 'corrupt', message, where: fileName });
  }
  const reason = fault.cause instanceof Error ? fault.cause.message : String(fault.cause);
  return new CallFailure({
    type: 'unavailable',
    message: `the lines of ${fileName} could not be read: ${reason}`,
    cause: null,
  });
};
