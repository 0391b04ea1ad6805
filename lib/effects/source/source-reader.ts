import type { JsonValue } from '../../core/json/json.ts';
import type { SourceCheckpoint } from '../../core/model/snapshot.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../ports/source.ts';

/**
 * One iterator over a source, kept open from slice to slice and opened anew where a checkpoint says
 * otherwise.
 */
export interface SourceReader {
  /**
   * True after: the next entry is the one behind the checkpoint. Entries that were taken and never
   * accepted come again.
   */
  seek(checkpoint: SourceCheckpoint | null, signal: AbortSignal): void;
  /** Which entry comes next, and the position before it. */
  readonly nextIndex: number;
  readonly position: JsonValue;
  /** The next entry if it was pulled already; null: `more` pulls. */
  take(): SourceEntry | null;
  /**
   * Pulls, and says whether entries came, the source is over, or `late` resolved first; what comes
   * after that is kept. Rejects with what the source failed with, again and again until it is read
   * anew.
   */
  more(late: Promise<'late'> | null): Promise<'more' | 'over' | 'late'>;
  /** Gives the iterator up: another reading may follow. */
  drop(): void;
  /** Closes the source: the signal ends any wait in it. */
  end(): void;
}

type Pulled = SourceEntry | readonly SourceEntry[];

export const createSourceReader = (source: CheckpointedItemSource): SourceReader => {
  let iterator: AsyncIterator<Pulled> | null = null;
  let ahead: readonly SourceEntry[] = [];
  let taken = 0;
  let pulling: Promise<IteratorResult<Pulled>> | null = null;
  let nextIndex = -1;
  let position: JsonValue = null;
  let isOver = false;
  /** A generator that threw says that it is over when it is asked again. */
  let failure: { readonly thrown: unknown } | null = null;
  let abort = new AbortController();
  const drop = (): void => {
    giveUp(iterator);
    iterator = null;
    ahead = [];
    taken = 0;
    pulling = null;
    nextIndex = -1;
    isOver = false;
    failure = null;
  };
  const end = (): void => {
    abort.abort();
    drop();
  };
  return {
    drop,
    end,
    get nextIndex() {
      return nextIndex;
    },
    get position() {
      return position;
    },
    seek(checkpoint, signal) {
      // Each slice has a signal of its own, and may be the one that is waited for when all ends.
      signal.addEventListener('abort', end, { once: true });
      const from = checkpoint?.nextIndex ?? 0;
      if (iterator !== null && nextIndex === from) return;
      drop();
      if (abort.signal.aborted) abort = new AbortController();
      position = checkpoint?.position ?? null;
      nextIndex = from;
      iterator = iteratorOf(source, position, abort.signal);
    },
    take() {
      const entry = ahead[taken];
      if (entry === undefined) return null;
      taken += 1;
      nextIndex += 1;
      position = entry.position;
      return entry;
    },
    async more(late) {
      if (failure !== null) throw failure.thrown;
      if (isOver || iterator === null) return 'over';
      // The page is the source's again from here on: it may fill it anew.
      ahead = [];
      taken = 0;
      if (pulling === null) {
        pulling = iterator.next();
        // It may fail while no caller waits; the next caller gets the error.
        pulling.catch(() => undefined);
      }
      const asked = iterator;
      const answer = await (late === null ? pulling : Promise.race([pulling, late])).catch(
        (thrown: unknown) => {
          if (iterator === asked) failure = { thrown };
          throw thrown;
        },
      );
      if (answer === 'late') return 'late';
      pulling = null;
      if (answer.done === true) {
        isOver = true;
        return 'over';
      }
      const page: readonly unknown[] = isEntries(answer.value) ? answer.value : [answer.value];
      const odd = page.findIndex((each) => !isEntry(each));
      ahead = (odd < 0 ? page : page.slice(0, odd)) as readonly SourceEntry[];
      // This entry has no position behind which reading could resume; the rows before it are
      // accepted.
      if (odd >= 0) failure = { thrown: noEntry(source, nextIndex + odd, page[odd]) };
      return 'more';
    },
  };
};

const isEntries = (value: Pulled): value is readonly SourceEntry[] => Array.isArray(value);

/**
 * Sources are written by users, in JavaScript too: what they yield is checked before it counts as a
 * row.
 */
const isEntry = (value: unknown): value is SourceEntry => {
  if (typeof value !== 'object' || value === null) return false;
  const { bad, position } = value as { readonly bad?: unknown; readonly position?: unknown };
  if (position === undefined || position === null) return false;
  return 'bad' in value ? typeof bad === 'object' && bad !== null : 'item' in value;
};

const noEntry = ({ ref }: CheckpointedItemSource, index: number, value: unknown): SourceError => {
  const what =
    typeof value === 'object' && value !== null
      ? `an object of ${Object.keys(value).join(', ') || 'nothing'}`
      : String(value);
  return new SourceError(
    `read() gave ${what} where row ${index} was due. A row is { item, position } or { bad, position }, and its position is not null: that is the start`,
    { ref },
  );
};

const iteratorOf = (
  source: CheckpointedItemSource,
  position: JsonValue,
  signal: AbortSignal,
): AsyncIterator<Pulled> => {
  const given: Partial<AsyncIterable<Pulled>> | null | undefined = source.read(position, {
    signal,
  });
  const iterator = given?.[Symbol.asyncIterator]?.();
  if (iterator !== undefined) return iterator;
  throw new SourceError(
    'read() gives nothing that can be iterated asynchronously. Write it as an async generator: async *read(from)',
    {
      ref: source.ref,
    },
  );
};

/**
 * A user's iterator may throw here, or return no promise. The error is ignored: reading has ended.
 */
const giveUp = (iterator: AsyncIterator<Pulled> | null): void => {
  const asked = async (): Promise<unknown> => iterator?.return?.();
  asked().catch(() => undefined);
};
