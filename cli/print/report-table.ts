import { dollars } from '../../lib/core/money/money.ts';
import type { RunReport } from '../../lib/run/view/report.ts';
import { tableOf, withoutControls } from './text-table.ts';

const none = '-';
const messageCharsMax = 300;
const clipped = (text: string): string =>
  text.length <= messageCharsMax ? text : `${text.slice(0, messageCharsMax)}…`;
const countOf = (count: number): string => count.toLocaleString('en-US');

/** How long something took, for a person: `2 h 05 min`, `3 min 20 s`, `4.2 s`. */
export const durationText = (seconds: number): string => {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  // Rounded before it is taken apart: 119.7 s are 2 min 00 s.
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
};

/** The summary of a run as a table: outcomes of rows, errors, duration, batches. */
export const reportTable = (report: RunReport): readonly string[] => {
  const {
    runId,
    jobName,
    model,
    itemCounts,
    failures,
    attempts,
    usage,
    spentUsd,
    batchCount,
    slowestBatches,
  } = report;
  const statuses = Object.entries(itemCounts).filter(([, count]) => count > 0);
  return [
    `run ${runId} (${jobName}, ${model}): ${report.isFinished ? 'finished' : 'not finished'}, ${countOf(report.resultCount)} results`,
    '',
    ...tableOf([['rows', ''], ...statuses.map(([status, count]) => [status, count] as const)]),
    ...(report.sharedCount === 0
      ? []
      : [`${countOf(report.sharedCount)} of them share the request of an earlier row`]),
    ...(failures.length === 0
      ? []
      : [
          '',
          ...tableOf([
            ['failed as', 'rows', 'e.g.', 'what to do'],
            ...failures.map(({ errorClass, count, exampleItemId, remedy }) => [
              errorClass,
              count,
              exampleItemId,
              remedy,
            ]),
          ]),
          ...failures.flatMap(({ errorClass, count, sampledCount, said: messages }) => [
            `${errorClass}, ${sampledCount < count ? `messages of ${countOf(sampledCount)} of ${countOf(count)} rows` : 'messages'}:`,
            ...messages.map(
              (each) =>
                `  ${countOf(each.count)} × ${each.errorCode === null ? '' : `${withoutControls(each.errorCode)}: `}${withoutControls(clipped(each.message))}`,
            ),
          ]),
        ]),
    '',
    ...tableOf([
      ['attempts', 'results'],
      ...attempts.map(({ attemptCount, resultCount }) => [String(attemptCount), resultCount]),
    ]),
    '',
    `tokens: ${countOf(usage.inputTokens)} in (${countOf(usage.cachedInputTokens)} cached), ${countOf(usage.outputTokens)} out (${countOf(usage.reasoningTokens)} reasoning); ${
      spentUsd === null ? 'price unknown' : dollars(spentUsd)
    }`,
    ...(slowestBatches.length === 0
      ? []
      : [
          '',
          `slowest of ${countOf(batchCount)} batches:`,
          ...tableOf([
            [
              'batch',
              'at the provider',
              'took',
              'ended',
              'sent',
              'completed',
              'failed',
              'retried',
              'tokens out',
            ],
            ...slowestBatches.map((batch) => [
              batch.batchNo,
              batch.providerBatchId ?? none,
              durationText(batch.latencyS),
              batch.ending ?? none,
              batch.requestCount,
              batch.completedCount,
              batch.failedCount,
              batch.retriedCount,
              batch.usage.outputTokens,
            ]),
          ]),
        ]),
  ];
};
