import type { JsonObject } from '../json/json.ts';

/** Every type of a run event. They are stored and public: none is renamed or removed. */
export const runEventTypes = [
  'run_created',
  'run_opened',
  'clock_jumped',
  'run_resumed',
  'run_paused',
  'run_cancel_requested',
  'run_changed',
  'run_finished',
  'items_ingested',
  'ingestion_completed',
  'items_claimed',
  'items_completed',
  'items_failed',
  'items_requeued',
  'batch_uploaded',
  'batch_submitted',
  'batch_unclear',
  'batch_absent',
  'batch_replanned',
  'batch_held',
  'batch_released',
  'batch_stray',
  'batch_stray_ended',
  'batch_dropped',
  'batch_polled',
  'batch_completed',
  'batch_failed',
  'batch_overdue',
  'batch_given_up',
  'queue_refused',
  'queue_learned',
  'submit_retried',
  'file_limit_learned',
  'lines_refused',
  'effect_retried',
  'artifacts_exported',
  'artifacts_pruned',
] as const;
/** The type of a run event, the same on the command line, in webhooks and in stores. */
export type RunEventType = (typeof runEventTypes)[number];

/** A run event without its place: its type, and its data with keys in snake_case. */
export type Described = readonly [RunEventType, JsonObject];
