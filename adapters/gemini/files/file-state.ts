import { isJsonObject } from '../../../lib/core/json/json.ts';
import { readStatus } from '../answers/rpc-status.ts';
import { timeOf } from '../batches/times.ts';
import { isGone } from '../client/api-error.ts';
import { resourcePath } from '../client/ask.ts';
import { requestJson } from '../client/request.ts';
import type { Session } from '../client/session.ts';

/** What the service says of one file. */
export type FileState =
  | {
      readonly type: 'there';
      /** `ACTIVE`, `PROCESSING` …; null: it does not say. */
      readonly state: string | null;
      readonly createdAtMs: number | null;
    }
  | { readonly type: 'failed'; readonly details: string }
  /** It is not there, or this key may not see it: the service does not tell these apart. */
  | { readonly type: 'gone' };

export const fileState = async (session: Session, name: string): Promise<FileState> => {
  try {
    const file: unknown = await requestJson(session, {
      method: 'GET',
      path: resourcePath('files', name),
    });
    if (!isJsonObject(file) || file['name'] !== name) return { type: 'gone' };
    const { state, error, createTime } = file;
    if (state === 'FAILED')
      return { type: 'failed', details: readStatus(error)?.message ?? 'its state is FAILED' };
    return {
      type: 'there',
      state: typeof state === 'string' ? state : null,
      createdAtMs: timeOf(createTime),
    };
  } catch (thrown) {
    if (isGone(thrown)) return { type: 'gone' };
    throw thrown;
  }
};
