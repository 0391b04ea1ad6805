import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { Ask, CallName, Input, OpenRun, Output } from './calls.ts';
import type { Disk } from '../disk/disk.ts';
import { type Keeper, openKeeper } from './keeper.ts';
import { unpackTexts } from '../rows/packed-texts.ts';
import { createSequenceIndex, resultsAfter, resultsByIndex } from '../rows/result-queries.ts';
import {
  backoffRows,
  batchLines,
  linesOfRows,
  openMask,
  openRows,
  pendingRows,
  planWindow,
  rowLines,
  storedRows,
} from '../rows/row-queries.ts';
import { sharedRows } from '../rows/shared-rows.ts';

export type Reply = (id: number, answer: Either<PortError, unknown>) => void;

/** Answers the calls of one store. Commits that wait together share one write and one fsync. */
export interface Desk {
  receive(asks: readonly Ask[]): void;
}

/** A run and what is kept for its readers. */
interface Seat {
  readonly keeper: Keeper;
  readonly sequenceIndex: ReturnType<typeof createSequenceIndex>;
}
type ReadName = Exclude<CallName, 'open' | 'close' | 'commit' | 'refresh'>;
type Handlers = { readonly [N in ReadName]: (seat: Seat, input: Input<N>) => Either<PortError, Output<N>> };

const reading =
  <I, O>(read: (model: Keeper['model'], input: I) => O) =>
  ({ keeper }: Seat, input: I): Either<PortError, O> =>
    right(read(keeper.model, input));

const handlers: Handlers = {
  assertOwned: ({ keeper }) => {
    const lost = keeper.assertOwned();
    return lost === null ? right(null) : left(lost);
  },
  knownIds: reading((model, packed) => {
    const known = model.ids();
    const ids = unpackTexts(packed);
    const mask = new Uint8Array(ids.length);
    for (let i = 0; i < ids.length; i += 1) mask[i] = known.has(ids[i] as string) ? 1 : 0;
    return mask;
  }),
  planWindow: reading(planWindow),
  batchLines: reading(batchLines),
  openMask: reading((model, { batchNo, indexes }) => openMask(model, batchNo, indexes)),
  openRows: reading((model, { batchNo, fromIndex, rowsMax }) => openRows(model, batchNo, fromIndex, rowsMax)),
  backoffRows: reading((model, { dueAtMs, rowsMax }) => backoffRows(model, dueAtMs, rowsMax)),
  pendingRows: reading(pendingRows),
  sharedRows: ({ keeper, sequenceIndex }, { from, rowsMax }) => right(sharedRows(keeper.model, sequenceIndex(keeper.model), from, rowsMax)),
  rowLines: reading(rowLines),
  resultsAfter: reading((model, { sequence, limit }) => resultsAfter(model, sequence, limit)),
  resultsByIndex: ({ keeper, sequenceIndex }, { fromIndex, limit }) =>
    right(resultsByIndex(keeper.model, sequenceIndex(keeper.model), fromIndex, limit)),
  eventsAfter: ({ keeper }, { sequence, limit }) => right(keeper.eventsAfter(sequence, limit)),
  rows: reading((model, { fromIndex, limit }) => storedRows(model, fromIndex, limit)),
  linesOfRows: reading((model, { fromIndex, limit }) => linesOfRows(model, fromIndex, limit)),
  batches: reading((model, { fromBatchNo, limit }) => model.records.from(fromBatchNo, limit)),
};

const closed: PortError = { type: 'unavailable', message: 'the run is closed', cause: null };
const broken = (cause: unknown): PortError => ({
  type: 'unavailable',
  message: `the store failed: ${cause instanceof Error ? cause.message : String(cause)}`,
  cause: null,
});

export const createDesk = (disk: Disk, groupCommitMs: number, reply: Reply): Desk => {
  const seats = new Map<number, Seat>();
  const opening = new Map<number, Promise<unknown>>();
  let group: (Ask & { readonly name: 'commit' })[] = [];
  let timer: NodeJS.Timeout | null = null;

  /** Makes the group durable, then acknowledges it. */
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const waiting = group;
    group = [];
    for (const ask of waiting) {
      const seat = seats.get(ask.run);
      const error = seat === undefined ? closed : seat.keeper.flush();
      reply(ask.id, error === null ? right(null) : left(error));
    }
  };

  const open = async (run: number, input: OpenRun): Promise<Either<PortError, Output<'open'>>> => {
    const keeper = await openKeeper(disk, input);
    if (isLeft(keeper)) return keeper;
    seats.set(run, { keeper: keeper.right, sequenceIndex: createSequenceIndex() });
    const { snapshot, description } = keeper.right.model;
    return right({ snapshot, description });
  };
  const close = async (run: number): Promise<Either<PortError, null>> => {
    const error = await seats.get(run)?.keeper.close();
    seats.delete(run);
    return error === null || error === undefined ? right(null) : left(error);
  };

  const stage = (ask: Ask & { readonly name: 'commit' }, seat: Seat): void => {
    const refused = seat.keeper.stage(ask.input.expectedVersion, ask.input.frame);
    if (refused === null) group.push(ask);
    else reply(ask.id, left(refused));
  };
  const answer = (ask: Ask): void => {
    const later = (promise: Promise<Either<PortError, unknown>>): void =>
      void promise.catch((cause: unknown) => left(broken(cause))).then((value) => reply(ask.id, value));
    if (ask.name === 'open') {
      const opened = open(ask.run, ask.input).finally(() => opening.delete(ask.run));
      opening.set(ask.run, opened);
      return later(opened);
    }
    const seat = seats.get(ask.run);
    const unfinished = opening.get(ask.run);
    // Closed before it was open: nobody would ever close it otherwise.
    if (ask.name === 'close' && unfinished !== undefined) return later(unfinished.then(() => close(ask.run)));
    if (seat === undefined) return reply(ask.id, left(closed));
    if (ask.name === 'commit') return stage(ask, seat);
    // What is read, and what is closed, is what was acknowledged.
    flush();
    if (ask.name === 'close') return later(close(ask.run));
    const fault = seat.keeper.fault();
    if (fault !== null) return reply(ask.id, left(fault));
    if (ask.name === 'refresh') return later(seat.keeper.refresh());
    const handle = handlers[ask.name] as (at: Seat, input: unknown) => Either<PortError, unknown>;
    reply(ask.id, handle(seat, ask.input));
  };

  return {
    receive(asks) {
      for (const ask of asks) {
        try {
          answer(ask);
        } catch (cause) {
          reply(ask.id, left(broken(cause)));
        }
      }
      if (group.length === 0) return;
      if (groupCommitMs <= 0) flush();
      else timer ??= setTimeout(flush, groupCommitMs);
    },
  };
};
