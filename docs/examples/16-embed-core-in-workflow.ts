// The same core inside a durable workflow (Temporal, DBOS, Restate, …): the workflow folds, each
// effect is an activity. The platform may run an activity again, or twice at once: only the
// activity that commits `CreateBegun` sends that create.
import {
  type Command,
  decide,
  type Effect,
  effectKey,
  effectsDue,
  type Event,
  evolve,
  isDue,
  isFinished,
  nextDueMs,
  type RunSnapshot,
} from 'batchor/core';
import {
  type Asked,
  commandOfError,
  createPerformer,
  type EnginePorts,
  messageOf,
} from 'batchor/streams';
import { isLeft } from 'fp-ts/lib/Either.js';
import { right } from 'fp-ts/lib/TaskEither.js';

// What such a platform offers; in Temporal: proxyActivities, condition or sleep, defineSignal and
// setHandler.
export interface Platform {
  now(): number;
  /** Wakes at the time or at the next signal. */
  waitUntil(atMs: number | null, woken: () => boolean): Promise<void>;
  /**
   * Runs at least once: again when its result is lost. What crosses is JSON: a command with columns
   * goes through `commandCodec`.
   */
  activity<Args extends readonly unknown[], A>(
    name: string,
    fn: (...args: Args) => Promise<A>,
  ): (...args: Args) => Promise<A>;
  onSignal(name: 'pause' | 'resume' | 'cancel', handler: () => void): void;
}

// activities.ts: the impure half. Effects and snapshots are plain JSON; rows and slices never leave
// this side.
export function createActivities(ports: EnginePorts) {
  const pay = createPerformer(ports);
  const running = new AbortController();
  let commits: Promise<unknown> = Promise.resolve();

  /**
   * Reads the slice, decides and commits, one command at a time; the events, none where the answer
   * was stale or repeated.
   */
  const tell = (asked: Asked): Promise<readonly Event[]> => {
    const next = commits.then(async () => {
      const command = await asked();
      if (isLeft(command)) throw new Error(messageOf(command.left));
      const decided = decide(ports.run.snapshot, command.right);
      if (isLeft(decided) && decided.left.type === 'malformed_command')
        throw new Error(decided.left.message);
      if (isLeft(decided)) return [];
      const committed = await ports.run.commit(ports.run.snapshot.version, decided.right)();
      if (isLeft(committed)) throw new Error(messageOf(committed.left));
      return decided.right;
    });
    commits = next.catch(() => undefined);
    return next;
  };

  const payOnce = async (effect: Effect): Promise<readonly Event[]> => {
    const answer = await pay(effect, running.signal)();
    if (!isLeft(answer)) return tell(answer.right);
    const command = commandOfError(effect, answer.left, ports.scheduler.now());
    if (command === null) throw new Error(messageOf(answer.left)); // our own store failed: the platform tries again
    return tell(right(command));
  };

  const performNow = async (effect: Effect, atMs: number): Promise<RunSnapshot> => {
    const nowMs = Math.max(atMs, ports.scheduler.now());
    if (!isDue(ports.run.snapshot, effect, nowMs)) return ports.run.snapshot; // performed before, and its result was lost
    if (effect.type === 'CreateBatch') {
      // The activity that began it has not answered: the create may have been sent. batchor
      // searches for it and never sends it again.
      const { batchKey, createAttempt } = effect;
      await tell(
        right({
          type: 'RecordCreateUnclear',
          atMs: nowMs,
          batchKey,
          createAttempt,
          message: 'the activity was lost',
        }),
      );
      return ports.run.snapshot;
    }
    for (const event of await payOnce(effect)) {
      if (event.type !== 'CreateBegun') continue;
      const isBegun = (due: Effect): boolean =>
        due.type === 'CreateBatch' && due.batchKey === event.batchKey;
      const create = effectsDue(ports.run.snapshot, nowMs).find(isBegun);
      if (create !== undefined) await payOnce(create);
    }
    return ports.run.snapshot;
  };

  /**
   * Never two of one key at once: a second run of an activity waits for the first, and finds
   * nothing due.
   */
  const queues = new Map<string, Promise<unknown>>();
  return {
    /** `atMs`: when the workflow saw that it is due. */
    perform(effect: Effect, atMs: number): Promise<RunSnapshot> {
      const key = effectKey(effect);
      const performed = (queues.get(key) ?? Promise.resolve()).then(() => performNow(effect, atMs));
      queues.set(
        key,
        performed.catch(() => undefined),
      );
      return performed;
    },
    async tell(command: Command): Promise<RunSnapshot> {
      await tell(right(command));
      return ports.run.snapshot;
    },
  };
}

// workflow.ts: the pure half. Its whole state is one bounded snapshot; replay gives the same
// history.
export async function batchWorkflow(
  platform: Platform,
  activities: ReturnType<typeof createActivities>,
): Promise<RunSnapshot> {
  const perform = platform.activity('perform', activities.perform);
  const tellRun = platform.activity('tell', activities.tell);
  const inbox: Command[] = [{ type: 'OpenRun', atMs: platform.now() }];
  platform.onSignal('pause', () =>
    inbox.push({ type: 'PauseRun', atMs: platform.now(), reason: 'manual', message: null }),
  );
  platform.onSignal('resume', () => inbox.push({ type: 'ResumeRun', atMs: platform.now() }));
  platform.onSignal('cancel', () => inbox.push({ type: 'CancelRun', atMs: platform.now() }));

  let snapshot: RunSnapshot | null = null;
  let isNews = true;
  const inFlight = new Set<string>();
  /** What changed nothing, or failed, rests for a second. */
  const resting = new Map<string, number>();
  const learn = (newer: RunSnapshot): void => {
    if (snapshot === null || newer.version > snapshot.version) snapshot = newer;
    isNews = true;
  };
  const start = (effect: Effect, version: number): void => {
    const key = effectKey(effect);
    const rest = (): unknown => resting.set(key, platform.now() + 1_000);
    inFlight.add(key);
    void perform(effect, platform.now())
      .then((newer) => (newer.version > version ? learn(newer) : rest()), rest)
      .then(() => (isNews = inFlight.delete(key)));
  };
  for (;;) {
    for (let command = inbox.shift(); command !== undefined; command = inbox.shift())
      learn(await tellRun(command));
    isNews = false;
    const current = snapshot as RunSnapshot | null;
    if (current === null || isFinished(current)) return current as RunSnapshot;
    const nowMs = platform.now();
    for (const [key, untilMs] of resting) if (untilMs <= nowMs) resting.delete(key);
    for (const effect of effectsDue(current, nowMs))
      if (!inFlight.has(effectKey(effect)) && !resting.has(effectKey(effect)))
        start(effect, current.version);
    const times = [...resting.values(), nextDueMs(current, nowMs) ?? Infinity];
    const nextMs = Math.min(...times);
    await platform.waitUntil(nextMs === Infinity ? null : nextMs, () => isNews || inbox.length > 0);
  }
}

/** For tests of a workflow: what events do to a snapshot, without any platform. */
export const fold = (snapshot: RunSnapshot, events: readonly Event[]): RunSnapshot =>
  events.reduce(evolve, snapshot);
