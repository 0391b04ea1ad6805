/** batchor: the front door. Promises, AsyncIterables and Observables. */
export * from './run/api/errors.ts';
export {
  defineJob,
  type AdoptingJob,
  type BatchJob,
  type BudgetOptions,
  type CanaryOptions,
  type ChunkOptions,
  type CircuitBreakerOptions,
  type JobMetadata,
  type JobOutput,
  type JobPayload,
  type RetryOptions,
} from './run/job/job.ts';
export type { AdoptedBatch } from './core/model/adopted.ts';
export type { FindBatchesOptions } from './run/sources/find-batches.ts';
export type { FoundBatches } from './run/sources/found-batches.ts';
export type { Items, ObservableItems } from './run/sources/observable-items.ts';
export { type PriceBook, type PricedModel, priceTable } from './run/job/price-book.ts';
export {
  compositeSource,
  type CompositeOptions,
  type CompositePosition,
} from './run/sources/composite-source.ts';
export { parsePrices } from './run/job/price-file.ts';
export type * from './run/quote/quote.ts';
export {
  createTokenSample,
  type TokenSample,
  type TokenSampleOptions,
  type TokenTotal,
} from './run/quote/quote-sample.ts';
export type { ResumeOptions } from './run/control/resume-changes.ts';
export { BatchRunner } from './run/api/runner.ts';
export type { BatchRunnerOptions, RunnerStorage, StartOptions } from './run/api/runner-options.ts';
export type { WaitingRun, WorkNotice, WorkOptions } from './run/drive/work.ts';
export type * from './run/archive/artifacts.ts';
export type * from './run/audit/inspection.ts';
export type * from './run/api/run.ts';
export type { FailureWords } from './run/view/failure-words.ts';
export type { BatchReport, FailureReport, RunReport } from './run/view/report.ts';
export type { EarlierItem, RunSourceOptions } from './run/sources/run-source.ts';
export type { Consumption } from './run/view/consumption.ts';
export type { RunSummary } from './run/view/summary.ts';
export type { RunStructure } from './run/job/structures.ts';
export type * from './run/audit/verification.ts';
export { toWire } from './run/view/wire.ts';
export { described, withJsonSchema } from './schema/annotate.ts';
export type { SchemaProblem, SchemaRule } from './schema/problem.ts';
export type { StrictRules } from './schema/strict-rules.ts';
export type * from './schema/types.ts';
export { memoryStore } from './sim/store/memory-store.ts';
export type { BatchRecordState } from './core/model/batch-record.ts';
export type { SchemaRef, TokenPrices } from './core/model/config.ts';
export type { ConservationLaw } from './core/model/conservation.ts';
export type * from './core/settle/results.ts';
export type { FailureClass } from './core/values/failure.ts';
export type { ItemStatus } from './core/model/item.ts';
export type { JsonObject, JsonValue } from './core/json/json.ts';
export type { RunEvent, RunEventType } from './core/machine/run-event.ts';
export type {
  ControlReason,
  RunControlState,
  RunSnapshot,
  RunStatus,
} from './core/model/snapshot.ts';
export type { TokenUsage } from './core/values/usage.ts';
export type {
  BatchItem,
  CheckpointedItemSource,
  RowMapping,
  SourceEntry,
  SourceOrigin,
  SourceRow,
} from './ports/source.ts';
export { SourceError } from './ports/source-error.ts';
export type {
  Cell,
  TableColumn,
  TableColumnType,
  TableFormat,
  TablePage,
  TableStream,
} from './ports/table.ts';
export type { PromptParts, ProviderConfig, ProviderConnection } from './ports/provider.ts';
export type { Storage } from './ports/run-store.ts';
export type { CountedTokens, TokenCounter } from './ports/tokens.ts';
