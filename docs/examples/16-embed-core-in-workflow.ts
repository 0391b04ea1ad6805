// The same core inside a durable workflow (Temporal, DBOS, Restate, …): the workflow folds, each effect is an activity.
import {
  type Command,
  decide,
  type Effect,
  effectKey,
  effectsDue,
  type Event,
  evolve,
  isFinished,
  nextDueMs,
  type RunSnapshot,
} from 'batchor/core';
import { createPerformer, type EnginePorts } from 'batchor/streams';
import { isLeft } from 'fp-ts/lib/Either.js';

// What such a platform offers; in Temporal: proxyActivities, condition or sleep, defineSignal and setHandler.
export interface Platform {
  now(): number;
  /** Wakes at the time or at the next signal. */
  waitUntil(atMs: number | null, woken: () => boolean): Promise<void>;
  /** CreateBatch must never be tried twice by the platform: activity attempts = 1. */
  activity<Args extends readonly unknown[], A>(
    name: string,
    fn: (...args: Args) => Promise<A>,
    options: { readonly attempts: number },
  ): (...args: Args) => Promise<A>;
  onSignal(name: 'pause' | 'resume' | 'cancel', handler: () => void): void;
}

// activities.ts: the impure half. Effects and snapshots are plain JSON; rows and slices never leave this side.
export function createActivities(ports: EnginePorts) {
  const perform = createPerformer(ports);
  const running = new AbortController();
  return {
    /** Pays one debt, reads the slice that the answer needs, decides and commits: what crosses the boundary is the bounded snapshot. */
    async perform(effect: Effect): Promise<RunSnapshot> {
      const answer = await perform(effect, running.signal)();
      const asked = isLeft(answer) ? null : await answer.right();
      const fault = isLeft(answer) ? answer.left : asked !== null && isLeft(asked) ? asked.left : null;
      if (fault !== null || asked === null || isLeft(asked)) {
        const message = fault !== null && 'message' in fault ? fault.message : 'lost';
        return tell(ports, {
          type: 'RecordFault',
          atMs: ports.scheduler.now(),
          key: effectKey(effect),
          fault: 'transient',
          message,
          retryAfterMs: null,
        });
      }
      return tell(ports, asked.right);
    },
    tell: (command: Command): Promise<RunSnapshot> => tell(ports, command),
  };
}

/** One commit at a time: activities of one run share the store, and a stale version is refused there. */
let commits: Promise<unknown> = Promise.resolve();
function tell(ports: EnginePorts, command: Command): Promise<RunSnapshot> {
  const next = commits.then(async () => {
    const decided = decide(ports.run.snapshot, command);
    if (isLeft(decided)) return ports.run.snapshot; // a stale or repeated answer
    const committed = await ports.run.commit(ports.run.snapshot.version, decided.right)();
    if (isLeft(committed)) throw new Error(committed.left.type);
    return committed.right;
  });
  commits = next.catch(() => undefined);
  return next;
}

// workflow.ts: the pure half. Its whole state is one bounded snapshot; replay gives the same history.
export async function batchWorkflow(platform: Platform, activities: ReturnType<typeof createActivities>): Promise<RunSnapshot> {
  const perform = platform.activity('perform', activities.perform, { attempts: 1 });
  const tellRun = platform.activity('tell', activities.tell, { attempts: 1 });
  const inbox: Command[] = [{ type: 'OpenRun', atMs: platform.now() }];
  platform.onSignal('pause', () => inbox.push({ type: 'PauseRun', atMs: platform.now(), reason: 'manual', message: null }));
  platform.onSignal('resume', () => inbox.push({ type: 'ResumeRun', atMs: platform.now() }));
  platform.onSignal('cancel', () => inbox.push({ type: 'CancelRun', atMs: platform.now() }));

  let snapshot: RunSnapshot | null = null;
  const inFlight = new Set<string>();
  let isNews = true;
  const learn = (newer: RunSnapshot): void => {
    if (snapshot === null || newer.version > snapshot.version) snapshot = newer;
    isNews = true;
  };
  const isOver = (): boolean => snapshot !== null && isFinished(snapshot);
  while (!isOver()) {
    for (let command = inbox.shift(); command !== undefined; command = inbox.shift()) learn(await tellRun(command));
    isNews = false;
    const current = snapshot as RunSnapshot | null;
    if (current === null || isFinished(current)) continue;
    for (const effect of effectsDue(current, platform.now())) {
      const key = effectKey(effect);
      if (inFlight.has(key)) continue;
      inFlight.add(key);
      void perform(effect).then((newer) => {
        inFlight.delete(key);
        learn(newer);
      });
    }
    await platform.waitUntil(nextDueMs(current, platform.now()), () => isNews || inbox.length > 0);
  }
  return snapshot as unknown as RunSnapshot;
}

/** For tests of a workflow: what events do to a snapshot, without any platform. */
export const fold = (snapshot: RunSnapshot, events: readonly Event[]): RunSnapshot => events.reduce(evolve, snapshot);
