import type { BatchObservation, SweepReport, SweptBatch } from '../../../lib/core/model/command.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { isJsonObject } from '../../../lib/core/json/json.ts';
import { ask, requestJson } from '../../openai/client/request.ts';
import type { OpenSession, Session } from '../../openai/client/session.ts';
import { type Container, markIn } from './batch.ts';
import { refusal, retrieve } from './calls.ts';
import { statusOf } from './status.ts';

const concurrencyMax = 4;

/** What the service says of each batch, one by one. */
export const observe =
  (open: OpenSession): BatchProvider['observe'] =>
  (asked) =>
    ask(open, { what: 'read the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const observed: BatchObservation[] = [];
      const queue = asked.values();
      const work = async (): Promise<void> => {
        for (const { batchKey, providerBatchId, requests = 1 } of queue) {
          const batch = await retrieve(session, providerBatchId);
          const mark = markIn(batch?.name ?? '');
          // Ids come again where a service starts anew: the answers of another batch would land on
          // our rows.
          if (batch === null || (mark !== null && mark.batchKey !== batchKey)) continue;
          observed.push({ batchKey, ...observationOf(session, batch, requests) });
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrencyMax, asked.length) }, work));
      return observed;
    });

const observationOf = (
  { heard }: Session,
  batch: Container,
  requests: number,
): Omit<BatchObservation, 'batchKey'> => {
  const { id, counts, createdAtMs, expiresAtMs } = batch;
  const { word, stage, ending, named } = statusOf(batch, requests);
  return {
    providerBatchId: id,
    providerStatus: word,
    isAccepted: counts.requests > 0,
    createdAtMs,
    statusSinceMs: null,
    expiresAtMs,
    providerNowMs: heard.dateMs,
    progress: { total: counts.requests, completed: counts.succeeded, failed: counts.failed },
    stage,
    ending,
    named,
    ...(ending === null ? {} : { areFilesPending: false }),
  };
};

/**
 * Asks each batch that an unconfirmed create adds to what it holds: with all the requests it was
 * created; with none, or some, they are not there yet, and once it is cancelled no more will be.
 * What it holds then is ours, and paid for. No list is read: the batch is known by its id.
 */
export const reconcile =
  (open: OpenSession): BatchProvider['sweep'] =>
  ({ creates, known }) =>
    ask(open, { what: 'read the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const found: SweptBatch[] = [];
      const files: SweepReport['files'][number][] = [];
      for (const { inputFileId, requests = 1 } of creates) {
        const batch = inputFileId === null ? null : await retrieve(session, inputFileId);
        if (batch === null || inputFileId === null) continue;
        files.push({ inputFileId, createdAtMs: null });
        const held = batch.counts.requests;
        if (held > 0 && (held >= requests || batch.isCancelled))
          found.push(listedBatch(batch, requests));
      }
      return { found, files, readBackToMs: null, isRunSeen: false, shown: [...known] };
    });

const listedBatch = (batch: Container, requests: number): SweptBatch => {
  const { id, name, createdAtMs } = batch;
  const { word, ending } = statusOf(batch, requests);
  const mark = markIn(name);
  return {
    batchKey: mark?.batchKey ?? null,
    createAttempt: mark?.createAttempt ?? 0,
    inputFileId: id,
    providerBatchId: id,
    providerStatus: word,
    createdAtMs,
    ending: ending?.type ?? null,
  };
};

export const identify =
  (open: OpenSession): BatchProvider['identify'] =>
  (id) =>
    ask(open, { what: `read batch ${id}`, isPaid: false, isAboutOne: true }, async (session) => {
      const batch = await retrieve(session, id);
      return batch === null ? null : listedBatch(batch, 1);
    });

/** Reads a page of the list of batches: key and address are in order. */
export const check =
  (open: OpenSession): BatchProvider['check'] =>
  () =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const answer = await requestJson(session, {
        method: 'get',
        path: '/batches',
        query: { limit: 1 },
      });
      // Gateways in front of it list as OpenAI does.
      const list = isJsonObject(answer) ? (answer['batches'] ?? answer['data']) : undefined;
      if (!Array.isArray(list))
        throw refusal(
          `${session.where} answered with something that is not a list of batches; check the base URL`,
        );
    });
