import {
  decide,
  emptySnapshot,
  type Event,
  evolve,
  type RunId,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import type { BatchProvider, OwnedRun, Port, ProviderWire } from '../../../lib/ports/index.ts';
import { digestOf } from '../../../lib/run/job/digest.ts';
import { configOf } from '../../../lib/run/job/job-config.ts';
import { itemsSource } from '../../../lib/run/sources/items-source.ts';
import { fakeConnection } from '../../../lib/sim/connection.ts';
import { faultyConnection, faultyStorage } from '../../../lib/sim/faulty-ports.ts';
import { hexOf } from '../../../lib/sim/prng.ts';
import { createProcess } from '../../../lib/sim/process.ts';
import {
  createFakeProvider,
  type FakeProvider,
  type FakeProviderOptions,
} from '../../../lib/sim/provider/index.ts';
import { memoryStore } from '../../../lib/sim/store/memory-store.ts';
import { createVirtualTime, type VirtualTime } from '../../../lib/sim/virtual-time.ts';
import { createEngine, type Engine } from '../../../lib/engine/engine.ts';
import type { EnginePorts } from '../../../lib/effects/ports.ts';
import type { AnyJob } from '../../../lib/run/job/job.ts';
import type { Job } from './jobs.ts';
import type { RowPage, RowPart, RowQuery } from '../../../lib/ports/row-query.ts';

/** An engine alone, over ports that a spec may change, in virtual time. */
export interface EngineLab {
  readonly engine: Engine;
  readonly fake: FakeProvider;
  readonly run: OwnedRun;
  readonly time: VirtualTime;
  readonly scheduler: EnginePorts['scheduler'];
  /** What the engine's stream failed with. */
  failure(): unknown;
  /** Every commit's events, in order. */
  readonly commits: readonly (readonly Event[])[];
  /** Lets promises settle, and time stand still. */
  quiet(): Promise<void>;
  advance(ms: number): Promise<void>;
  /** Until the condition holds; fails after a virtual week. */
  until(holds: (snapshot: RunSnapshot) => boolean): Promise<void>;
  stop(): void;
}

export interface LabPorts {
  readonly provider: BatchProvider & ProviderWire;
  readonly run: OwnedRun;
}

export const createEngineLab = async (
  jobFor: (scheduler: EnginePorts['scheduler']) => Job,
  options: FakeProviderOptions = {},
  change: (
    ports: LabPorts,
    lab: { readonly scheduler: EnginePorts['scheduler'] },
  ) => Partial<LabPorts> = () => ({}),
): Promise<EngineLab> => {
  const time = createVirtualTime(new Date(Date.UTC(2026, 0, 1)));
  const users = time.openClock();
  const fake = createFakeProvider({ ...options, nowMs: () => time.now() });
  const process = createProcess(
    time,
    () => false,
    () => users.isAwaited,
  );
  const job = jobFor(users.scheduler) as unknown as AnyJob;
  const items = job.source ?? itemsSource(job.items ?? []);
  const store = await right(
    faultyStorage(memoryStore(), process, {
      committed: () => undefined,
      owned: () => undefined,
    }).open(),
  );
  const runId = 'engine' as RunId;
  const run = await right(store.create(runId, null));
  const config = configOf(job, { kind: items.kind, ref: items.ref, fingerprint: 'lab' });
  const created = decide(emptySnapshot, { type: 'CreateRun', atMs: time.now(), runId, config });
  if (created._tag === 'Left') throw new Error('the run cannot be created');
  await right(run.commit(0, created.right));

  const connection = faultyConnection(
    fakeConnection(fake, options.limits === undefined ? {} : { limits: options.limits }),
    process,
  );
  const provider = connection.connect({ ...config.provider, requestTimeoutMs: 60_000 });
  const changed = change({ provider, run }, { scheduler: users.scheduler });
  let ids = 0;
  const engine = createEngine({
    run: changed.run ?? run,
    provider: changed.provider ?? provider,
    source: { items, buildPrompt: (item) => (job.buildPrompt as (item: unknown) => unknown)(item) },
    tokens: null,
    scheduler: process.scheduler,
    randomHex: (digits) => hexOf(9, (ids += 1)).slice(0, digits),
    digest: digestOf,
  });
  const commits: (readonly Event[])[] = [];
  let failure: unknown = null;
  const subscription = engine.steps$.subscribe({
    next: ({ events }) => commits.push(events),
    error: (error: unknown) => (failure = error),
  });

  const advance = async (ms: number): Promise<void> => {
    const untilMs = time.now() + ms;
    for (;;) {
      await process.quiet();
      const dueMs = time.nextDueMs();
      if (dueMs === null || dueMs > untilMs) return time.jumpTo(untilMs);
      time.step();
    }
  };
  return {
    engine,
    fake,
    run,
    time,
    scheduler: users.scheduler,
    failure: () => failure,
    commits,
    quiet: () => process.quiet(),
    advance,
    async until(holds) {
      const lateMs = time.now() + 7 * 86_400_000;
      for (;;) {
        await process.quiet();
        if (holds(engine.snapshot)) return;
        if (failure instanceof Error) throw failure;
        const dueMs = time.nextDueMs();
        if (dueMs === null || dueMs > lateMs)
          throw new Error(
            `it never came: ${JSON.stringify(engine.snapshot.control)}, ${JSON.stringify(engine.snapshot.totals)}`,
          );
        time.step();
      }
    },
    stop() {
      subscription.unsubscribe();
      process.kill();
    },
  };
};

export const right = async <A>(port: Port<A>): Promise<A> => {
  const answer = await port();
  if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left));
  return answer.right;
};

/** A run that keeps nothing but its snapshot: for input that is too large for rows in memory. */
export const forgetfulRun = (run: OwnedRun): OwnedRun => {
  let snapshot = run.snapshot;
  const commit: OwnedRun['commit'] = (_version, events) => () => {
    snapshot = events.reduce(evolve, snapshot);
    return Promise.resolve({ _tag: 'Right', right: snapshot });
  };
  const nothing: Port<{ readonly bytes: number }> = () =>
    Promise.resolve({ _tag: 'Right', right: { bytes: 0 } });
  const rows = <P extends RowPart>(query: RowQuery<P>): Port<RowPage<P>> =>
    'itemIds' in query.select
      ? () =>
          Promise.resolve({
            _tag: 'Right',
            right: { indexes: [], ids: [], isLast: true } as unknown as RowPage<P>,
          })
      : run.rows(query);
  return new Proxy(run, {
    get(target, key) {
      if (key === 'snapshot') return snapshot;
      if (key === 'commit') return commit;
      if (key === 'rows') return rows;
      if (key === 'artifacts') return { ...target.artifacts, put: () => nothing };
      return Reflect.get(target, key, target) as unknown;
    },
  });
};
