import { isJsonObject } from '../../../lib/core/json/json.ts';
import { HttpFailure } from '../client/failures.ts';
import type { Session } from '../client/session.ts';
import { openResults, ResultsCut } from './results.ts';

/** Of the results no more is read: any line says whose they are. */
const bytesMax = 4_194_304;
const newline = 0x0a;

/**
 * The `custom_id` of the first line of results that can be read; null where there is none. The rest
 * is not transferred.
 */
export const firstCustomId = async (
  session: Session,
  resultsUrl: string,
): Promise<string | null> => {
  try {
    const { chunks } = await openResults(session, resultsUrl);
    let rest = Buffer.alloc(0);
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
        const found = customIdIn(rest.subarray(0, end).toString('utf8'));
        if (found !== null) return found;
        rest = rest.subarray(end + 1);
      }
      if (bytes > bytesMax) return null;
    }
    return customIdIn(rest.toString('utf8'));
  } catch (thrown) {
    // Results were seen to be missing for a while after the end; archived ones are gone.
    const isGone = thrown instanceof HttpFailure && [404, 410].includes(thrown.status);
    if (isGone || thrown instanceof ResultsCut) return null;
    throw thrown;
  }
};

const customIdIn = (line: string): string | null => {
  try {
    const row: unknown = JSON.parse(line);
    const id = isJsonObject(row) ? row['custom_id'] : null;
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
};
