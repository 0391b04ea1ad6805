import { memberText, withMembers } from '../../core/json/json-members.ts';
import { mayRespell } from '../../core/json/json-numbers.ts';
import type { ItemResult } from '../../core/settle/results.ts';
import type { JsonObject, JsonValue } from '../../core/json/json.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import type { RunCondition } from '../../ports/store-care.ts';
import {
  type BatchFacts,
  costOf,
  noBatchFacts,
  noRowFacts,
  outputOf,
  type ResultParts,
  type RowFacts,
  toResult,
} from '../../effects/results/results.ts';
import { inspectionToWire, verificationToWire } from './audit-wire.ts';
import type { Inspection } from '../audit/inspection.ts';
import { consumptionToWire, quoteToWire, usageToWire } from './consumption-wire.ts';
import type { Quote } from '../quote/quote.ts';
import type { RunReport } from './report.ts';
import { reportToWire } from './report-wire.ts';
import type { DuplicatesSummary } from './duplicates.ts';
import type { CandidateSummary, RunSummary } from './summary.ts';
import type { Verification } from '../audit/verification.ts';

/** The snake_case spelling of exported data. Metadata, outputs and event data keep their keys. */
export const toWire = (
  value: ItemResult | RunSummary | RunEvent | Verification | Inspection | Quote | RunReport,
): JsonObject => {
  if ('worstCaseUsd' in value) return quoteToWire(value);
  if ('slowestBatches' in value) return reportToWire(value);
  if ('laws' in value) return verificationToWire(value);
  if ('attempts' in value) return inspectionToWire(value, resultToWire);
  if ('itemId' in value) return resultToWire(value);
  return 'eventType' in value ? eventToWire(value) : summaryToWire(value);
};

/** A run's stored parts, as `doctor` checks them. `parts` keeps the store's keys. */
export const conditionToWire = ({
  runId,
  state,
  owner,
  version,
  refusal,
  damage,
  loss,
  payload,
  parts,
}: RunCondition): JsonObject => ({
  run_id: runId,
  state,
  owner,
  version,
  refusal,
  damage: damage.map(({ where, what }) => ({ where, what })),
  loss:
    loss === null
      ? null
      : {
          version: loss.version,
          known_version: loss.knownVersion,
          commit_count: loss.commitCount,
          damaged_count: loss.damagedCount,
          bytes: loss.bytes,
          provider_batch_ids: loss.providerBatchIds,
        },
  payload: {
    object_count: payload.objectCount,
    unchecked_count: payload.uncheckedCount,
    changed_count: payload.changed.length,
    lost_sums_count: payload.lostSums.length,
  },
  parts,
});

const resultToWire = (result: ItemResult): JsonObject => ({
  item_id: result.itemId,
  item_index: result.itemIndex,
  status: result.status,
  attempt_count: result.attemptCount,
  uncharged_attempt_count: result.unchargedAttemptCount,
  output_text: result.outputText,
  output: result.status === 'completed' ? (result.output as JsonValue) : null,
  error:
    result.status === 'completed'
      ? null
      : {
          error_class: result.error.errorClass,
          error_code: result.error.errorCode,
          message: result.error.message,
          retryable: result.error.retryable,
          raw_error: result.error.rawError,
        },
  usage: usageToWire(result.usage),
  cost_usd: result.costUsd,
  batch_id: result.batchId,
  latency_s: result.latencyS,
  finish_reason: result.finishReason,
  tool_calls: result.toolCalls,
  ...(result.sharedWithIndex === undefined ? {} : { shared_with_index: result.sharedWithIndex }),
  metadata: result.metadata,
  sequence: result.sequence,
  ...(result.response === undefined ? {} : { response: result.response }),
});

const eventToWire = (event: RunEvent): JsonObject => ({
  event_type: event.eventType,
  run_id: event.runId,
  sequence: event.sequence,
  at: event.at.toISOString(),
  data: event.data,
});

const duplicatesToWire = (duplicates: DuplicatesSummary): JsonObject => ({
  live: duplicates.live,
  ended: duplicates.ended,
  answered_count: duplicates.answeredCount,
  batches: duplicates.batches.map((batch) => ({
    provider_batch_id: batch.providerBatchId,
    batch_key: batch.batchKey,
    is_ended: batch.isEnded,
    is_late: batch.isLate,
  })),
});

const candidateToWire = (candidate: CandidateSummary): JsonObject => ({
  provider_batch_id: candidate.providerBatchId,
  created_at: candidate.createdAt?.toISOString() ?? null,
  request_count: candidate.requestCount,
});

