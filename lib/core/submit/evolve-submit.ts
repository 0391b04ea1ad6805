import {
  clearBatchFault,
  clearFault,
  grown,
  move,
  withBatch,
  withoutBatch,
} from '../model/changes.ts';
import { reconcileKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { paidAfterCreate } from '../plan/pace.ts';

export type SubmitEvent = EventOf<
  | 'FileLimitLearned'
  | 'LinesRefused'
  | 'BatchUploaded'
  | 'CreateBegun'
  | 'BatchCreated'
  | 'CreateRefused'
  | 'BatchDropped'
>;

/** A batch is uploaded and created, or its input file is refused. */
export const evolveSubmit = (s: RunSnapshot, event: SubmitEvent): RunSnapshot => {
  switch (event.type) {
    case 'FileLimitLearned':
      return { ...clearBatchFault(s, event.batchKey), fileLimit: event.fileLimit };
    case 'LinesRefused': {
      const { batchKey, batchNo, code, indexes, named } = event;
      return {
        ...clearBatchFault(s, batchKey),
        named,
        refused: [...s.refused, { batchKey, batchNo, code, indexes }],
      };
    }
    case 'BatchUploaded':
      return withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
        phase: 'uploaded',
        inputFileId: event.inputFileId,
        uploadedAtMs: event.atMs,
        inputExpiresAtMs: event.expiresAtMs,
      });
    case 'CreateBegun':
      return {
        ...withBatch(s, event.batchKey, {
          phase: 'creating',
          createAttempt: event.createAttempt,
          sentAtMs: event.atMs,
          newestBatchId: event.newestBatchId,
        }),
        createsPaidUntilMs: paidAfterCreate(s, event.atMs),
      };
    case 'BatchCreated': {
      const { providerBatchId, providerStatus, dueAtMs } = event;
      const created = withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
        phase: 'created',
        providerBatchId,
        providerStatus,
        dueAtMs,
        held: null,
        doubt: null,
      });
      return {
        ...clearFault(created, reconcileKey),
        totals: move(s.totals, 'queued_local', 'submitted', event.requests),
      };
    }
    case 'CreateRefused':
      return withBatch(s, event.batchKey, { phase: 'uploaded' });
    case 'BatchDropped':
      return {
        ...clearBatchFault(withoutBatch(s, event.batchKey), event.batchKey),
        totals: move(s.totals, 'queued_local', 'pending', event.requests),
        backlog: grown(s, event.inputBytes, event.inputTokens, event.atMs),
      };
  }
};
