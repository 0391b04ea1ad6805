import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { apiErrorIn, statusIn } from '../client/api-error.ts';
import { ask, segment } from '../client/ask.ts';
import { CallFailure } from '../client/classify.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession } from '../client/session.ts';

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
