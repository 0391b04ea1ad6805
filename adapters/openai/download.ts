import type { BatchProvider } from '../../lib/ports/provider.ts';
import { ask, rereadable, segment } from './ask.ts';
import type { OpenSession } from './session.ts';

/** Thrown where a transfer ends before its file does. */
export class DownloadCut extends Error {
  override readonly name = 'DownloadCut';
}

/** Opens the file; its bytes come as they are pulled. The whole may take any time, one chunk no longer than a request may. */
export const download =
  (open: OpenSession): BatchProvider['download'] =>
  (fileId) =>
    ask(open, { what: `give file ${fileId}`, isPaid: false, isAboutOne: true }, async (session) => {
      const headers = { accept: '*/*' };
      const response = await session.client.get(`/files/${segment(fileId)}/content`, { headers, ...rereadable(session) }).asResponse();
      // A packed transfer's length is not the file's.
      const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
      const bytes = length !== null && /^\d+$/u.test(length) ? Number(length) : null;
      const cut = (seen: number, reason: string): DownloadCut =>
        new DownloadCut(
          session.scrub(`the transfer of ${fileId} from ${session.where} ended after ${seen} of ${bytes ?? 'unknown'} bytes (${reason})`),
        );
      return { bytes, chunks: readBody(response.body, { idleMs: session.requestTimeoutMs, bytes, cut }) };
    });

interface Reading {
  readonly idleMs: number;
  readonly bytes: number | null;
  readonly cut: (seen: number, reason: string) => DownloadCut;
}

async function* readBody(body: ReadableStream<Uint8Array> | null, { idleMs, bytes, cut }: Reading): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  let seen = 0;
  let isStalled = false;
  try {
    for (;;) {
      // The clock runs while we wait for the other side, not while our reader takes its time.
      const timer = setTimeout(() => {
        isStalled = true;
        reader?.cancel().catch(() => undefined);
      }, idleMs);
      const next = await (reader?.read() ?? Promise.resolve({ done: true as const, value: undefined }))
        .catch((thrown: unknown) => {
          throw cut(seen, thrown instanceof Error ? thrown.message : String(thrown));
        })
        .finally(() => {
          clearTimeout(timer);
        });
      if (next.done) break;
      seen += next.value.byteLength;
      yield next.value;
    }
    if (isStalled) throw cut(seen, `nothing came for ${idleMs} ms`);
    if (bytes !== null && seen !== bytes) throw cut(seen, 'closed early');
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}
