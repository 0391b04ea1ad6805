/**
 * The pure state machine of a run, for loops and stores of your own. No clock, no ids, no
 * randomness, no I/O. What else there is stands in `batchor/core/internal`.
 */

// The machine: a command becomes events and the snapshot after them; a snapshot says which effects
// are due.
export { decide, type Transition, transition } from './machine/transition.ts';
export { evolve } from './machine/evolve.ts';
export { effectsDue, nextDueMs } from './machine/due.ts';
export { type Step, step } from './machine/step.ts';
export { isDue } from './machine/is-due.ts';
export { isStandingStill, owedAtMs } from './machine/pending.ts';
export { type Effect, effectKey } from './model/effect.ts';
export type {
  BatchObservation,
  Command,
  CommandOf,
  SweepReport,
  SweptBatch,
  UndecidedBatch,
} from './model/command.ts';
export type { Event, EventOf } from './model/event.ts';
export type { Rejection } from './model/rejection.ts';
export { InvariantViolation } from './values/invariant.ts';

// A run: its configuration, its state, its names.
export { defaultOperation, type Operation, type RunConfig } from './model/config.ts';
export { openaiTraits, type ServiceTraits } from './values/service-traits.ts';
export {
  type ControlReason,
  emptySnapshot,
  isCreated,
  isFinished,
  type RunControlState,
  type RunSnapshot,
  type RunStatus,
} from './model/snapshot.ts';
export {
  type BatchKey,
  type CustomId,
  type EffectKey,
  isRunId,
  makeRunId,
  type ProviderBatchId,
  type RunId,
} from './values/ids.ts';
export { customIdsOf, indexInCustomId, nonceOf } from './values/custom-ids.ts';

// Rows and batches: their states, and what a store keeps of them.
export { itemArrows, type ItemStatus, itemStatuses, type ItemTotals } from './model/item.ts';
export { batchArrows, type BatchPhase, type LiveBatch } from './model/batch.ts';
export { applyToRows, type RowChange } from './machine/rows.ts';
export { type IndexSet, indexesOf, indexSetOf } from './values/index-set.ts';
export { type BatchRecord, recordAfter, recordsAfter } from './model/batch-record.ts';
export { attemptOutcome } from './settle/attempt.ts';
export { type ConservationLaw, conservationLaws } from './model/conservation.ts';
export { censusOfRows } from './model/census.ts';
export { packBatch, type PackedBatch } from './plan/pack.ts';
export { emptyUsage, type TokenUsage } from './values/usage.ts';

// Failures of rows, and what follows from each.
export {
  codeOfFailure,
  type FailureAction,
  failureAction,
  type FailureClass,
  failureClasses,
  failureOfCode,
} from './values/failure.ts';

// What leaves the machine: events for people, and everything as JSON.
export {
  type RunEvent,
  type RunEventType,
  runEventTypes,
  type StoredRunEvent,
  toRunEvents,
} from './machine/run-event.ts';
export {
  commandCodec,
  eventCodec,
  type JsonCodec,
  jsonFormat,
  snapshotCodec,
} from './codec/json-codec.ts';
export { isJsonObject, type JsonObject, type JsonValue } from './json/json.ts';
