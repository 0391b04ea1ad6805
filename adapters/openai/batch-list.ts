import { isJsonObject, type JsonValue } from '../../lib/core/json.ts';
import { rereadable } from './ask.ts';
import { readBatch, type BatchReport } from './batch-object.ts';
import { CallFailure } from './classify.ts';
import type { Session } from './session.ts';

/** The largest page there is (OpenAI's API reference, 2026-08). */
const pageSize = 100;

interface BatchPage {
  readonly batches: readonly BatchReport[];
  /** Entries that cannot be read as batches. */
  readonly unread: readonly JsonValue[];
}

/** Pages of the provider's batches, newest first as far as anybody saw (no order is promised). Ends when the list does. */
export async function* batchPages(session: Session): AsyncGenerator<BatchPage> {
  const cursors = new Set<string>();
  for (let after: string | null = null; ;) {
    const query: Record<string, unknown> = { limit: pageSize, ...(after === null ? {} : { after }) };
    const page: unknown = await session.client.get('/batches', { query, ...rereadable(session) });
    const data = isJsonObject(page) ? page['data'] : undefined;
    // An answer that is no list must not pass for an empty one: absence is proof.
    if (!isJsonObject(page) || !Array.isArray(data)) throw notAList(session);
    const entries = data as readonly JsonValue[];
    const reports = entries.map(readBatch);
    yield { batches: reports.filter((report) => report !== null), unread: entries.filter((_, i) => reports[i] === null) };
    if (page['has_more'] !== true) return;
    const last = entries.at(-1);
    const cursor = isJsonObject(last) ? last['id'] : page['last_id'];
    // Half a list must not pass for a whole one either.
    if (typeof cursor !== 'string' || cursor === '' || cursors.has(cursor)) throw notAList(session);
    cursors.add(cursor);
    after = cursor;
  }
}

const notAList = ({ where }: Session): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} answered with something that is not a list of batches; is the base URL right?`,
    statusCode: null,
    requestId: null,
  });
