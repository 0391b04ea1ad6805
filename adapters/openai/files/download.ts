import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { open, ask } from '../client/request.ts';
import { segment } from '../../http/path-segment.ts';
import { codingsIn } from '../../http/encoding.ts';
import { BodyCut, readChunks } from '../../http/read-body.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { downloadTimeoutMs } from '../../http/deadline.ts';

/** What unpacks to more than this is no file of answers: 50,000 rows of a megabyte each. */
const downloadBytesMax = 50_000 * 1_048_576;

/** Thrown where a transfer ends before its file does. */
export class DownloadCut extends Error {
  override readonly name = 'DownloadCut';
}

/**
 * Opens the file; its bytes come as they are pulled. The whole may take as long as its length asks
 * for, one chunk no longer than a request may.
 */
export const download =
  (openSession: OpenSession): BatchProvider['download'] =>
  (fileId) =>
    ask(
      openSession,
      { what: `give file ${fileId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const { response } = await open(session, {
          method: 'get',
          path: `/files/${segment(fileId)}/content`,
          mayLeave: true,
        });
        // A packed transfer's length is not the file's.
        const length =
          codingsIn(response.headers.get('content-encoding')).length > 0
            ? null
            : response.headers.get('content-length');
        const bytes = length !== null && /^\d+$/u.test(length) ? Number(length) : null;
        const cut = (seen: number, reason: string): DownloadCut =>
          new DownloadCut(
            session.scrub(
              `the transfer of ${fileId} from ${session.where} ended after ${seen} of ${bytes ?? 'unknown'} bytes (${reason})`,
            ),
          );
        return { bytes, chunks: readFile(session, response.body, { bytes, cut }) };
      },
    );

interface Reading {
  readonly bytes: number | null;
  readonly cut: (seen: number, reason: string) => DownloadCut;
}

async function* readFile(
  session: Session,
  body: ReadableStream<Uint8Array> | null,
  { bytes, cut }: Reading,
): AsyncGenerator<Uint8Array> {
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
