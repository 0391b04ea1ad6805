import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { create } from './create.ts';
import { deleteFile } from '../files/file-state.ts';
import { observe, describe, retrieve } from './observe.ts';
import { download } from '../files/download.ts';
import type { OpenAIEndpoint } from '../config/endpoints.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { identify, reconcile } from './reconcile.ts';
import { upload } from '../files/upload.ts';
import { apiErrorIn, requestIdIn, statusIn } from '../client/api-error.ts';
import { requestJson, ask } from '../client/request.ts';
import { segment } from '../../http/path-segment.ts';
import { CallFailure } from '../client/classify.ts';
import { batchPages } from './batch-list.ts';

/** OpenAI's batch API behind the port. */
export const createBatchProvider = (
  open: OpenSession,
  batch: { readonly endpoint: OpenAIEndpoint; readonly completionWindow: string },
): BatchProvider => ({
  check: check(open),
  ready: ready(open),
  upload: upload(open),
  create: create(open, batch),
  sweep: reconcile(open),
  deleteFile: deleteFile(open),
  identify: identify(open),
  describe: describe(open),
  observe: (batches) => observe(open, batches),
  download: download(open),
  cancel: cancel(open),
});

/**
 * Asks the provider to cancel. What it says of a batch that is over anyway is not documented: the
 * batch itself is looked at.
 */
const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (providerBatchId) =>
    ask(
      open,
      {
        what: `cancel batch ${providerBatchId}`,
        isPaid: false,
        isAboutOne: true,
        isOptional: true,
      },
      async (session) => {
        try {
          await requestJson(session, {
            method: 'post',
            path: `/batches/${segment(providerBatchId)}/cancel`,
          });
        } catch (thrown) {
          const status = statusIn(thrown);
          if (status === null || ![400, 409, 422].includes(status)) throw thrown;
          const report = await retrieve(session, providerBatchId);
          const isOver =
            report !== null && (report.ending !== null || report.stage === 'cancelling');
          if (isOver) return;
          // A conflict is worth another try elsewhere; here the batch is what is in the way.
          throw status === 409
            ? refusedCancel(providerBatchId, report?.status ?? null, thrown)
            : thrown;
        }
      },
    );

const refusedCancel = (id: string, status: string | null, thrown: unknown): CallFailure => {
  const seen = status === null ? 'is not to be seen' : `is ${JSON.stringify(status)}`;
  const message = `batch ${id}, which ${seen}, is not cancelled: 409: ${apiErrorIn(thrown).message}`;
  return new CallFailure({
    type: 'refused',
    message,
    statusCode: 409,
    requestId: requestIdIn(thrown),
  });
};

/**
 * With these a service says that it has no list: GET on an address that takes a POST
 * (litellm#4966), or nothing there at all.
 */
const withoutList: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Reads a page of the list of batches. Without a list, fails unless that is accepted; then it
 * checks key and address by the list of files.
 */
const check = (open: OpenSession): BatchProvider['check'] =>
  checkList(open, 'list the batches', batchPages);

/** The same, by the list of a service that has one of its own over OpenAI's files. */
export const checkList =
  (
    open: OpenSession,
    what: string,
    pagesOf: (session: Session) => AsyncIterator<unknown>,
  ): BatchProvider['check'] =>
  ({ acceptsNoList = false } = {}) =>
    ask(open, { what, isPaid: false, isAboutOne: false }, async (session) => {
      try {
        await pagesOf(session).next();
      } catch (thrown) {
        const status = statusIn(thrown);
        if (status === null || !withoutList.has(status)) throw thrown;
        const isThere = await isServiceThere(session);
        // Nothing answers under this address, its list least of all.
        if (status === 404 && !isThere) throw thrown;
        if (!acceptsNoList) throw noList(session, status, thrown);
      }
    });

/** True if a service answers at the address. Throws what the key is rejected with. */
const isServiceThere = async (session: Session): Promise<boolean> => {
  for (const path of ['/files', '/models']) {
    try {
      await requestJson(session, {
        method: 'get',
        path,
        ...(path === '/files' ? { query: { purpose: 'batch', limit: 1 } } : {}),
      });
      return true;
    } catch (thrown) {
      const status = statusIn(thrown);
      if (status === 405) return true;
      if (status !== 404 && status !== 501) throw thrown;
    }
  }
  return false;
};

const noList = ({ where }: Session, statusCode: number, thrown: unknown): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${where} does not list its batches (${saidWith(statusCode, apiErrorIn(thrown).message)}). Without a list no create whose answer is lost can be looked for: its batch is held until you say what became of it (\`batchor resolve --run-id RUN --batch KEY --exists ID\`, or --never-created), and a batch that a doubled request makes is not noticed. To accept that: --accept-no-list (checkProvider(config, { acceptNoList: true }))`,
    statusCode,
    requestId: null,
  });

/** Where the body says nothing, the SDK repeats the status. */
const saidWith = (statusCode: number, message: string): string =>
  message.startsWith(String(statusCode)) ? message : `${statusCode}: ${message}`;

/** Key and address are read where the session is opened. */
export const ready =
  (open: OpenSession): NonNullable<BatchProvider['ready']> =>
  () =>
    ask(open, { what: 'open the connection', isPaid: false, isAboutOne: false }, () =>
      Promise.resolve(),
    );
