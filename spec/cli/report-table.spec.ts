import { describe, expect, it } from 'vitest';
import { durationText, reportTable } from '../../cli/print/report-table.ts';
import type { RunReport } from '../../lib/run/view/report.ts';

const usage = { inputTokens: 1_200, cachedInputTokens: 0, outputTokens: 7, reasoningTokens: 0 };
const report: RunReport = {
  ...{
    runId: 'r',
    jobName: 'job',
    model: 'm',
    isFinished: true,
    resultCount: 3,
    sharedCount: 0,
    attempts: [],
    usage,
    spentUsd: null,
  },
  itemCounts: {
    pending: 0,
    queued_local: 0,
    submitted: 0,
    completed: 2,
    failed_retryable: 0,
    failed_permanent: 1,
    shared: 0,
  },
  failures: [
    {
      errorClass: 'server_error',
      count: 1,
      exampleItemId: 'a\nb\u{1b}[2Jc',
      sampledCount: 1,
      said: [{ errorCode: '502', message: 'try\nlater', count: 1, exampleItemId: 'x' }],
      remedy: 'Ask again.',
    },
  ],
  ...{ batchCount: 0, slowestBatches: [] },
};

describe('a report for a person', () => {
  it('says how long in parts that add up', () => {
    const shown = [0.04, 59.94, 59.97, 60, 119.4, 119.7, 3_599.4, 3_599.7, 3_660, 7_199.6].map(
      durationText,
    );
    expect(shown).toEqual([
      ...['0.0 s', '59.9 s', '1 min 00 s', '1 min 00 s', '1 min 59 s', '2 min 00 s', '59 min 59 s'],
      ...['1 h 00 min', '1 h 01 min', '2 h 00 min'],
    ]);
  });

  it('keeps each row on its line, and gives the terminal no orders, whatever an id holds', () => {
    const lines = reportTable(report);
    expect(lines.join('\n')).not.toMatch(/[^\P{Cc}\n]/u);
    expect(lines.find((line) => line.startsWith('server_error'))).toBe(
      'server_error     1  a\\u000ab\\u001b[2Jc  Ask again.',
    );
  });
});
