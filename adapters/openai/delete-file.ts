import type { BatchProvider } from '../../lib/ports/provider.ts';
import { statusIn } from './api-error.ts';
import { ask, rereadable, segment } from './ask.ts';
import type { OpenSession } from './session.ts';

/** Deletes a file; one that is gone already is as good. Asking twice changes nothing, so that the SDK may. */
export const deleteFile =
  (open: OpenSession): BatchProvider['deleteFile'] =>
  (fileId) =>
    ask(open, { what: `delete file ${fileId}`, isPaid: false, isAboutOne: true }, async (session) => {
      try {
        await session.client.delete(`/files/${segment(fileId)}`, rereadable(session));
      } catch (thrown) {
        if (statusIn(thrown) !== 404) throw thrown;
      }
    });
