import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { asyncScheduler, type Observable, type SchedulerLike, Subject } from 'rxjs';
import { makeRunId, type RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import { isFinished } from '../../core/model/snapshot.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { OutputOf, StructuredOutput } from '../../schema/types.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { randomHexOf } from '../drive/chance.ts';
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
import type { AdoptingJob, AnyJob, AnyProviderConfig, BatchJob, JobMetadata, JobOutput, JobResult } from '../job/job.ts';
import { compareStored } from '../job/compare-stored.ts';
import { listRuns, type ListedSummary, type ListQuery } from './list-runs.ts';
import { openHandle } from './open-handle.ts';
import type { Quote, QuoteOptions } from '../quote/quote.ts';
import { quoteJob } from '../quote/quote-job.ts';
import { compareSchema } from '../control/resume.ts';
import type { Run, WaitOptions } from './run.ts';
import { ownedElsewhere, requireRunId, runExists } from '../control/run-refusals.ts';
import { type BatchRunnerOptions, type StartOptions, storageOptionsOf } from './runner-options.ts';
import { createStructures, type Structures } from '../job/structures.ts';
import { type WorkOptions, workOn } from '../drive/work.ts';

/** Owns durable execution. Nothing is opened until first used; nothing in it is persisted. */
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
      monotonicMs: options.monotonicMs ?? (options.scheduler === undefined ? () => performance.now() : undefined),
      randomHex: (digits) => this.#randomHex(digits),
      tokenCounter: options.tokenCounter,
      inboxIntervalMs: options.inboxIntervalMs,
      prices: options.prices,
      events: this.#events,
    });
  }

  /** Creates or resumes a durable run. Resolves once it is stored, before anything is sent. */
  async start<
    Payload,
    Provider extends AnyProviderConfig,
    Metadata extends JsonObject = JsonObject,
    const Schema extends StructuredOutput | undefined = undefined,
  >(job: BatchJob<Payload, Metadata, Schema, Provider>, options: StartOptions = {}): Promise<Run<JobResult<Schema, Provider>, Metadata>> {
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
      await this.#attach(store, runId, erased, source, options.signal, true);
    } else await this.#create(store, runId, erased, source, options);
    return this.#handle(store, runId);
  }

  /** Reads batches that were created elsewhere, and their whole input files, for `adopt`. Throws `batch_not_adoptable`, which names batch and line. */
  async findBatches(ids: readonly string[], options: FindBatchesOptions = {}): Promise<FoundBatches> {
    return findBatches(await this.#connections.connectTo(finderConfig(options)), ids, options.signal);
  }

  /**
   * Makes a durable run of batches that were created elsewhere, or resumes it: each line of their input files is an item, named by its `custom_id` (of
   * several batches: `BATCH:CUSTOM_ID`). Nothing is sent, cancelled or deleted at the provider, unless the job says `retryAdopted`.
   */
  adopt<Provider extends AnyProviderConfig, const Schema extends StructuredOutput | undefined = undefined>(
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

  /** What a run of the job would send and cost. Reads its rows to their end, so that `items` must be such as can be read again; opens no store, sends nothing, needs no key. */
  quote<
    Payload,
    Provider extends AnyProviderConfig,
    Metadata extends JsonObject = JsonObject,
    const Schema extends StructuredOutput | undefined = undefined,
  >(job: BatchJob<Payload, Metadata, Schema, Provider>, options: QuoteOptions = {}): Promise<Quote> {
    const { prices, tokenCounter } = this.#options;
    return quoteJob(job as unknown as AnyJob, options, {
      wire: (config) => this.#connections.connect(config),
      tokenCounter: async () => tokenCounter ?? (await defaultTokenCounter()),
      prices,
    });
  }

  /**
   * A handle on a stored run. With its job: compared, typed, and able to go on ingesting. With its schema: compared and typed. Without:
   * structured outputs are read by the module that the run's `schemaRef` names, else by the JSON Schema stored with it (`run.structure()`).
   */
  async getRun<Job extends BatchJob>(runId: string, options: { readonly job: Job }): Promise<Run<JobOutput<Job>, JobMetadata<Job>>>;
  async getRun<const Schema extends StructuredOutput>(
    runId: string,
    options: { readonly structuredOutput: Schema },
  ): Promise<Run<OutputOf<Schema>>>;
  async getRun(runId: string): Promise<Run>;
  async getRun(runId: string, options: { readonly job?: BatchJob; readonly structuredOutput?: StructuredOutput } = {}): Promise<Run> {
    const store = await this.#open();
    const id = this.#runIdOf(runId);
    const job = options.job as unknown as AnyJob | undefined;
    if (job !== undefined) await this.#attach(store, id, job, this.#sourceOf(job));
    if (options.structuredOutput !== undefined) {
      const reader = await must(store.read(id), { runId, storage: store.describe });
      await reader.close();
      compareSchema(id, reader.snapshot.config, options.structuredOutput);
      this.#structures.give(id, options.structuredOutput);
    }
    return this.#handle(store, id);
  }

  /**
   * Runs of the store, newest first. Those that cannot be opened are given to `onDamaged`, before the first of the others; without it, the
   * error of one of them is thrown behind the last of the others.
   */
  async *listRuns(query: ListQuery = {}): AsyncIterable<ListedSummary> {
    yield* listRuns(await this.#open(), query);
  }

  /**
   * True after: nothing of the run is left in the store. Refused while unfinished, unless `abandon`: then the batches left at the provider are named. A
   * run that cannot be opened goes only with `abandon`; which of its batches are left is not known then (`areBatchesKnown` false).
   */
  async deleteRun(
    runId: string,
    options: { readonly abandon?: boolean } = {},
  ): Promise<{ readonly abandonedBatchIds: readonly string[]; readonly areBatchesKnown: boolean }> {
    const store = await this.#open();
    const id = this.#runIdOf(runId);
    return deleteRun(store, id, { abandon: options.abandon === true, isDrivenHere: this.#drivers.of(id) !== undefined });
  }

  /**
   * Asks the provider one cheap question: throws `authentication_failed`, `provider_unavailable` or what else it says. A service that cannot list its batches is refused
   * (`provider_refused`) unless `acceptNoList`: creates whose answer is lost cannot be looked for there.
   */
  async checkProvider(config: AnyProviderConfig, options: { readonly acceptNoList?: boolean } = {}): Promise<void> {
    const provider = await this.#connections.connectTo(config);
    await must(provider.check({ acceptsNoList: options.acceptNoList === true }));
  }

  /**
   * Drives every run of the store that nobody drives and to which something is owed, until aborted or closed: paused runs included, while
   * answers are under way. Resolves once what was begun is committed, and all runs are given back.
   */
  async work(options: WorkOptions = {}): Promise<void> {
    const store = await this.#open();
    await workOn({
      store,
      drivers: this.#drivers,
      scheduler: this.#scheduler,
      attach: (runId, job) => this.#attach(store, runId, job, this.#sourceOf(job), options.signal),
      closed$: this.#closed,
      isClosed: () => this.#isClosed,
      options,
    });
  }

  /** Stops driving, gives runs back, closes the store. Runs stay as they are. */
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
    if (this.#isClosed) throw new BatchorError('runner_closed', {}, 'this runner is closed', 'Make a new BatchRunner.');
    this.#store ??= Promise.resolve(this.#options.storage ?? defaultStorage()).then((storage) =>
      must(storage.open(storageOptionsOf(this.#options)), { storage: storage.describe }),
    );
    const opening = this.#store;
    try {
      return await opening;
    } catch (error) {
      // A store that was away for a moment is opened anew at the next call.
      if (this.#store === opening) this.#store = null;
      throw error;
    }
  }

  #runIdOf(given: string | undefined): RunId {
    return given === undefined ? makeRunId(this.#scheduler.now(), this.#randomHex(8)) : requireRunId(given);
  }

  #sourceOf(job: AnyJob): EngineSource {
    return sourceOf(job, (config) => this.#connections.connectTo(config));
  }

  async #create(store: RunStore, runId: RunId, job: AnyJob, source: EngineSource, options: StartOptions): Promise<void> {
    const run = await createRun(store, runId, {
      job,
      source,
      options,
      prices: this.#options.prices,
      connections: this.#connections,
      nowMs: () => this.#scheduler.now(),
      randomHex: (digits) => this.#randomHex(digits),
    });
    this.#drivers.attach(runId, source);
    this.#structures.give(runId, job.structuredOutput);
    // A run just created is driven at once, or given back.
    if (this.#options.autorun === false) return run.close();
    await this.#drivers.drive(run);
  }

  /** Attaches the job to a stored run: compares it, takes over what may change, and drives. */
  async #attach(
    store: RunStore,
    runId: RunId,
    job: AnyJob,
    source: EngineSource,
    signal: AbortSignal = new AbortController().signal,
    mayDrive = false,
  ): Promise<void> {
    const { prices } = this.#options;
    const { snapshot, changedOperation } = await compareStored(store, runId, job, source, { prices, signal, isStart: mayDrive });
    this.#drivers.attach(runId, source);
    this.#structures.give(runId, job.structuredOutput);
    if (isFinished(snapshot) || !mayDrive) return;
    const driver = this.#options.autorun === false ? (this.#drivers.of(runId) ?? null) : await this.#drivers.take(store, runId);
    if (driver === null) {
      if (this.#options.autorun === false) return;
      throw ownedElsewhere(runId, await must(store.ownerOf(runId), { runId }));
    }
    if (changedOperation !== null) await driver.tell({ type: 'ChangeOperation', atMs: this.#scheduler.now(), operation: changedOperation });
  }

  async #handle<Output, Metadata extends JsonObject>(store: RunStore, runId: RunId): Promise<Run<Output, Metadata>> {
    const run = await openHandle(store, runId, {
      scheduler: this.#scheduler,
      closed$: this.#closed,
      isClosed: () => this.#isClosed,
      prices: this.#options.prices,
      drivers: this.#drivers,
      connections: this.#connections,
      structures: this.#structures,
    });
    // The results' types follow from the job: the same rows, seen through it.
    return run as unknown as Run<Output, Metadata>;
  }
}
