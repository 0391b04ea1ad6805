import { isJsonObject, type JsonValue } from '../../lib/core/json.ts';
import { rereadable } from './ask.ts';
import { readBatch, type BatchReport } from './batch-object.ts';
import { CallFailure } from './classify.ts';
import type { Session } from './session.ts';

/** The largest page there is (OpenAI's API reference, 2026-08). */
const pageSize = 100;

/** Pages of the provider's batches, newest first as far as anybody saw (no order is promised). Ends when the list does. */
export async function* batchPages(session: Session): AsyncGenerator<readonly BatchReport[]> {
  const cursors = new Set<string>();
  for (let after: string | null = null; ;) {
    const query: Record<string, unknown> = { limit: pageSize, ...(after === null ? {} : { after }) };
    const page: unknown = await session.client.get('/batches', { query, ...rereadable(session) });
    const data = isJsonObject(page) ? page['data'] : undefined;
    // An answer that is no list must not pass for an empty one: absence is proof.
    if (!isJsonObject(page) || !Array.isArray(data)) throw notAList(session);
    const reports = (data as readonly JsonValue[]).map(readBatch);
    yield reports.filter((report) => report !== null);
    after = reports.at(-1)?.id ?? null;
    if (page['has_more'] !== true || after === null || cursors.has(after)) return;
    cursors.add(after);
  }
}

const notAList = ({ where }: Session): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} answered with something that is not a list of batches; is the base URL right?`,
    statusCode: null,
    requestId: null,
  });
