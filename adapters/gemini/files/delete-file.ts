import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ApiError, isGone, messageOf } from '../client/api-error.ts';
import { ask, resourcePath } from '../client/ask.ts';
import { refusal } from '../client/classify.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession } from '../client/session.ts';

/** Deletes a file; one that is gone already is as good. Asking twice changes nothing. */
export const deleteFile =
  (open: OpenSession): BatchProvider['deleteFile'] =>
  (name) =>
    ask(open, { what: `delete ${name}`, isPaid: false, isAboutOne: true }, async (session) => {
      try {
        await requestJson(session, { method: 'DELETE', path: resourcePath('files', name) });
      } catch (thrown) {
        if (isGone(thrown)) return;
        // A key may be good for all else: what it may not delete is this file's matter alone.
        if (thrown instanceof ApiError && thrown.status === 403)
          throw refusal(
            `${session.where} does not let this key delete ${name}: ${messageOf(thrown)}`,
            thrown.status,
          );
        throw thrown;
      }
    });
