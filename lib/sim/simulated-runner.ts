import type { AnyJob } from '../run/job.ts';
import { BatchRunner } from '../run/runner.ts';
import type { BatchRunnerOptions, StartOptions } from '../run/runner-options.ts';
import type { AnyProviderConfig, BatchJob, JobMetadata, JobOutput } from '../run/job.ts';
import type { Run } from '../run/run.ts';
import type { JsonObject } from '../core/json.ts';
import type { CheckpointedItemSource } from '../ports/source.ts';
import type { SimulatedProcess } from './process.ts';

/** A runner inside a simulated process: what its jobs read and render is waited for before time goes on. */
export class SimulatedRunner extends BatchRunner {
  readonly #process: SimulatedProcess;
  constructor(options: BatchRunnerOptions, process: SimulatedProcess) {
    super(options);
    this.#process = process;
  }

  override start<Payload, Provider extends AnyProviderConfig, Metadata extends JsonObject = JsonObject>(
    job: BatchJob<Payload, Metadata, Provider>,
    options: StartOptions = {},
  ): Promise<Run<JobOutput<{ providerConfig: Provider }>, Metadata>> {
    return super.start(watchedJob(job as unknown as AnyJob, this.#process) as unknown as BatchJob<Payload, Metadata, Provider>, options);
  }

  override getRun<Job extends AnyJob>(runId: string, options: { readonly job: Job }): Promise<Run<JobOutput<Job>, JobMetadata<Job>>>;
  override getRun(runId: string): Promise<Run>;
  override getRun(runId: string, options?: { readonly job: AnyJob }): Promise<Run> {
    return options === undefined ? super.getRun(runId) : super.getRun(runId, { job: watchedJob(options.job, this.#process) });
  }
}

/** The job, with its own code run inside the process. */
const watchedJob = (job: AnyJob, process: SimulatedProcess): AnyJob => {
  const buildPrompt = (item: never): unknown => {
    const prompt = job.buildPrompt(item);
    return prompt instanceof Promise ? process.pull(() => prompt as Promise<unknown>) : prompt;
  };
  if (job.source !== undefined) return { ...job, buildPrompt, source: watchedSource(job.source, process) };
  // Items at hand cannot keep anybody waiting.
  if (job.items === undefined || Symbol.iterator in job.items) return { ...job, buildPrompt };
  return { ...job, buildPrompt, items: watched(job.items, process) };
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

const watched = <A>(values: AsyncIterable<A>, process: SimulatedProcess): AsyncIterable<A> => ({
  [Symbol.asyncIterator]() {
    const iterator = values[Symbol.asyncIterator]();
    return {
      next: () => process.pull(() => iterator.next()),
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
  },
});
