import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import { codingsIn } from '../../http/encoding.ts';
import { BodyCut, readChunks } from '../../http/read-body.ts';
import { downloadTimeoutMs } from '../../http/deadline.ts';
import { refusedCall } from '../client/failures.ts';
import { open } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';

/** What unpacks to more than this is no answers of a batch: 100,000 rows of a megabyte each. */
const resultBytesMax = 100_000 * 1_048_576;

/** Thrown where a transfer ends before its results do. */
export class ResultsCut extends Error {
  override readonly name = 'ResultsCut';
}

/** Results of a batch, as they are pulled. */
interface Results {
  /** Null: the service does not say; it sends them in chunks, whose end it marks. */
  readonly bytes: number | null;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Opens the results at the address that a batch names. */
export const download =
  (openSession: OpenSession): BatchProvider['download'] =>
  (resultsUrl) =>
    ask(
      openSession,
      { what: `give the results at ${resultsUrl}`, isPaid: false, isAboutOne: true },
      (session) => openResults(session, resultsUrl),
    );

/**
 * The address is followed on the API's own origin only, since the key goes with the request. An
 * address elsewhere, as behind a gateway, is asked for at the base URL, by its path.
 */
export const openResults = async (session: Session, resultsUrl: string): Promise<Results> => {
  const { response } = await open(session, {
    method: 'GET',
    path: ownAddress(session, resultsUrl),
    accept: 'application/x-jsonl, application/jsonl, */*',
  });
  // A packed transfer's length is not that of the results.
  const length =
    codingsIn(response.headers.get('content-encoding')).length > 0
      ? null
      : response.headers.get('content-length');
  const bytes = length !== null && /^\d+$/u.test(length) ? Number(length) : null;
  return { bytes, chunks: readResults(session, response.body, bytes) };
};

const resultsPath = /\/v1\/messages\/batches\/[^/?#]{1,400}\/results$/u;

const ownAddress = (session: Session, resultsUrl: string): URL => {
  const own = session.urlOf('/');
  const url = URL.canParse(resultsUrl, own.href) ? new URL(resultsUrl, own) : null;
  if (url?.origin === own.origin) return url;
  const path = url === null ? undefined : resultsPath.exec(url.pathname)?.[0];
  if (path === undefined)
    throw refusedCall(
      `the results lie at ${url?.origin ?? 'no address'}, and not at ${own.origin}: another origin is not asked, since it would be sent the key`,
    );
  return session.urlOf(path);
};

async function* readResults(
  session: Session,
  body: ReadableStream<Uint8Array> | null,
  bytes: number | null,
): AsyncGenerator<Uint8Array> {
  const cut = (seen: number, reason: string): ResultsCut =>
    new ResultsCut(
      session.scrub(
        `the transfer of results from ${session.where} ended after ${seen} of ${bytes ?? 'unknown'} bytes (${reason})`,
      ),
    );
  const bounds = {
    idleMs: session.requestTimeoutMs,
    totalMs: (seen: number) => downloadTimeoutMs(session, seen),
    bytesMax: bytes ?? resultBytesMax,
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
