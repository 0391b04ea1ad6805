import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { refusal } from '../client/classify.ts';
import { requestJson } from '../client/request.ts';
import type { Session } from '../client/session.ts';
import { geminiTraits } from '../config/traits.ts';
import { type BatchReport, readBatch } from './batch-object.ts';

/** More were never seen in one project, and a list that continues behind them has no end. */
const pagesMax = 10_000;

export interface BatchPage {
  readonly batches: readonly BatchReport[];
  /** Entries that cannot be read as batches. */
  readonly unread: number;
}

/**
 * Pages of the service's batches, in no order that is known. Ends with a page that names no next
 * one. Pages are small, since an entry may hold the answers of a batch that was sent inline.
 */
export async function* batchPages(
  session: Session,
  pageCountMax: number = pagesMax,
): AsyncGenerator<BatchPage> {
  const seen = new Set<string>();
  let token: string | null = null;
  for (let pageCount = 0; pageCount < pageCountMax; pageCount += 1) {
    const page = await readPage(session, token);
    yield page;
    if (page.next === null) return;
    // It says that there is more, and leads back to what was shown.
    if (seen.has(page.next)) throw refusal(broken(session));
    seen.add(page.next);
    token = page.next;
  }
  throw refusal(
    `the list of batches at ${session.where} does not end: ${pageCountMax} pages were read`,
  );
}

const readPage = async (
  session: Session,
  token: string | null,
): Promise<BatchPage & { readonly next: string | null }> => {
  const page: unknown = await requestJson(session, {
    method: 'GET',
    path: '/v1beta/batches',
    query: {
      pageSize: String(geminiTraits.list.pageMax),
      ...(token === null ? {} : { pageToken: token }),
    },
  });
  // An answer that is no list must not pass for an empty one: absence is proof. An empty list is
  // an object without members.
  if (!isJsonObject(page)) throw refusal(notAList(session));
  const { operations = [], nextPageToken: next = '' } = page;
  if (!Array.isArray(operations) || typeof next !== 'string' || page['error'] !== undefined)
    throw refusal(notAList(session));
  const reports = (operations as readonly JsonValue[]).map((entry) =>
    readBatch(entry, session.scrub),
  );
  const batches = reports.filter((report) => report !== null);
  return {
    batches,
    unread: reports.length - batches.length,
    next: next === '' ? null : next,
  };
};

const broken = ({ where }: Session): string =>
  `the list of batches at ${where} says that it has more, but returns to a page before: unlisted batches may exist`;

const notAList = ({ where }: Session): string =>
  `${where} answered with something that is not a list of batches; check the base URL`;
