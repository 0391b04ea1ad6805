import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import { CallFailure, refusal } from '../client/classify.ts';
import { open, readJson, requestJson } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { fileLifeMs } from '../config/limits.ts';
import { countOf } from '../answers/answer-reader.ts';
import { timeOf } from '../batches/times.ts';

/** What a file of request lines is, to the Files API (batch guide, 2026-10). */
const mimeType = 'jsonl';

/**
 * Streams the lines to the Files API by its resumable protocol, in one request; memory is a few
 * chunks. The service deletes the file after 48 hours, whatever is asked for.
 */
export const upload =
  (openSession: OpenSession): BatchProvider['upload'] =>
  ({ batchKey, createAttempt, bytes, lines }) =>
    ask(
      openSession,
      { what: 'take the input file', isPaid: false, isAboutOne: false },
      async (session) => {
        const displayName = `batchor-${batchKey}-${createAttempt}.jsonl`;
        const address = await startUpload(session, displayName, bytes);
        const counted = countedLines(lines, bytes, displayName);
        const answer = await requestJson(session, {
          method: 'POST',
          path: address,
          headers: { 'x-goog-upload-offset': '0', 'x-goog-upload-command': 'upload, finalize' },
          stream: (touch) => counted.chunks(touch),
          bytes,
        }).catch((thrown: unknown) => {
          throw counted.fault() ?? thrown;
        });
        return fileOf(session, answer, bytes);
      },
    );

/** The address to which the bytes go. It stands in for the key: at no other origin. */
const startUpload = async (
  session: Session,
  displayName: string,
  bytes: number,
): Promise<string> => {
  const { response, leftMs } = await open(session, {
    method: 'POST',
    path: '/upload/v1beta/files',
    headers: {
      'x-goog-upload-protocol': 'resumable',
      'x-goog-upload-command': 'start',
      'x-goog-upload-header-content-length': String(bytes),
      'x-goog-upload-header-content-type': mimeType,
    },
    json: { file: { displayName, mimeType } },
  });
  await readJson(session, response, leftMs).catch(() => undefined);
  const address = response.headers.get('x-goog-upload-url');
  if (address !== null && /^https?:/iu.test(address)) return address;
  throw refusal(
    `${session.where} began an upload without an address for it (x-goog-upload-url); check the base URL`,
  );
};

const fileOf = (
  session: Session,
  answer: unknown,
  bytes: number,
): { readonly inputFileId: string; readonly expiresAtMs: number | null } => {
  const file = isJsonObject(answer) && isJsonObject(answer['file']) ? answer['file'] : null;
  const name = file?.['name'];
  if (file === null || typeof name !== 'string' || !/^files\/[^/]+$/u.test(name))
    throw refusal(
      `${session.where} answered the upload with something that is not a file; check the base URL`,
    );
  const stored = countOf(file['sizeBytes']);
  if (stored !== null && stored !== bytes)
    throw new CallFailure({
      type: 'transient',
      message: `${session.where} stored ${stored} of ${bytes} bytes of the input file ${name}`,
      retryAfterMs: null,
      cause: null,
    });
  return { inputFileId: name, expiresAtMs: expiryOf(file) };
};

/** Counted from now: the service's clock is not ours. */
const expiryOf = ({ createTime, expirationTime }: JsonObject): number => {
  const [createdMs, expiresMs] = [timeOf(createTime), timeOf(expirationTime)];
  const lifeMs = createdMs === null || expiresMs === null ? fileLifeMs : expiresMs - createdMs;
  return Date.now() + Math.max(0, lifeMs);
};

/** The lines, held to their promised length; what is wrong with them is ours to answer for. */
const countedLines = (
  lines: AsyncIterable<Uint8Array>,
  bytes: number,
  fileName: string,
): {
  readonly chunks: (touch: () => void) => AsyncIterable<Uint8Array>;
  readonly fault: () => CallFailure | null;
} => {
  let fault: CallFailure | null = null;
  async function* chunks(touch: () => void): AsyncGenerator<Uint8Array> {
    let seen = 0;
    try {
      for await (const chunk of lines) {
        seen += chunk.byteLength;
        if (seen > bytes) break;
        yield chunk;
        touch();
      }
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      fault = new CallFailure({
        type: 'unavailable',
        message: `the lines of ${fileName} could not be read: ${reason}`,
        cause: null,
      });
      throw thrown;
    }
    if (seen === bytes) return;
    fault = new CallFailure({
      type: 'corrupt',
      message: `the lines of ${fileName} are ${bytes} bytes by the books, and ${seen} or more were read`,
      where: fileName,
    });
    throw fault;
  }
  return { chunks, fault: () => fault };
};
