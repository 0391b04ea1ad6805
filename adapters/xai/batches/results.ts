import { isJsonObject } from '../../../lib/core/json/json.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { downloadTimeoutMs } from '../../http/deadline.ts';
import { readText } from '../../http/read-body.ts';
import { ask, open as send } from '../../openai/client/request.ts';
import { segment } from '../../http/path-segment.ts';
import type { OpenSession, Session } from '../../openai/client/session.ts';
import { refusal } from './calls.ts';
import { elementsOf } from './page-elements.ts';

/** Results of a page, as the official guide asks for them. */
const pageResults = 100;
/** Bytes of a page, at most: a hundred of the longest answers. */
const pageBytesMax = 268_435_456;
/** A list of results that continues behind these has no end. */
const pagesMax = 20_000;

interface Page {
  /** A line for each result, letter by letter. */
  readonly lines: string;
  readonly next: string | null;
}

/**
 * The results of a batch as lines, a page at a time; memory is one page. The order is the
 * service's. A page that cannot be read breaks the transfer off.
 */
export const download =
  (openSession: OpenSession): BatchProvider['download'] =>
  (id) =>
    ask(
      openSession,
      { what: `give the results of ${id}`, isPaid: false, isAboutOne: true },
      async (session) => ({
        bytes: null,
        chunks: pagesFrom(session, id, await read(session, id, null)),
      }),
    );

async function* pagesFrom(session: Session, id: string, first: Page): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const seen = new Set<string>();
  let page = first;
  for (;;) {
    if (page.lines !== '') yield encoder.encode(page.lines);
    if (page.next === null) return;
    if (seen.has(page.next) || seen.size === pagesMax)
      throw new Error(`the results of ${id} at ${session.where} do not end`);
    seen.add(page.next);
    page = await read(session, id, page.next);
  }
}

const read = async (session: Session, id: string, token: string | null): Promise<Page> => {
  const { response, leftMs } = await send(session, {
    method: 'get',
    path: `/batches/${segment(id)}/results`,
    query: { limit: pageResults, ...(token === null ? {} : { pagination_token: token }) },
  });
  const text = await readText(response.body, {
    idleMs: session.requestTimeoutMs,
    totalMs: (bytes) => Math.max(leftMs, downloadTimeoutMs(session, bytes)),
    bytesMax: pageBytesMax,
  });
  const page = parsed(text);
  const results = isJsonObject(page) ? page['results'] : undefined;
  const next = isJsonObject(page) ? (page['pagination_token'] ?? null) : null;
  if (!Array.isArray(results) || (next !== null && typeof next !== 'string'))
    throw refusal(`${session.where} answered with something that is not a page of results`);
  const lines = elementsOf(text, 'results', results.length).map((element) => `${element}\n`);
  return { lines: lines.join(''), next: next === '' ? null : next };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('a page of results is not whole JSON');
  }
};