const summaryToWire = (summary: RunSummary): JsonObject => ({
  run_id: summary.runId,
  job_name: summary.jobName,
  status: summary.status,
  control_state: summary.controlState,
  control_reason: summary.controlReason,
  control_message: summary.controlMessage,
  item_counts: summary.itemCounts,
  item_count: summary.itemCount,
  bad_row_count: summary.badRowCount,
  shared: { row_count: summary.shared.rowCount, input_tokens: summary.shared.inputTokens },
  is_ingestion_complete: summary.isIngestionComplete,
  batch_count: summary.batchCount,
  live_batches: summary.liveBatches.map((batch) => ({
    batch_key: batch.batchKey,
    phase: batch.phase,
    provider_batch_id: batch.providerBatchId,
    provider_status: batch.providerStatus,
    request_count: batch.requestCount,
    completed_count: batch.completedCount,
    input_tokens: batch.inputTokens,
    usage: usageToWire(batch.usage),
    held: batch.held,
    submitted_at: batch.submittedAt?.toISOString() ?? null,
    expires_at: batch.expiresAt?.toISOString() ?? null,
    overdue:
      batch.overdue === null
        ? null
        : { reason: batch.overdue.reason, since: batch.overdue.since.toISOString() },
    unclear:
      batch.unclear === null
        ? null
        : {
            stage: batch.unclear.stage,
            since: batch.unclear.since.toISOString(),
            look_count: batch.unclear.looks,
            candidates: batch.unclear.candidates.map(candidateToWire),
          },
  })),
  strays: duplicatesToWire(summary.strays),
  unfenced_creates: summary.unfencedCreates.map((create) => ({
    batch_key: create.batchKey,
    create_attempt: create.createAttempt,
    request_count: create.requestCount,
    sent_at: create.sentAt.toISOString(),
    is_sought: create.isSought,
    candidates: create.candidates.map(candidateToWire),
  })),
  troubles: summary.troubles.map((warning) => ({
    what: warning.what,
    count: warning.count,
    message: warning.message,
    retry_at: warning.retryAt.toISOString(),
  })),
  usage: usageToWire(summary.usage),
  ...consumptionToWire(summary),
  defects: summary.defects,
  last_result_sequence: summary.lastResultSequence,
  created_at: summary.createdAt.toISOString(),
  updated_at: summary.updatedAt.toISOString(),
  next_action_at: summary.nextActionAt?.toISOString() ?? null,
});

/**
 * Equals `JSON.stringify(toWire(toResult(parts, facts)))`, but for numbers of the metadata, which
 * stay as they are written: it is copied from the item line as text. A spec compares both.
 */
export const toWireLine = (parts: ResultParts, facts: RowFacts = noRowFacts): string => {
  const { ref, itemLine, content } = parts;
  const isUsual = ref.status === 'completed' && ref.sameAs === null && parts.isWhole === undefined;
  const metadata = isUsual ? metadataText(ref.itemId, itemLine) : null;
  if (metadata === null)
    return withDigits(JSON.stringify(toWire(toResult(parts, facts))), itemLine);
  const text = JSON.stringify(content?.outputText ?? null);
  // An output that equals the text is quoted once.
  const whole = outputOf(content);
  const output = whole === content?.outputText ? text : JSON.stringify(whole);
  const usage = content?.usage ?? null;
  const row = `"item_id":${JSON.stringify(ref.itemId)},"item_index":${ref.index},"status":"completed","attempt_count":${ref.charged},"uncharged_attempt_count":${ref.uncharged}`;
  const sent = `"usage":${usageText(usage)},"cost_usd":${costOf(usage, facts.prices)},${batchText(ref.line === null ? noBatchFacts : facts.batchOf(ref.line.object))}`;
  const ending = `"finish_reason":${JSON.stringify(content?.finishReason ?? null)},"tool_calls":${JSON.stringify(content?.toolCalls ?? null)}`;
  return `{${row},"output_text":${text},"output":${output},"error":null,${sent},${ending},"metadata":${metadata},"sequence":${ref.sequence}}`;
};

/** Adjacent rows usually belong to one batch. */
let lastBatch: { readonly facts: BatchFacts; readonly text: string } | null = null;
const batchText = (facts: BatchFacts): string => {
  if (lastBatch?.facts !== facts)
    lastBatch = {
      facts,
      text: `"batch_id":${JSON.stringify(facts.batchId)},"latency_s":${JSON.stringify(facts.latencyS)}`,
    };
  return lastBatch.text;
};

const usageText = (usage: TokenUsage | null): string =>
  usage === null
    ? 'null'
    : `{"input_tokens":${usage.inputTokens},"cached_input_tokens":${usage.cachedInputTokens},"output_tokens":${usage.outputTokens},"reasoning_tokens":${usage.reasoningTokens}}`;

/** The line with the metadata as it is stored: parsed, its numbers were written otherwise. */
const withDigits = (line: string, itemLine: string): string => {
  const metadata = mayRespell(itemLine) ? memberText(itemLine, 'metadata') : null;
  return metadata === null ? line : withMembers(line, new Map([['metadata', metadata]]));
};

/** The metadata text of an item line `{"item_id":…,"metadata":{…}}`; null for another shape. */
const metadataText = (itemId: string, itemLine: string): string | null => {
  const prefix = `{"item_id":${JSON.stringify(itemId)},"metadata":`;
  return itemLine.startsWith(prefix) && itemLine.endsWith('}}\n')
    ? itemLine.slice(prefix.length, -2)
    : null;
};
