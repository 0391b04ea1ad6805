/**
 * Every part of the core, for stores, adapters and engines of your own. Names here may change
 * between minor versions.
 */
export {
  type AdoptedBatch,
  type AdoptedRange as AdoptedPlace,
  adoptedRangeOf as adoptedPlaceOf,
  type Adopting,
  itemIdOfAdopted,
} from './model/adopted.ts';
export * from './settle/attempt.ts';
export * from './model/batch.ts';
export * from './model/batch-record.ts';
export * from './plan/budget.ts';
export * from './model/files-census.ts';
export * from './poll/files-fault.ts';
export * from './model/command.ts';
export * from './model/config.ts';
export * from './model/conservation.ts';
export * from './values/custom-ids.ts';
export * from './values/service-traits.ts';
export { decide, type Transition, transition } from './machine/transition.ts';
export { isQuarantined } from './control/control.ts';
export { effectsDue, nextDueMs } from './machine/due.ts';
export { isStandingStill, owedAtMs, pendingRuns as owedRuns } from './machine/progress.ts';
export { canProgress, stuckFaults } from './machine/progress.ts';
export { type Effect, effectKey } from './model/effect.ts';
export * from './model/event.ts';
export { evolve } from './machine/evolve.ts';
export * from './values/failure.ts';
export type { FileLimit } from './model/file-limit.ts';
export * from './values/ids.ts';
export * from './values/index-set.ts';
export { InvariantViolation } from './values/invariant.ts';
export { isDue } from './machine/due.ts';
export * from './model/item.ts';
export { isJsonObject, isJsonValue, type JsonObject, type JsonValue } from './json/json.ts';
export {
  commandCodec,
  eventCodec,
  type JsonCodec,
  jsonFormat,
  snapshotCodec,
} from './codec/json-codec.ts';
export * from './values/limits.ts';
export type { NamedStreak } from './model/named-streak.ts';
export * from './values/judged.ts';
export {
  costOfUsage,
  remainingUsd as moneyRoom,
  spentUsd,
  worstOfLiveUsd,
  type WorstPrices,
  worstPrices,
} from './money/money.ts';
export { packBatch, type PackedBatch } from './plan/pack.ts';
export { batchLimitsOf } from './plan/budget.ts';
export { priceIn } from './money/money.ts';
export * from './model/queue-state.ts';
export * from './plan/quota.ts';
export type { RefusedRows } from './model/refused-rows.ts';
export type { Rejection } from './model/rejection.ts';
export type * from './settle/results.ts';
export { applyToRows, type RowChange } from './machine/rows.ts';
export {
  type RunEvent,
  type RunEventType,
  runEventTypes,
  type StoredRunEvent,
  toRunEvents,
} from './machine/run-event.ts';
export * from './model/snapshot.ts';
export { duplicateIds, idOfBadRow, idOfBadRowBeside } from './source/source.ts';
export { type Step, step } from './machine/step.ts';
export * from './values/usage.ts';
export * from './values/usage.ts';
