import type { JsonObject } from '../../core/json/json.ts';
import { usageToWire, usdOf } from './consumption-wire.ts';
import type { RunReport } from './report.ts';

/** A report in the exported spelling. Use `toWire`. */
export const reportToWire = (report: RunReport): JsonObject => ({
  run_id: report.runId,
  job_name: report.jobName,
  model: report.model,
  is_finished: report.isFinished,
  item_counts: report.itemCounts,
  result_count: report.resultCount,
  shared_count: report.sharedCount,
  failures: report.failures.map(
    ({ errorClass, count, exampleItemId, remedy, sampledCount, said }) => ({
      error_class: errorClass,
      count,
      example_item_id: exampleItemId,
      remedy,
      sampled_count: sampledCount,
      said: said.map((messages) => ({
        error_code: messages.errorCode,
        message: messages.message,
        count: messages.count,
        example_item_id: messages.exampleItemId,
      })),
    }),
  ),
  attempts: report.attempts.map(({ attemptCount, resultCount }) => ({
    attempt_count: attemptCount,
    result_count: resultCount,
  })),
  usage: usageToWire(report.usage),
  spent_usd: usdOf(report.spentUsd),
  batch_count: report.batchCount,
  slowest_batches: report.slowestBatches.map((batch) => ({
    batch_no: batch.batchNo,
    batch_key: batch.batchKey,
    provider_batch_id: batch.providerBatchId,
    state: batch.state,
    ending: batch.ending,
    latency_s: batch.latencyS,
    request_count: batch.requestCount,
    completed_count: batch.completedCount,
    failed_count: batch.failedCount,
    retried_count: batch.retriedCount,
    usage: usageToWire(batch.usage),
  })),
});
