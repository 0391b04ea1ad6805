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

export const createDispatcher = (disk: Disk, groupCommitMs: number, reply: Reply): Dispatcher =>
  new Sessions(disk, groupCommitMs, reply);

type CommitMessage = CallMessage & { readonly name: 'commit' };

/** The open runs, and the commits that wait to be made durable together. */
class Sessions implements Dispatcher {
  readonly #disk: Disk;
  readonly #groupCommitMs: number;
  readonly #reply: Reply;
  readonly #sessions = new Map<number, RunSession>();
  readonly #opening = new Map<number, Promise<unknown>>();
  #group: CommitMessage[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(disk: Disk, groupCommitMs: number, reply: Reply) {
    this.#disk = disk;
    this.#groupCommitMs = groupCommitMs;
    this.#reply = reply;
  }

  receive(messages: readonly CallMessage[]): void {
    for (const message of messages) {
      try {
        this.#answer(message);
      } catch (cause) {
        this.#reply(message.id, left(broken(cause)));
      }
    }
    if (this.#group.length === 0) return;
    if (this.#groupCommitMs <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#groupCommitMs);
  }

  #answer(message: CallMessage): void {
    const { run, id } = message;
    if (message.name === 'open') {
      const opened = this.#open(run, message.input).finally(() => this.#opening.delete(run));
      this.#opening.set(run, opened);
      return this.#replyLater(id, opened);
    }
    const session = this.#sessions.get(run);
    const unfinished = this.#opening.get(run);
    // A close that arrives during the opening waits for it; the session would stay open otherwise.
    if (message.name === 'close' && unfinished !== undefined)
      return this.#replyLater(
        id,
        unfinished.then(() => this.#close(run)),
      );
    if (session === undefined) return this.#reply(id, left(closed));
    if (message.name === 'commit') return this.#stage(message, session);
    // Reads and closes see acknowledged commits only.
    this.#flush();
    if (message.name === 'close') return this.#replyLater(id, this.#close(run));
    const fault = session.fault();
    if (fault !== null) return this.#reply(id, left(fault));
    if (message.name === 'refresh') return this.#replyLater(id, session.refresh());
    const handle = handlers[message.name] as (
      at: RunSession,
      input: unknown,
    ) => Either<PortError, unknown>;
    this.#reply(id, handle(session, message.input));
  }

  #replyLater(id: number, promise: Promise<Either<PortError, unknown>>): void {
    void promise
      .catch((cause: unknown) => left(broken(cause)))
      .then((value) => this.#reply(id, value));
  }

  #stage(message: CommitMessage, session: RunSession): void {
    const refused = session.stage(message.input.expectedVersion, message.input.frame);
    if (refused === null) this.#group.push(message);
    else this.#reply(message.id, left(refused));
  }

  /** Makes the group durable, then acknowledges its commits. */
  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = this.#group;
    this.#group = [];
    for (const message of waiting) {
      const session = this.#sessions.get(message.run);
      const error = session === undefined ? closed : session.flush();
      this.#reply(message.id, error === null ? right(null) : left(error));
    }
  }

  async #open(run: number, input: OpenRun): Promise<Either<PortError, Output<'open'>>> {
    const session = await openRunSession(this.#disk, input);
    if (isLeft(session)) return session;
    this.#sessions.set(run, session.right);
    const { snapshot, description } = session.right.model;
    return right({ snapshot, description });
  }

  async #close(run: number): Promise<Either<PortError, null>> {
    const error = await this.#sessions.get(run)?.close();
    this.#sessions.delete(run);
    return error === null || error === undefined ? right(null) : left(error);
  }
}
