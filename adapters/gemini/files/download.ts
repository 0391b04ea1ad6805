import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { codingsIn } from '../../http/encoding.ts';
import { BodyCut, readChunks } from '../../http/read-body.ts';
import { downloadTimeoutMs } from '../../http/deadline.ts';
import { ask, idIn } from '../client/ask.ts';
import { open } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';

/** What unpacks to more than this is no file of answers: 50,000 rows of a megabyte each. */
const downloadBytesMax = 50_000 * 1_048_576;

/** Thrown where a transfer ends before its file does. */
export class DownloadCut extends Error {
  override readonly name = 'DownloadCut';
}

/**
 * Opens the file at its download address; its bytes come as they are pulled. Names of files of
 * answers are longer than `files.get` takes (js-genai#1227): nothing is asked of the file before.
 */
export const download =
  (openSession: OpenSession): BatchProvider['download'] =>
  (name) =>
    ask(openSession, { what: `give ${name}`, isPaid: false, isAboutOne: true }, async (session) => {
      const { response } = await open(session, {
        method: 'GET',
        path: `/download/v1beta/files/${idIn('files', name)}:download`,
        query: { alt: 'media' },
      });
      // A packed transfer's length is not the file's.
      const isPacked = codingsIn(response.headers.get('content-encoding')).length > 0;
      const length = isPacked ? null : response.headers.get('content-length');
      const bytes = length !== null && /^\d+$/u.test(length) ? Number(length) : null;
      return { bytes, chunks: readFile(session, name, response.body, bytes) };
    });

async function* readFile(
  session: Session,
  name: string,
  body: ReadableStream<Uint8Array> | null,
  bytes: number | null,
): AsyncGenerator<Uint8Array> {
  const cut = (seen: number, reason: string): DownloadCut =>
    new DownloadCut(
      session.scrub(
        `the transfer of ${name} from ${session.where} ended after ${seen} of ${bytes ?? 'unknown'} bytes (${reason})`,
      ),
    );
  const bounds = {
    idleMs: session.requestTimeoutMs,
    totalMs: (seen: number) => downloadTimeoutMs(session, seen),
    bytesMax: bytes ?? downloadBytesMax,
  };
  let seen = 0;
  try {
    for await (const chunk of readChunks(body, bounds)) {
      seen += chunk.byteLength;
      yield chunk;
    }
  } catch (thrown) {
    throw thrown instanceof BodyCut ? cut(seen, thrown.message) : thrown;
  }
  if (bytes !== null && seen !== bytes) throw cut(seen, 'closed early');
}
