import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { CallMessage, CallName, Input, OpenRun, Output } from './worker-calls.ts';
import type { Disk } from '../disk/disk.ts';
import { type RunSession, openRunSession } from './run-session.ts';
import { rowPage } from '../../../lib/rows/row-parts.ts';
import { packPage, unpackQuery } from './packed-rows.ts';

export type Reply = (id: number, answer: Either<PortError, unknown>) => void;

/** Answers the calls of one store. Commits that wait together share one write and one fsync. */
export interface Dispatcher {
  receive(messages: readonly CallMessage[]): void;
}

type ReadName = Exclude<CallName, 'open' | 'close' | 'commit' | 'refresh'>;
type Handlers = {
  readonly [N in ReadName]: (session: RunSession, input: Input<N>) => Either<PortError, Output<N>>;
};

const handlers: Handlers = {
  assertOwned(session) {
    const lost = session.assertOwned();
    return lost === null ? right(null) : left(lost);
  },
  rows: ({ model }, query) => right(packPage(rowPage(model, unpackQuery(query)))),
  eventsAfter: (session, { sequence, limit }) => right(session.eventsAfter(sequence, limit)),
  batches: ({ model }, { fromBatchNo, limit }) => right(model.records.from(fromBatchNo, limit)),
};

const closed: PortError = { type: 'unavailable', message: 'the run is closed', cause: null };
const broken = (cause: unknown): PortError => ({
  type: 'unavailable',
  message: `the store failed: ${cause instanceof Error ? cause.message : String(cause)}`,
  cause: null,
});

export const createDispatcher = (disk: Disk, groupCommitMs: number, reply: Reply): Dispatcher => {
  const sessions = new Map<number, RunSession>();
  const opening = new Map<number, Promise<unknown>>();
  let group: (CallMessage & { readonly name: 'commit' })[] = [];
  let timer: NodeJS.Timeout | null = null;

  /** Makes the group durable, then acknowledges its commits. */
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const waiting = group;
    group = [];
    for (const message of waiting) {
      const session = sessions.get(message.run);
      const error = session === undefined ? closed : session.flush();
      reply(message.id, error === null ? right(null) : left(error));
    }
  };

  const open = async (run: number, input: OpenRun): Promise<Either<PortError, Output<'open'>>> => {
    const session = await openRunSession(disk, input);
    if (isLeft(session)) return session;
    sessions.set(run, session.right);
    const { snapshot, description } = session.right.model;
    return right({ snapshot, description });
  };
  const close = async (run: number): Promise<Either<PortError, null>> => {
    const error = await sessions.get(run)?.close();
    sessions.delete(run);
    return error === null || error === undefined ? right(null) : left(error);
  };

  const stage = (message: CallMessage & { readonly name: 'commit' }, session: RunSession): void => {
    const refused = session.stage(message.input.expectedVersion, message.input.frame);
    if (refused === null) group.push(message);
    else reply(message.id, left(refused));
  };
  const answer = (message: CallMessage): void => {
    const later = (promise: Promise<Either<PortError, unknown>>): void =>
      void promise
        .catch((cause: unknown) => left(broken(cause)))
        .then((value) => reply(message.id, value));
    if (message.name === 'open') {
      const opened = open(message.run, message.input).finally(() => opening.delete(message.run));
      opening.set(message.run, opened);
      return later(opened);
    }
    const session = sessions.get(message.run);
    const unfinished = opening.get(message.run);
    // A close that arrives during the opening waits for it; the session would stay open otherwise.
    if (message.name === 'close' && unfinished !== undefined)
      return later(unfinished.then(() => close(message.run)));
    if (session === undefined) return reply(message.id, left(closed));
    if (message.name === 'commit') return stage(message, session);
    // Reads and closes see acknowledged commits only.
    flush();
    if (message.name === 'close') return later(close(message.run));
    const fault = session.fault();
    if (fault !== null) return reply(message.id, left(fault));
    if (message.name === 'refresh') return later(session.refresh());
    const handle = handlers[message.name] as (
      at: RunSession,
      input: unknown,
    ) => Either<PortError, unknown>;
    reply(message.id, handle(session, message.input));
  };

  return {
    receive(messages) {
      for (const message of messages) {
        try {
          answer(message);
        } catch (cause) {
          reply(message.id, left(broken(cause)));
        }
      }
      if (group.length === 0) return;
      if (groupCommitMs <= 0) flush();
      else timer ??= setTimeout(flush, groupCommitMs);
    },
  };
};
