/** batchor: the front door. Promises, AsyncIterables and Observables. */
export * from './run/errors.ts';
export {
  defineJob,
  type BatchJob,
  type BudgetOptions,
  type CanaryOptions,
  type ChunkOptions,
  type CircuitBreakerOptions,
  type JobMetadata,
  type JobOutput,
  type JobPayload,
  type RetryOptions,
} from './run/job.ts';
export type { Items, ObservableItems } from './run/observable-items.ts';
export { type PriceBook, type PricedModel, priceTable } from './run/price-book.ts';
export { compositeSource, type CompositeOptions, type CompositePosition } from './run/composite-source.ts';
export { parsePrices } from './run/price-file.ts';
export type * from './run/quote.ts';
export { createTokenSample, type TokenSample, type TokenSampleOptions, type TokenTotal } from './run/quote-sample.ts';
export type { ResumeOptions } from './run/resume-changes.ts';
export { BatchRunner } from './run/runner.ts';
export type { BatchRunnerOptions, RunnerStorage, StartOptions } from './run/runner-options.ts';
export type { WaitingRun, WorkNotice, WorkOptions } from './run/work.ts';
export type * from './run/artifacts.ts';
export type * from './run/inspection.ts';
export type * from './run/run.ts';
export type { BatchReport, FailureReport, RunReport } from './run/report.ts';
export type { EarlierItem, RunSourceOptions } from './run/run-source.ts';
export type { Consumption } from './run/consumption.ts';
export type { RunSummary } from './run/summary.ts';
export type { RunStructure } from './run/structures.ts';
export type * from './run/verification.ts';
export { toWire } from './run/wire.ts';
export { described, withJsonSchema } from './schema/annotate.ts';
export type { SchemaProblem, SchemaRule } from './schema/problem.ts';
export type { StrictRules } from './schema/strict-rules.ts';
export type * from './schema/types.ts';
export { memoryStore } from './sim/store/memory-store.ts';
export type { BatchRecordState } from './core/batch-record.ts';
export type { SchemaRef, TokenPrices } from './core/config.ts';
export type { ConservationLaw } from './core/conservation.ts';
export type * from './core/results.ts';
export type { FailureClass } from './core/failure.ts';
export type { ItemStatus } from './core/item.ts';
export type { JsonObject, JsonValue } from './core/json.ts';
export type { RunEvent, RunEventType } from './core/run-event.ts';
export type { ControlReason, RunControlState, RunSnapshot, RunStatus } from './core/snapshot.ts';
export type { TokenUsage } from './core/usage.ts';
export type { BatchItem, CheckpointedItemSource, RowMapping, SourceEntry, SourceOrigin, SourceRow } from './ports/source.ts';
export { SourceError } from './ports/source-error.ts';
export type { Cell, TableColumn, TableColumnType, TableFormat, TablePage, TableStream } from './ports/table.ts';
export type { PromptParts, ProviderConfig, ProviderConnection } from './ports/provider.ts';
export type { Storage } from './ports/run-store.ts';
export type { CountedTokens, TokenCounter } from './ports/tokens.ts';
