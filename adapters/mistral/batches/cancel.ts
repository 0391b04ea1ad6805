import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { statusIn } from '../../openai/client/api-error.ts';
import { requestJson, ask } from '../../openai/client/request.ts';
import { segment } from '../../http/path-segment.ts';
import type { OpenSession } from '../../openai/client/session.ts';
import { retrieve } from './observe.ts';

/**
 * Asks the service to cancel. What it says of a job that is over anyway is not documented: the job
 * itself is asked for.
 */
export const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (id) =>
    ask(open, { what: `cancel job ${id}`, isPaid: false, isAboutOne: true }, async (session) => {
      try {
        await requestJson(session, { method: 'post', path: `/batch/jobs/${segment(id)}/cancel` });
      } catch (thrown) {
        if (![400, 409, 422].includes(statusIn(thrown) ?? 0)) throw thrown;
        const report = await retrieve(session, id);
        const isOver = report !== null && (report.ending !== null || report.stage === 'cancelling');
        if (!isOver) throw thrown;
      }
    });
