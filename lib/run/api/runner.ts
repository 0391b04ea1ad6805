import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { asyncScheduler, type Observable, type SchedulerLike, Subject } from 'rxjs';
import { makeRunId, type RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { OutputOf, StructuredOutput } from '../../schema/types.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { randomHexOf } from '../drive/random-hex.ts';
import { type Attaching, attachJob } from './attach-job.ts';
import { type Connections, createConnections } from './connections.ts';
import { defaultStorage, defaultTokenCounter } from './defaults.ts';
import { createRun } from './create-run.ts';
import { deleteRun } from './delete-run.ts';
import { Drivers } from '../drive/drivers.ts';
import { BatchorError } from './errors.ts';
import { findBatches, type FindBatchesOptions, finderConfig } from '../sources/find-batches.ts';
import type { FoundBatches } from '../sources/found-batches.ts';
import { must, toBatchorError } from './interop.ts';
import { sourceOf } from '../job/job-source.ts';
import type {
  AdoptingJob,
  AnyJob,
  AnyProviderConfig,
  BatchJob,
  JobMetadata,
  JobOutput,
  JobResult,
} from '../job/job.ts';
import { listRuns, type ListedSummary, type ListQuery } from './list-runs.ts';
import { openHandle } from './run-handle.ts';
import type { Quote, QuoteOptions } from '../quote/quote.ts';
import { quoteJob } from '../quote/quote-job.ts';
import { compareSchema } from '../identity/compare-job.ts';
import type { Run, WaitOptions } from './run.ts';
import { requireRunId, runExists } from '../control/run-refusals.ts';
import { type BatchRunnerOptions, type StartOptions, storageOptionsOf } from './runner-options.ts';
import { createStructures, type Structures } from '../job/structures.ts';
import { type WorkOptions, workOn } from '../drive/work.ts';

/** Starts and drives durable runs. Opens its store on first use. Holds no durable state itself. */
export class BatchRunner implements AsyncDisposable {
  /** Live events of every run this process drives. */
  readonly events$: Observable<RunEvent>;
  readonly #options: BatchRunnerOptions;
  readonly #events = new Subject<RunEvent>();
  readonly #closed = new Subject<void>();
  readonly #connections: Connections;
  readonly #structures: Structures;
  readonly #drivers: Drivers;
  #store: Promise<RunStore> | null = null;
  #isClosed = false;

  constructor(options: BatchRunnerOptions = {}) {
    this.#options = options;
    this.events$ = this.#events.asObservable();
    this.#connections = createConnections(options.providers ?? [], options.connectionOf);
    this.#structures = createStructures(options.importModule);
    this.#drivers = new Drivers({
      connections: this.#connections,
      structures: this.#structures,
      scheduler: () => this.#scheduler,
      monotonicMs:
        options.monotonicMs ??
        (options.scheduler === undefined ? () => performance.now() : undefined),
      randomHex: (digits) => this.#randomHex(digits),
      tokenCounter: options.tokenCounter,
      inboxIntervalMs: options.inboxIntervalMs,
      prices: options.prices,
      events: this.#events,
    });
  }

  /**
   * Creates or resumes a durable run. Resolves once it is stored, before batchor sends anything.
   * Throws `api_key_missing` before it stores anything, unless `autorun` is false.
   */
  async start<
    Payload,
    Provider extends AnyProviderConfig,
    Metadata extends JsonObject = JsonObject,
    const Schema extends StructuredOutput | undefined = undefined,
  >(
    job: BatchJob<Payload, Metadata, Schema, Provider>,
    options: StartOptions = {},
  ): Promise<Run<JobResult<Schema, Provider>, Metadata>> {
    const erased = job as unknown as AnyJob;
    const store = await this.#open();
    const runId = this.#runIdOf(options.runId);
    const source = this.#sourceOf(erased);
    const known = options.runId === undefined ? null : await store.read(runId)();
    if (known !== null && isLeft(known) && known.left.type !== 'not_found')
      throw toBatchorError(known.left, { runId, storage: store.describe });
    if (known !== null && isRight(known)) {
      await known.right.close();
      if (options.ifExists === 'fail') throw runExists(runId, store.describe);
      await this.#attach(store, runId, erased, options, true);
    } else await this.#create(store, runId, erased, source, options);
    return this.#handle(store, runId);
  }

  /** Reads existing batches and their input files, for `adopt`. Throws `batch_not_adoptable`. */
  async findBatches(
    ids: readonly string[],
    options: FindBatchesOptions = {},
  ): Promise<FoundBatches> {
    return findBatches(
      await this.#connections.connectTo(finderConfig(options)),
      ids,
      options.signal,
    );
  }

  /**
   * Makes a durable run of existing batches, or resumes it. Each line of their input files is an
   * item, named by its `custom_id` (`BATCH:CUSTOM_ID` with several batches). Sends, cancels and
   * deletes nothing at the provider unless the job sets `retryAdopted`.
   */
  adopt<
    Provider extends AnyProviderConfig,
    const Schema extends StructuredOutput | undefined = undefined,
  >(
    job: AdoptingJob<Schema, Provider>,
    options: StartOptions = {},
  ): Promise<Run<JobResult<Schema, Provider>>> {
    return this.start(job as unknown as BatchJob<unknown, JsonObject, Schema, Provider>, options);
  }

  /** `start` and `wait` in one. */
  async runAndWait<
    Payload,
    Provider extends AnyProviderConfig,
    Metadata extends JsonObject = JsonObject,
    const Schema extends StructuredOutput | undefined = undefined,
  >(
    job: BatchJob<Payload, Metadata, Schema, Provider>,
    options: StartOptions & WaitOptions = {},
  ): Promise<Run<JobResult<Schema, Provider>, Metadata>> {
    const run = await this.start(job, options);
    await run.wait(options);
    return run;
  }

  /**
   * Estimates what a run of the job would send and cost. Reads all rows. Sends and stores nothing.
   */
  quote<
    Payload,
    Provider extends AnyProviderConfig,
    Metadata extends JsonObject = JsonObject,
    const Schema extends StructuredOutput | undefined = undefined,
  >(
    job: BatchJob<Payload, Metadata, Schema, Provider>,
    options: QuoteOptions = {},
  ): Promise<Quote> {
    const { prices, tokenCounter } = this.#options;
    return quoteJob(job as unknown as AnyJob, options, {
      wire: (config) => this.#connections.connect(config),
      tokenCounter: async () => tokenCounter ?? (await defaultTokenCounter()),
      prices,
      reader: (config) => this.#connections.connectTo(config),
    });
  }

  /**
   * A handle of a stored run. With its job: compared, typed, and able to continue reading its
   * input.
   * With its schema: compared and typed. Without either, structured outputs are read by the module
   * that the run's `schemaRef` names, else by the stored JSON Schema (`run.structure()`).
   */
  async getRun<Job extends BatchJob>(
    runId: string,
    options: { readonly job: Job },
  ): Promise<Run<JobOutput<Job>, JobMetadata<Job>>>;
  async getRun<const Schema extends StructuredOutput>(
    runId: string,
    options: { readonly structuredOutput: Schema },
  ): Promise<Run<OutputOf<Schema>>>;
  async getRun(runId: string): Promise<Run>;
  async getRun(
    runId: string,
    options: { readonly job?: BatchJob; readonly structuredOutput?: StructuredOutput } = {},
  ): Promise<Run> {
    const store = await this.#open();
    const id = this.#runIdOf(runId);
    const job = options.job as unknown as AnyJob | undefined;
    if (job !== undefined) await this.#attach(store, id, job);
    if (options.structuredOutput !== undefined) {
      const reader = await must(store.read(id), { runId, storage: store.describe });
      await reader.close();
      compareSchema(id, reader.snapshot.config, options.structuredOutput);
      this.#structures.set(id, options.structuredOutput);
    }
    return this.#handle(store, id);
  }

  /**
   * Runs of the store, newest first. Reports damaged runs to `onDamaged` before the first one.
   * Without it, throws the error of one damaged run after the last one.
   */
  async *listRuns(query: ListQuery = {}): AsyncIterable<ListedSummary> {
    yield* listRuns(await this.#open(), query);
  }

  /**
   * Deletes the run from the store. Refuses an unfinished run unless `abandon`; then returns its
   * batches that continue at the provider. A run that cannot be opened also requires `abandon`; its
   * batches are unknown then (`areBatchesKnown` false).
   */
  async deleteRun(
    runId: string,
    options: { readonly abandon?: boolean } = {},
  ): Promise<{ readonly abandonedBatchIds: readonly string[]; readonly areBatchesKnown: boolean }> {
    const store = await this.#open();
    const id = this.#runIdOf(runId);
    return deleteRun(store, id, {
      abandon: options.abandon === true,
      isDrivenHere: this.#drivers.of(id) !== undefined,
    });
  }

  /**
   * Makes one cheap request to the provider. Throws its error, e.g. `authentication_failed`. Throws
   * `provider_refused` for a service that cannot list its batches, unless `acceptNoList`.
   */
  async checkProvider(
    config: AnyProviderConfig,
    options: { readonly acceptNoList?: boolean } = {},
  ): Promise<void> {
    const provider = await this.#connections.connectTo(config);
    await must(provider.check({ acceptsNoList: options.acceptNoList === true }));
  }

  /**
   * Drives every run of the store that has work due and no owner, until aborted or closed. Includes
   * paused runs with batches in flight. Resolves once all work begun is committed, and all runs are
   * released.
   */
  async work(options: WorkOptions = {}): Promise<void> {
    const store = await this.#open();
    await workOn({
      store,
      drivers: this.#drivers,
      scheduler: this.#scheduler,
      attach: (runId, job) => this.#attach(store, runId, job, options),
      closed$: this.#closed,
      isClosed: () => this.#isClosed,
      options,
    });
  }

  /** Stops driving, releases all runs, closes the store. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drivers.close();
    this.#closed.next();
    this.#events.complete();
    const store = await this.#store?.catch(() => null);
    await store?.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #scheduler(): SchedulerLike {
    return this.#options.scheduler ?? asyncScheduler;
  }

  #randomHex(digits: number): string {
    return (this.#options.randomHex ?? randomHexOf)(digits);
  }

  async #open(): Promise<RunStore> {
    if (this.#isClosed)
      throw new BatchorError(
        'runner_closed',
        {},
        'this runner is closed',
        'Create a new BatchRunner.',
      );
    this.#store ??= Promise.resolve(this.#options.storage ?? defaultStorage()).then((storage) =>
      must(storage.open(storageOptionsOf(this.#options)), { storage: storage.describe }),
    );
    const opening = this.#store;
    try {
      return await opening;
    } catch (error) {
      // After a transient failure, the next call opens the store again.
      if (this.#store === opening) this.#store = null;
      throw error;
    }
  }

  #runIdOf(given: string | undefined): RunId {
    return given === undefined
      ? makeRunId(this.#scheduler.now(), this.#randomHex(8))
      : requireRunId(given);
  }

  #sourceOf(job: AnyJob): EngineSource {
    return sourceOf(job, (config) => this.#connections.connectTo(config));
  }

  async #create(
    store: RunStore,
    runId: RunId,
    job: AnyJob,
    source: EngineSource,
    options: StartOptions,
  ): Promise<void> {
    const run = await createRun(store, runId, {
      job,
      source,
      options,
      prices: this.#options.prices,
      connections: this.#connections,
      isDriven: this.#options.autorun !== false,
      nowMs: () => this.#scheduler.now(),
      randomHex: (digits) => this.#randomHex(digits),
    });
    this.#drivers.attach(runId, source);
    this.#structures.set(runId, job.structuredOutput);
    // A new run is driven at once, or released.
    if (this.#options.autorun === false) return run.close();
    await this.#drivers.drive(run);
  }

  /** Compares the job with a stored run. A start also drives it. */
  async #attach(
    store: RunStore,
    runId: RunId,
    job: AnyJob,
    options: Attaching = {},
    isStart = false,
  ): Promise<void> {
    const { signal = new AbortController().signal, adoptAgain = false } = options;
    const attachment = { runId, job, source: this.#sourceOf(job), signal, isStart, adoptAgain };
    await attachJob(store, attachment, {
      drivers: this.#drivers,
      structures: this.#structures,
      connections: this.#connections,
      prices: this.#options.prices,
      scheduler: this.#scheduler,
      isAutorun: this.#options.autorun !== false,
    });
  }

  async #handle<Output, Metadata extends JsonObject>(
    store: RunStore,
    runId: RunId,
  ): Promise<Run<Output, Metadata>> {
    const run = await openHandle(store, runId, {
      scheduler: this.#scheduler,
      closed$: this.#closed,
      isClosed: () => this.#isClosed,
      prices: this.#options.prices,
      drivers: this.#drivers,
      connections: this.#connections,
      structures: this.#structures,
    });
    // The job determines the result types. The rows are the same.
    return run as unknown as Run<Output, Metadata>;
  }
}
