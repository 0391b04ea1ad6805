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
export { isDue } from './machine/due.ts';
export { isStandingStill } from './machine/progress.ts';
export { type Effect, effectKey } from './model/effect.ts';
export type {
  BatchObservation,
  Command,
  SweepReport,
  SweptBatch,
  UndecidedBatch,
} from './model/command.ts';
export type { Event } from './model/event.ts';
export type { Rejection } from './model/rejection.ts';
export { InvariantViolation } from './values/invariant.ts';

// A run: its configuration, its state, its names.
export { defaultOperation, type Operation, type RunConfig } from './model/config.ts';
export { openaiTraits, type ServiceTraits } from './values/service-traits.ts';
export { emptySnapshot, isCreated, isFinished, type RunSnapshot } from './model/snapshot.ts';
export {
  type BatchKey,
  type EffectKey,
  makeRunId,
  type ProviderBatchId,
  type RunId,
} from './values/ids.ts';
export { customIdsOf, indexInCustomId, nonceOf } from './values/custom-ids.ts';

// Rows and batches: their states, and what a store keeps of them.
export { itemArrows, type ItemStatus } from './model/item.ts';
export { batchArrows, type LiveBatch } from './model/batch.ts';
export { applyToRows, type RowChange } from './machine/rows.ts';
export { indexesOf } from './values/index-set.ts';
export { type BatchRecord, recordAfter, recordsAfter } from './model/batch-record.ts';
export { censusOfRows } from './model/files-census.ts';
export { emptyUsage, type TokenUsage } from './values/usage.ts';

// Failures: their classes, and what follows from each.
export {
  codeOfFailure,
  failureAction,
  type FailureClass,
  failureOfCode,
} from './values/failure.ts';

// Events and JSON: run events for people, and everything as JSON.
export { type RunEvent, type StoredRunEvent, toRunEvents } from './machine/run-event.ts';
export { commandCodec, eventCodec, type JsonCodec, snapshotCodec } from './codec/json-codec.ts';
export { isJsonObject, type JsonObject } from './json/json.ts';
