import type { EventOf } from '../model/event.ts';
import { batchKeyOfObject } from '../settle/raw-object.ts';
import type { Described } from './run-event-types.ts';

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
