import type { ItemResult } from '../../core/settle/results.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { usageToWire } from './consumption-wire.ts';
import type { Inspection, InspectedAttempt } from '../audit/inspection.ts';
import type { BrokenLaw, Verification } from '../audit/verification.ts';

/** `verify` and `inspect` in the exported spelling. Use `toWire`. */

export const verificationToWire = (verification: Verification): JsonObject => ({
  run_id: verification.runId,
  is_sound: verification.isSound,
  version: verification.version,
  item_count: verification.itemCount,
  item_counts: verification.itemCounts,
  laws: verification.laws.map((law) => ({
    law: law.law,
    says: law.says,
    checked_count: law.checkedCount,
    broken_count: law.brokenCount,
  })),
  batches: verification.batches.map((batch) => ({
    batch_no: batch.batchNo,
    batch_key: batch.batchKey,
    provider_batch_id: batch.providerBatchId,
    state: batch.state,
    request_count: batch.requestCount,
    input_tokens: batch.inputTokens,
    usage: usageToWire(batch.usage),
    completed_count: batch.completedCount,
    failed_count: batch.failedCount,
    retried_count: batch.retriedCount,
    open_count: batch.openCount,
  })),
  pruned: {
    are_requests_pruned: verification.pruned.areRequestsPruned,
    raw_file_count: verification.pruned.rawFileCount,
  },
  objects: {
    count: verification.objects.count,
    unchecked_count: verification.objects.uncheckedCount,
  },
  duplicates: {
    provider_batch_ids: verification.duplicates.providerBatchIds,
    answered_count: verification.duplicates.answeredCount,
    undecided_ids: verification.duplicates.undecidedIds,
  },
  broken: verification.broken === null ? null : brokenToWire(verification.broken),
});

const brokenToWire = ({
  law,
  message,
  batchNo,
  batchKey,
  itemIndex,
  itemId,
}: BrokenLaw): JsonObject => ({
  law,
  message,
  batch_no: batchNo,
  batch_key: batchKey,
  item_index: itemIndex,
  item_id: itemId,
});

export const inspectionToWire = (
  inspection: Inspection,
  resultToWire: (result: ItemResult) => JsonObject,
): JsonObject => ({
  run_id: inspection.runId,
  item_id: inspection.itemId,
  item_index: inspection.itemIndex,
  custom_id: inspection.customId,
  status: inspection.status,
  attempt_count: inspection.attemptCount,
  uncharged_attempt_count: inspection.unchargedAttemptCount,
  error_class: inspection.failureClass,
  sequence: inspection.sequence,
  retry_at: inspection.retryAt?.toISOString() ?? null,
  metadata: inspection.metadata,
  bad_row: inspection.badRow,
  request: inspection.request,
  result: inspection.result === null ? null : resultToWire(inspection.result),
  item_line: { ...inspection.itemLine },
  request_line: inspection.requestLine === null ? null : { ...inspection.requestLine },
  is_request_line_kept: inspection.isRequestLineKept,
  shared_with:
    inspection.sharedWith === null
      ? null
      : { item_index: inspection.sharedWith.itemIndex, item_id: inspection.sharedWith.itemId },
  attempts: inspection.attempts.map(attemptToWire),
  faults: inspection.faults,
});

const attemptToWire = (attempt: InspectedAttempt): JsonObject => ({
  batch_no: attempt.batchNo,
  batch_key: attempt.batchKey,
  batch_state: attempt.batchState,
  create_attempt: attempt.createAttempt,
  input_file_id: attempt.inputFileId,
  provider_batch_id: attempt.providerBatchId,
  provider_status: attempt.providerStatus,
  ending: attempt.ending,
  rejection_message: attempt.rejectionMessage,
  lines: attempt.lines.map(({ part, object, offset, length, verdict, isAnswer, error }) => ({
    part,
    object,
    offset,
    length,
    verdict,
    is_answer: isAnswer,
    error:
      error === null
        ? null
        : { error_code: error.errorCode, message: error.message, raw_error: error.rawError },
  })),
  are_raw_files_kept: attempt.areRawFilesKept,
  outcome: attempt.outcome,
  error_class: attempt.failureClass,
  is_charged: attempt.isCharged,
  faults: attempt.faults,
});
