import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import { CallFailure, HttpFailure, statusIn } from '../client/failures.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { batchPages } from './batch-list.ts';

/** With these a gateway says that it has no list. */
const withoutList: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Reads a page of the list of batches. Without a list, fails unless that is accepted; then it
 * checks key and address by the list of models.
 */
export const check =
  (open: OpenSession): BatchProvider['check'] =>
  ({ acceptsNoList = false } = {}) =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      try {
        await batchPages(session, 1).next();
      } catch (thrown) {
        const status = statusIn(thrown);
        if (!(thrown instanceof HttpFailure) || status === null || !withoutList.has(status))
          throw thrown;
        // Nothing answers under this address, its list least of all.
        if (status === 404 && !(await isServiceThere(session))) throw thrown;
        if (!acceptsNoList) throw noList(session, thrown);
      }
    });

const isServiceThere = async (session: Session): Promise<boolean> => {
  try {
    await requestJson(session, { method: 'GET', path: '/v1/models', query: { limit: 1 } });
    return true;
  } catch (thrown) {
    const status = statusIn(thrown);
    if (status === 404 || status === 501) return false;
    if (status === 405) return true;
    throw thrown;
  }
};

const noList = ({ where }: Session, { status, api, requestId }: HttpFailure): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} does not list its batches (${status}: ${api.message}). Without a list no create whose answer is lost can be found: its batch is held until you say what became of it (\`batchor resolve --run-id RUN --batch KEY --exists ID\`, or --never-created). To accept that: --accept-no-list (checkProvider(config, { acceptNoList: true }))`,
    statusCode: status,
    requestId,
  });

/** Key and address are read where the session is opened. */
export const ready =
  (open: OpenSession): NonNullable<BatchProvider['ready']> =>
  () =>
    ask(open, { what: 'open the connection', isPaid: false, isAboutOne: false }, () =>
      Promise.resolve(),
    );
