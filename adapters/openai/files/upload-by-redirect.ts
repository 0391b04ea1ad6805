import { isJsonObject } from '../../../lib/core/json/json.ts';
import { createDeadline, transferTimeoutMs } from '../../http/deadline.ts';
import { TransportFailure } from '../../http/transport-failure.ts';
import { statusIn } from '../client/api-error.ts';
import { requestJson } from '../client/request.ts';
import { segment } from '../../http/path-segment.ts';
import { CallFailure } from '../client/classify.ts';
import type { Session } from '../client/session.ts';

interface Upload {
  readonly fileName: string;
  readonly bytes: number;
  readonly lines: AsyncIterable<Uint8Array>;
}

/**
 * Together's upload (its SDK 0.52): a POST without the bytes answers with a redirect and the file's
 * id, the bytes go to the address of the redirect by PUT, without the key, and a last POST ends it.
 */
export const uploadByRedirect = async (
  session: Session,
  upload: Upload,
): Promise<{ readonly inputFileId: string; readonly expiresAtMs: null }> => {
  const { fileId, address } = await askForAddress(session, upload.fileName);
  await putLines(session, address, upload);
  const file = await requestJson(session, {
    method: 'post',
    path: `/files/${segment(fileId)}/preprocess`,
  });
  const id = isJsonObject(file) ? file['id'] : undefined;
  if (typeof id === 'string' && id !== fileId)
    throw refused(session, `it calls the file ${fileId} ${id}`);
  return { inputFileId: fileId, expiresAtMs: null };
};

const askForAddress = async (
  session: Session,
  fileName: string,
): Promise<{ readonly fileId: string; readonly address: URL }> => {
  const form = new URLSearchParams({
    purpose: 'batch-api',
    file_name: fileName,
    file_type: 'jsonl',
  });
  const thrown: unknown = await requestJson(session, {
    method: 'post',
    path: '/files',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: () => new TextEncoder().encode(form.toString()),
  }).then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown === null) throw refused(session, 'it takes no file by redirect');
  const headers =
    typeof thrown === 'object' && 'headers' in thrown && thrown.headers instanceof Headers
      ? thrown.headers
      : null;
  if (![302, 303, 307].includes(statusIn(thrown) ?? 0) || headers === null)
    throw thrown instanceof Error ? thrown : new Error('the upload failed');
  const fileId = headers.get('x-together-file-id') ?? '';
  const location = headers.get('location') ?? '';
  const isSafe =
    URL.canParse(location) &&
    (new URL(location).protocol === 'https:' || !session.where.startsWith('https:'));
  if (fileId === '' || !isSafe)
    throw refused(session, 'its redirect has no file id, or no secured address');
  return { fileId, address: new URL(location) };
};

/** The address is a secret of its own, and gets none of ours. */
const putLines = async (
  session: Session,
  address: URL,
  { fileName, bytes, lines }: Upload,
): Promise<void> => {
  const deadline = createDeadline({
    idleMs: transferTimeoutMs(session, Math.min(bytes, 16_777_216)),
    totalMs: session.requestTimeoutMs + transferTimeoutMs(session, bytes),
  });
  let seen = 0;
  let isUnreadable = false;
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of lines) {
        seen += chunk.byteLength;
        yield chunk;
        deadline.touch();
      }
    } catch (thrown) {
      isUnreadable = true;
      throw thrown;
    }
  }
  const response = await deadline
    .race(() =>
      session.fetch(address.href, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(bytes) },
        redirect: 'manual',
        signal: deadline.signal,
        body: body() as unknown as NonNullable<RequestInit['body']>,
      }),
    )
    .catch((thrown: unknown) => {
      if (!isUnreadable) throw thrown;
      const message = `the lines of ${fileName} could not be read: ${String(thrown)}`;
      throw new CallFailure({ type: 'unavailable', message, cause: null });
    });
  response.body?.cancel().catch(() => undefined);
  if (seen !== bytes) {
    const message = `the lines of ${fileName} are ${bytes} bytes by the books, and ${seen} were read`;
    throw new CallFailure({ type: 'corrupt', message, where: fileName });
  }
  if (response.ok) return;
  const reason = `${address.origin}, to which the upload leads, answered ${response.status}`;
  throw new TransportFailure(`ELSEWHERE_${response.status}`, false, reason);
};

const refused = ({ where }: Session, reason: string): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} did not take the input file: ${reason}; check the base URL`,
    statusCode: null,
    requestId: null,
  });
