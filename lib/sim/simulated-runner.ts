import type { AnyJob } from '../run/job/job.ts';
import { asIterable } from '../run/sources/observable-items.ts';
import { isStream } from '../run/sources/single-pass.ts';
import { BatchRunner } from '../run/api/runner.ts';
import type { BatchRunnerOptions, StartOptions } from '../run/api/runner-options.ts';
import type {
  AnyProviderConfig,
  BatchJob,
  JobMetadata,
  JobOutput,
  JobResult,
} from '../run/job/job.ts';
import { prepareStructure } from '../run/job/job-structure.ts';
import type { Run } from '../run/api/run.ts';
import type { OutputOf, StructuredOutput } from '../schema/types.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { CheckpointedItemSource } from '../ports/source.ts';
import type { SimulatedProcess } from './process.ts';

/** A runner in a simulated process. Time does not advance while its jobs read or render. */
export class SimulatedRunner extends BatchRunner {
  readonly #process: SimulatedProcess;
  constructor(options: BatchRunnerOptions, process: SimulatedProcess) {
    super({
      ...options,
      importModule: (url) => process.pull(() => (options.importModule ?? importModule)(url)),
    });
    this.#process = process;
  }

  override async start<
    Payload,
    Provider extends AnyProviderConfig,
    Metadata extends JsonObject = JsonObject,
    const Schema extends StructuredOutput | undefined = undefined,
  >(
    job: BatchJob<Payload, Metadata, Schema, Provider>,
    options: StartOptions = {},
  ): Promise<Run<JobResult<Schema, Provider>, Metadata>> {
    const { structuredOutput } = job;
    // Answer schemas may have to be loaded, which takes no virtual time.
    if (structuredOutput !== undefined)
      await this.#process.pull(() => prepareStructure(structuredOutput).catch(() => undefined));
    return super.start(
      watchedJob(job as unknown as AnyJob, this.#process) as unknown as BatchJob<
        Payload,
        Metadata,
        Schema,
        Provider
      >,
      options,
    );
  }

  override getRun<Job extends BatchJob>(
    runId: string,
    options: { readonly job: Job },
  ): Promise<Run<JobOutput<Job>, JobMetadata<Job>>>;
  override getRun<const Schema extends StructuredOutput>(
    runId: string,
    options: { readonly structuredOutput: Schema },
  ): Promise<Run<OutputOf<Schema>>>;
  override getRun(runId: string): Promise<Run>;
  override async getRun(
    runId: string,
    options: { readonly job?: BatchJob; readonly structuredOutput?: StructuredOutput } = {},
  ): Promise<Run> {
    const { job, structuredOutput } = options;
    const run: Run = await (job !== undefined
      ? super.getRun(runId, {
          job: watchedJob(job as unknown as AnyJob, this.#process) as BatchJob,
        })
      : structuredOutput === undefined
        ? super.getRun(runId)
        : super.getRun(runId, { structuredOutput }));
    await this.#process.pull(() => run.structure());
    return run;
  }
}

const importModule = (url: string): Promise<unknown> => import(url) as Promise<unknown>;

/** The job, with its own code run inside the process. */
const watchedJob = (job: AnyJob, process: SimulatedProcess): AnyJob => {
  const buildPrompt = (item: never): unknown => {
    const prompt = job.buildPrompt(item);
    return prompt instanceof Promise ? process.pull(() => prompt as Promise<unknown>) : prompt;
  };
  if (job.source !== undefined)
    return { ...job, buildPrompt, source: watchedSource(job.source, process) };
  // Items in memory never make the run wait.
  if (job.items === undefined) return { ...job, buildPrompt };
  const items = asIterable(job.items);
  return Symbol.iterator in items
    ? { ...job, buildPrompt }
    : { ...job, buildPrompt, items: watched(items, process) };
};

const watchedSource = (
  source: CheckpointedItemSource<unknown, JsonObject>,
  process: SimulatedProcess,
): CheckpointedItemSource<unknown, JsonObject> => ({
  kind: source.kind,
  ref: source.ref,
  fingerprint: (options) => process.pull(() => source.fingerprint(options)),
  read: (from, options) => watched(source.read(from, options), process),
});

const watched = <A>(values: AsyncIterable<A>, process: SimulatedProcess): AsyncIterable<A> => {
  const watch = (iterator: AsyncIterator<A>): AsyncIterator<A> => ({
    next: () => process.pull(() => iterator.next()),
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  });
  if (!isSinglePass(values))
    return { [Symbol.asyncIterator]: () => watch(values[Symbol.asyncIterator]()) };
  const once: AsyncIterableIterator<A> = {
    ...watch(values[Symbol.asyncIterator]()),
    [Symbol.asyncIterator]: () => once,
  };
  return once;
};

/** A generator is its own iterator, and its wrapper must be recognised as single-pass too. */
const isSinglePass = (values: object): boolean => 'next' in values || isStream(values);
