import * as E from 'fp-ts/lib/Either.js';
import type { EngineFailure } from '../effects/faults.ts';
import type { Reply, Told } from './commits.ts';

/**
 * Callers that wait for what becomes of their commands. All of them are answered when the engine
 * stops.
 */
export interface Replies {
  /** Why the engine stopped; null: it did not. */
  readonly stopped: EngineFailure | 'over' | null;
  stop(why: EngineFailure | 'over'): void;
  waitFor(ask: (reply: Reply) => void): Promise<Told>;
}

export const createReplies = (): Replies => {
  const replies = new Set<Reply>();
  let stopped: EngineFailure | 'over' | null = null;
  return {
    get stopped() {
      return stopped;
    },
    stop(why) {
      stopped ??= why;
      for (const reply of replies) {
        if (why === 'over') reply.resolve(E.left({ type: 'run_finished' }));
        else reply.reject(why);
      }
      replies.clear();
    },
    waitFor: (ask) =>
      new Promise((resolve, reject) => {
        if (stopped === 'over') return resolve(E.left({ type: 'run_finished' }));
        if (stopped !== null) return reject(stopped);
        const reply: Reply = {
          resolve: (result) => (replies.delete(reply), resolve(result)),
          reject: (failure) => (replies.delete(reply), reject(failure)),
        };
        replies.add(reply);
        ask(reply);
      }),
  };
};
