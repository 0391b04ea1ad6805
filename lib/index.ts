/** The front door: promises, async iterables and observables. */

// Running jobs: the runner, its options, and the handle of a run.
export { BatchRunner } from './run/api/runner.ts';
export type { BatchRunnerOptions, RunnerStorage, StartOptions } from './run/api/runner-options.ts';
export type * from './run/api/run.ts';
export type { ListedSummary, ListQuery } from './run/api/list-runs.ts';
export type { ResumeOptions } from './run/control/resume-changes.ts';
export type { WaitingRun, WorkNotice, WorkOptions } from './run/drive/work.ts';
export { memoryStore } from './sim/store/memory-store.ts';

// Jobs: rows, prompts, the provider, and the policies of a run.
export {
  defineJob,
  type AdoptingJob,
  type AnyJob,
  type BatchJob,
  type BudgetOptions,
  type CanaryOptions,
  type ChunkOptions,
  type CircuitBreakerOptions,
  type JobMetadata,
  type JobOutput,
  type JobPayload,
  type RetryOptions,
  type ReuseOptions,
} from './run/job/job.ts';
export type { EnqueueChanges } from './run/job/job-limits.ts';
export type { PromptParts, ProviderConfig, ProviderConnection } from './ports/provider.ts';
export type { SchemaRef, TokenPrices } from './core/model/config.ts';

// Sources: where rows come from.
export type {
  BatchItem,
  CheckpointedItemSource,
  RowMapping,
  SourceEntry,
  SourceOrigin,
  SourceRow,
} from './ports/source.ts';
export { SourceError } from './ports/source-error.ts';
export type { Items, ObservableItems } from './run/sources/observable-items.ts';
export {
  compositeSource,
  type CompositeOptions,
  type CompositePosition,
} from './run/sources/composite-source.ts';
export type { EarlierItem, RunSourceOptions } from './run/sources/run-source.ts';

// Adopting batches: batches that another program created, as a run.
export type { AdoptedBatch } from './core/model/adopted.ts';
export type { RetryingRun } from './run/api/adopted-elsewhere.ts';
export type { FindBatchesOptions } from './run/sources/find-batches.ts';
export type { FoundBatches } from './run/sources/found-batches.ts';

// Results: what became of each row, as objects, JSON lines or tables.
export type * from './core/settle/results.ts';
export type { FailureClass } from './core/values/failure.ts';
export type { TokenUsage } from './core/values/usage.ts';
export { toWire } from './run/view/wire.ts';
export type {
  Cell,
  TableColumn,
  TableColumnType,
  TableFormat,
  TablePage,
  TableStream,
} from './ports/table.ts';

// The state of a run: summaries, snapshots, events and reports.
export type { DuplicatesSummary } from './run/view/duplicates.ts';
export type { CandidateSummary, RunSummary } from './run/view/summary.ts';
export type {
  ControlReason,
  RunControlState,
  RunSnapshot,
  RunStatus,
} from './core/model/snapshot.ts';
export type { ItemStatus } from './core/model/item.ts';
export type { BatchRecordState } from './core/model/batch-record.ts';
export type { Consumption } from './run/view/consumption.ts';
export type { BatchReport, FailureReport, RunReport } from './run/view/report.ts';
export type { FailureWords } from './run/view/failure-words.ts';
export type { RunEvent, RunEventType } from './core/machine/run-event.ts';

// Checking and keeping runs: verify, inspect, export, prune.
export type * from './run/audit/verification.ts';
export type { ConservationLaw } from './core/model/conservation.ts';
export type * from './run/audit/inspection.ts';
export type * from './run/archive/artifacts.ts';

// Quotes and prices: what a job would cost.
export type * from './run/quote/quote.ts';
export {
  createTokenSample,
  type TokenSample,
  type TokenSampleOptions,
  type TokenTotal,
} from './run/quote/quote-sample.ts';
export { type PriceBook, type PricedModel, priceTable } from './run/job/price-book.ts';
export { parsePrices } from './run/job/price-file.ts';
export type { CountedTokens, TokenCounter } from './ports/tokens.ts';

// Structured output: schemas, their check, and answers read by them.
export { described, withJsonSchema } from './schema/annotate.ts';
export type * from './schema/types.ts';
export type { SchemaProblem, SchemaRule } from './schema/problem.ts';
export type { StrictRules } from './schema/strict-rules.ts';
export type { RunStructure } from './run/job/structures.ts';

// Errors and plain values: what is thrown, and JSON.
export * from './run/api/errors.ts';
export type { JsonObject, JsonValue } from './core/json/json.ts';
export type { Storage } from './ports/run-store.ts';
