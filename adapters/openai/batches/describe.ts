import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import { retrieve } from './observe.ts';
import type { OpenSession } from '../client/session.ts';

/** A batch that was created elsewhere. */
export const describe =
  (open: OpenSession): NonNullable<BatchProvider['describe']> =>
  (providerBatchId) =>
    ask(
      open,
      { what: `read batch ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const report = await retrieve(session, providerBatchId);
        if (report === null) return null;
        const { status, inputFileId, named, progress } = report;
        // Zero while it is validated, and of a batch whose validation failed.
        const requests = progress === null || progress.total === 0 ? null : progress.total;
        return { providerBatchId, providerStatus: status, inputFileId, named, requests };
      },
    );
