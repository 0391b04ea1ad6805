import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { batchesPath } from '../client/ask.ts';
import { refusedCall } from '../client/failures.ts';
import { requestJson } from '../client/request.ts';
import type { Session } from '../client/session.ts';
import { readBatch, type BatchReport } from './batch-object.ts';

/** The largest page there is (API reference, 2026-11). */
export const pageMax = 1_000;
/** A list of more than a million batches has no end. */
const pagesMax = 1_000;

/** A page of batches, newest first; its entries that cannot be read are counted. */
export interface BatchPage {
  readonly batches: readonly BatchReport[];
  readonly unread: number;
}

/**
 * Pages of the provider's batches, newest first, each entry once. Ends with a page that says so. An
 * endless list, and one that returns nothing new, is an error.
 */
export async function* batchPages(session: Session, limit = pageMax): AsyncGenerator<BatchPage> {
  const seen = new Set<string>();
  let after: string | null = null;
  for (let pageCount = 0; pageCount < pagesMax; pageCount += 1) {
    const { entries, hasMore, cursor } = await readPage(session, limit, after);
    const fresh = entries.filter((entry) => !seen.has(idOf(entry) ?? ''));
    for (const entry of fresh) seen.add(idOf(entry) ?? '');
    const reports = fresh.map((entry) => readBatch(entry, session.scrub));
    yield {
      batches: reports.filter((report) => report !== null),
      unread: reports.filter((report) => report === null).length,
    };
    if (!hasMore) return;
    // Half a list must not pass for a whole one.
    if (cursor === null || cursor === after || fresh.length === 0)
      throw refusedCall(
        `the list of batches at ${session.where} says that it has more, but returns nothing new: unlisted batches may exist`,
      );
    after = cursor;
  }
  throw refusedCall(
    `the list of batches at ${session.where} does not end: ${pagesMax} pages were read`,
  );
}

interface Page {
  readonly entries: readonly JsonValue[];
  readonly hasMore: boolean;
  /** What the next page comes after. */
  readonly cursor: string | null;
}

const readPage = async (session: Session, limit: number, after: string | null): Promise<Page> => {
  const page = await requestJson(session, {
    method: 'GET',
    path: batchesPath,
    query: { limit, ...(after === null ? {} : { after_id: after }) },
  });
  const data = isJsonObject(page) ? page['data'] : undefined;
  // An answer that is no list must not pass for an empty one: absence is proof.
  if (!isJsonObject(page) || !Array.isArray(data))
    throw refusedCall(
      `${session.where} answered with something that is not a list of batches; check the base URL`,
    );
  const entries = data as readonly JsonValue[];
  const { has_more: hasMore, last_id: lastId } = page;
  const last = entries.length === 0 ? null : idOf(entries.at(-1) ?? null);
  return {
    entries,
    // A page that is full and does not say whether there is more may have more behind it.
    hasMore: typeof hasMore === 'boolean' ? hasMore : entries.length >= limit,
    cursor: last ?? (typeof lastId === 'string' && lastId !== '' ? lastId : null),
  };
};

const idOf = (entry: JsonValue): string | null => {
  const id = isJsonObject(entry) ? entry['id'] : undefined;
  return typeof id === 'string' && id !== '' ? id : null;
};
