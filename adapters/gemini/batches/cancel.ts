import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { statusIn } from '../client/api-error.ts';
import { ask, resourcePath } from '../client/ask.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession } from '../client/session.ts';
import { retrieve } from './retrieve.ts';

/**
 * Asks the service to cancel. What it says of a batch that is over anyway is not documented: the
 * batch itself is asked for.
 */
export const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (id) =>
    ask(open, { what: `cancel ${id}`, isPaid: false, isAboutOne: true }, async (session) => {
      try {
        await requestJson(session, {
          method: 'POST',
          path: `${resourcePath('batches', id)}:cancel`,
          json: {},
        });
      } catch (thrown) {
        if (![400, 409].includes(statusIn(thrown) ?? 0)) throw thrown;
        const report = await retrieve(session, id);
        const isOver = report !== null && (report.ending !== null || report.stage === 'cancelling');
        if (!isOver) throw thrown;
      }
    });
