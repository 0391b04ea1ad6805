import type { EventOf } from '../model/event.ts';
import { batchKeyOfObject } from '../settle/raw-object.ts';
import type { Described } from './run-event-types.ts';
import type { Column } from '../model/command.ts';
import { sharedIn } from '../source/share.ts';
import { failureOfCode } from '../values/failure.ts';

export type RunNews = EventOf<
  | 'RunCreated'
  | 'RunOpened'
  | 'ClockJumped'
  | 'RunPaused'
  | 'ReasonNoted'
  | 'RunResumed'
  | 'OperationChanged'
  | 'CancelRequested'
  | 'RunFinished'
  | 'FaultRecorded'
  | 'ArtifactsExported'
  | 'ArtifactsPruned'
  | 'RawFileCompacted'
>;

/** What is done to the run as a whole, and to its artifacts. */
export const describeRun = (event: RunNews): Described => {
  switch (event.type) {
    case 'RunCreated':
      return [
        'run_created',
        {
          job_name: event.config.jobName,
          model: event.config.provider.model,
          endpoint: event.config.provider.endpoint,
        },
      ];
    case 'RunOpened':
      return ['run_opened', {}];
    case 'ClockJumped':
      return ['clock_jumped', { by_ms: event.byMs }];
    case 'RunPaused':
    case 'ReasonNoted':
      return [
        'run_paused',
        { reason: event.reason, is_automatic: event.reason !== 'manual', message: event.message },
      ];
    case 'RunResumed':
      return ['run_resumed', {}];
    case 'OperationChanged':
      return ['run_changed', {}];
    case 'CancelRequested':
      return ['run_cancel_requested', {}];
    case 'FaultRecorded':
      return [
        'effect_retried',
        { effect: event.key, message: event.message, retry_at_ms: event.dueAtMs },
      ];
    case 'ArtifactsExported':
      return [
        'artifacts_exported',
        {
          destination: event.destination,
          file_count: event.fileCount,
          bytes: event.bytes,
          result_count: event.resultCount,
          manifest_sha256: event.manifestSha256,
        },
      ];
    case 'ArtifactsPruned':
      return [
        'artifacts_pruned',
        { kinds: event.raw ? ['requests', 'raw'] : ['requests'], batch_key: null },
      ];
    case 'RawFileCompacted':
      return ['artifacts_pruned', { kinds: ['raw'], batch_key: batchKeyOfObject(event.object) }];
    case 'RunFinished':
      return ['run_finished', { status: event.status }];
  }
};

type RowsNews = EventOf<
  | 'ItemsAccepted'
  | 'IngestionCompleted'
  | 'BatchPlanned'
  | 'ItemsRequeued'
  | 'PendingFailed'
  | 'LinesDropped'
>;

/** What becomes of rows before they are sent. */
export const describeRows = (event: RowsNews): Described => {
  switch (event.type) {
    case 'ItemsAccepted':
      return [
        'items_ingested',
        {
          count: event.slice.itemIds.length,
          bad_count: event.slice.badOffsets.length,
          ...(event.slice.sameAs === null ? {} : { shared_count: sharedIn(event.slice) }),
          next_index: event.checkpoint.nextIndex,
        },
      ];
    case 'IngestionCompleted':
      return ['ingestion_completed', { next_index: event.checkpoint.nextIndex }];
    case 'BatchPlanned':
      return [
        'items_claimed',
        { count: event.requests, batch_key: event.batchKey, input_bytes: event.inputBytes },
      ];
    case 'PendingFailed':
      return [
        'items_failed',
        {
          count: event.indexes.length,
          batch_key: null,
          by_class: { [failureOfCode(event.code)]: event.indexes.length },
          will_retry_count: 0,
        },
      ];
    case 'LinesDropped':
      return [
        'items_failed',
        {
          count: event.indexes.length,
          batch_key: event.batchKey,
          by_class: { [failureOfCode(event.code)]: event.indexes.length },
          will_retry_count: 0,
        },
      ];
    case 'ItemsRequeued':
      return ['items_requeued', { count: event.indexes.length }];
  }
};

type ResultsNews = EventOf<'ItemsCompleted' | 'ItemsSettled' | 'SharedCompleted' | 'SharedFailed'>;

/** What becomes of rows that were sent. */
export const describeResults = (event: ResultsNews): Described | null => {
  switch (event.type) {
    case 'ItemsCompleted': {
      const count = event.lines.indexes.length;
      return count === 0
        ? null
        : [
            'items_completed',
            {
              count,
              batch_key: event.batchKey,
              last_result_sequence: event.sequenceFrom + count - 1,
            },
          ];
    }
    case 'ItemsSettled': {
      const count = event.failed.indexes.length + event.retried.indexes.length;
      return count === 0
        ? null
        : [
            'items_failed',
            {
              count,
              batch_key: event.batchKey,
              by_class: byClass([event.failed.codes, event.retried.codes]),
              will_retry_count: event.retried.indexes.length,
            },
          ];
    }
    case 'SharedCompleted': {
      const count = event.indexes.length;
      return count === 0
        ? null
        : [
            'items_completed',
            { count, batch_key: null, last_result_sequence: event.sequenceFrom + count - 1 },
          ];
    }
    case 'SharedFailed':
      return [
        'items_failed',
        {
          count: event.indexes.length,
          batch_key: null,
          by_class: byClass([event.codes]),
          will_retry_count: 0,
        },
      ];
  }
};

const byClass = (columns: readonly Column[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const codes of columns) {
    for (let i = 0; i < codes.length; i += 1) {
      const name = failureOfCode(codes[i] as number);
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
};
