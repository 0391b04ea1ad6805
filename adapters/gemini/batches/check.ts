import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { statusIn } from '../client/api-error.ts';
import { ask } from '../client/ask.ts';
import { refusal } from '../client/classify.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { batchPages } from './batch-list.ts';

/** With these a gateway says that it has no list. */
const withoutList: ReadonlySet<number> = new Set([405, 501]);

/**
 * Reads a page of the list of batches: key, address and the list itself are in order. Without a
 * list, fails unless that is accepted; then it checks key and address by the list of models.
 */
export const check =
  (open: OpenSession): BatchProvider['check'] =>
  ({ acceptsNoList = false } = {}) =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      try {
        await batchPages(session).next();
      } catch (thrown) {
        const status = statusIn(thrown);
        if (status === null || !withoutList.has(status)) throw thrown;
        if (!acceptsNoList) throw noList(session, status);
        await checkModels(session);
      }
    });

/** Throws what the key is refused with. A gateway may have no list of models either. */
const checkModels = async (session: Session): Promise<void> => {
  try {
    await requestJson(session, { method: 'GET', path: '/v1beta/models', query: { pageSize: '1' } });
  } catch (thrown) {
    const status = statusIn(thrown);
    if (status !== 404 && (status === null || !withoutList.has(status))) throw thrown;
  }
};

const noList = ({ where }: Session, status: number): Error =>
  refusal(
    `${where} does not list its batches (${status}). Without a list no create whose answer is lost can be found: its batch is held until you say what became of it (\`batchor resolve --run-id RUN --batch KEY --exists ID\`, or --never-created). To accept that: --accept-no-list (checkProvider(config, { acceptNoList: true }))`,
    status,
  );

/** Key and address are read where the session is opened. */
export const ready =
  (open: OpenSession): NonNullable<BatchProvider['ready']> =>
  () =>
    ask(open, { what: 'open the connection', isPaid: false, isAboutOne: false }, () =>
      Promise.resolve(),
    );
