import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { isGone } from '../client/api-error.ts';
import { resourcePath } from '../client/ask.ts';
import { requestJson } from '../client/request.ts';
import type { Session } from '../client/session.ts';
import { type BatchReport, readBatch } from './batch-object.ts';

/**
 * Null for a batch that is not known (yet), or that another key created: the service answers 404 to
 * both.
 */
export const retrieve = async (
  session: Session,
  id: ProviderBatchId,
): Promise<BatchReport | null> => {
  try {
    const answer = await requestJson(session, {
      method: 'GET',
      path: resourcePath('batches', id),
    });
    const report = readBatch(answer, session.scrub);
    return report?.id === id ? report : null;
  } catch (thrown) {
    if (isGone(thrown)) return null;
    throw thrown;
  }
};
