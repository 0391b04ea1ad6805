import { isJsonObject } from '../../../lib/core/json/json.ts';
import { statusIn, apiErrorIn } from '../client/api-error.ts';
import { requestJson, ask } from '../client/request.ts';
import { segment } from '../../http/path-segment.ts';
import type { Session, OpenSession } from '../client/session.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { CallFailure } from '../client/classify.ts';

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

/** Deletes a file; one that is gone already is as good. Asking twice changes nothing. */
export const deleteFile =
  (open: OpenSession): BatchProvider['deleteFile'] =>
  (fileId) =>
    ask(
      open,
      { what: `delete file ${fileId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        try {
          await requestJson(session, { method: 'delete', path: `/files/${segment(fileId)}` });
        } catch (thrown) {
          const status = statusIn(thrown);
          // A key may be good for all else: what it may not delete is this file's matter, and not
          // the key's.
          if (status === 403) {
            const { message } = apiErrorIn(thrown);
            const refusal = `${session.where} does not let this key delete file ${fileId}: ${message}`;
            throw new CallFailure({
              type: 'refused',
              message: refusal,
              statusCode: status,
              requestId: null,
            });
          }
          if (status !== 404) throw thrown;
        }
      },
    );
