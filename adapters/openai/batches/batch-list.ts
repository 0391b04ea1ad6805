import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { readBatch, type BatchReport } from './batch-object.ts';
import { CallFailure } from '../client/classify.ts';
import { requestJson } from '../client/request.ts';
import type { Session } from '../client/session.ts';

/** The largest page there is (OpenAI's API reference, 2026-08). */
const pageSize = 100;
/**
 * 200,000 batches: more were never seen in one project, and a list that goes on behind them has no
 * end.
 */
const pagesMax = 2_000;

export interface BatchPage {
  readonly batches: readonly BatchReport[];
  /** Entries that cannot be read as batches. */
  readonly unread: readonly JsonValue[];
  /**
   * The service answers `after` with what it has shown before: there may be more of the list, which
   * cannot be had.
   */
  readonly isStuck: boolean;
}

/**
 * Pages of the provider's batches, usually newest first (no order is promised), each entry once.
 * Ends with a page that says so and is not full, or that brings nothing new. An endless list is an
 * error.
 */
export async function* batchPages(
  session: Session,
  pageCountMax: number = pagesMax,
): AsyncGenerator<BatchPage> {
  const seen = new Set<string>();
  let after: string | null = null;
  for (let pageCount = 0; pageCount < pageCountMax; pageCount += 1) {
    const page = await readPage(session, after);
    const fresh = page.entries.filter((entry) => !seen.has(idOf(entry) ?? ''));
    const isStuck = after !== null && page.entries.length > 0 && fresh.length === 0;
    // It says that there is more, and shows the same again.
    if (isStuck && page.hasMore === true) throw broken(session);
    for (const entry of fresh) seen.add(idOf(entry) ?? '');
    yield { ...readEntries(session, fresh), isStuck };
    if (isStuck || isLast(page)) return;
    if (session.service.list === 'plain') {
      // A list that takes no parameters is one page, which does not say that it is all.
      yield { batches: [], unread: [], isStuck: true };
      return;
    }
    // Half a list must not pass for a whole one.
    if (page.cursor === null || page.cursor === after) throw broken(session);
    after = page.cursor;
  }
  throw endless(session, pageCountMax);
}

interface Page {
  readonly entries: readonly JsonValue[];
  /** Null: it does not say. */
  readonly hasMore: boolean | null;
  /** What the next page comes after. */
  readonly cursor: string | null;
}

const readPage = async (session: Session, after: string | null): Promise<Page> => {
  const query = { limit: pageSize, ...(after === null ? {} : { after }) };
  const page = await requestJson(session, {
    method: 'get',
    path: '/batches',
    ...(session.service.list === 'plain' ? {} : { query }),
  });
  // Together answers with the bare entries (its SDK 0.52), and says as little of an end as a page
  // without `has_more`.
  const envelope = Array.isArray(page) ? { data: page as readonly JsonValue[] } : page;
  const data = isJsonObject(envelope) ? envelope['data'] : undefined;
  // An answer that is no list must not pass for an empty one: absence is proof.
  if (!isJsonObject(envelope) || !Array.isArray(data)) throw notAList(session);
  const entries = data as readonly JsonValue[];
  const { has_more: hasMore, last_id: lastId } = envelope;
  const last = entries.length === 0 ? undefined : idOf(entries.at(-1) ?? null);
  const cursor = last ?? (typeof lastId === 'string' && lastId !== '' ? lastId : null);
  return { entries, hasMore: typeof hasMore === 'boolean' ? hasMore : null, cursor };
};

/** Services were seen that leave `has_more` out, or say `false` on every page. */
const isLast = ({ entries, hasMore }: Page): boolean =>
  hasMore !== true && (entries.length === 0 || (hasMore === false && entries.length < pageSize));

const idOf = (entry: JsonValue): string | null => {
  const id = isJsonObject(entry) ? entry['id'] : undefined;
  return typeof id === 'string' && id !== '' ? id : null;
};

const readEntries = (
  { scrub }: Session,
  entries: readonly JsonValue[],
): Pick<BatchPage, 'batches' | 'unread'> => {
  const reports = entries.map((entry) => readBatch(entry, scrub));
  return {
    batches: reports.filter((report) => report !== null),
    unread: entries.filter((_, i) => reports[i] === null),
  };
};

const broken = ({ where }: Session): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `the list of batches at ${where} says that it has more, but returns nothing new: unlisted batches may exist`,
    statusCode: null,
    requestId: null,
  });

const notAList = ({ where }: Session): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} answered with something that is not a list of batches; check the base URL`,
    statusCode: null,
    requestId: null,
  });

const endless = ({ where }: Session, pageCount: number): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `the list of batches at ${where} does not end: ${pageCount} pages were read`,
    statusCode: null,
    requestId: null,
  });
