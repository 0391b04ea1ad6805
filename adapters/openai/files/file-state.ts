import { isJsonObject } from '../../../lib/core/json/json.ts';
import { statusIn } from '../client/api-error.ts';
import { segment } from '../client/ask.ts';
import { requestJson } from '../client/request.ts';
import type { Session } from '../client/session.ts';

/** What the provider says of one file. `unknown`: nothing that can be read. */
export type FileState =
  | { readonly type: 'there'; readonly status: string }
  | { readonly type: 'failed'; readonly details: string }
  | { readonly type: 'gone' }
  | { readonly type: 'unknown' };

/** Asks for the file; a question that fails answers nothing. */
export const fileState = async (session: Session, fileId: string): Promise<FileState> => {
  try {
    const file: unknown = await requestJson(session, {
      method: 'get',
      path: `/files/${segment(fileId)}`,
    });
    if (!isJsonObject(file) || file['id'] !== fileId) return { type: 'unknown' };
    const { status, status_details: details } = file;
    const text = typeof status === 'string' ? status : 'unknown';
    // Azure writes "Error" and "error"; its details are for people.
    if (/^(?:error|failed)$/iu.test(text))
      return {
        type: 'failed',
        details: typeof details === 'string' ? details : `status "${text}"`,
      };
    return { type: 'there', status: text };
  } catch (thrown) {
    return { type: statusIn(thrown) === 404 || statusIn(thrown) === 410 ? 'gone' : 'unknown' };
  }
};

/**
 * Statuses of a file that the provider works on: OpenAI's `uploaded`, Azure's `pending` and
 * `running`, and what others call these.
 */
export const isInWork = (status: string): boolean =>
  /^(?:uploaded|uploading|pending|queued|running|in_?progress|processing|importing|validating|not_?started|not_?running)$/iu.test(
    status,
  );
