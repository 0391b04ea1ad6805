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

export const createSourceReader = (source: CheckpointedItemSource): SourceReader =>
  new Reading(source);

class Reading implements SourceReader {
  readonly #source: CheckpointedItemSource;
  #iterator: AsyncIterator<Pulled> | null = null;
  /** Entries that were pulled, and how many of them were taken. */
  #ahead: readonly SourceEntry[] = [];
  #taken = 0;
  #pulling: Promise<IteratorResult<Pulled>> | null = null;
  #nextIndex = -1;
  #position: JsonValue = null;
  #isOver = false;
  /** A generator that threw says that it is over when it is asked again. */
  #failure: { readonly thrown: unknown } | null = null;
  #abort = new AbortController();
  readonly #ended = (): void => this.end();

  constructor(source: CheckpointedItemSource) {
    this.#source = source;
  }

  get nextIndex(): number {
    return this.#nextIndex;
  }

  get position(): JsonValue {
    return this.#position;
  }

  seek(checkpoint: SourceCheckpoint | null, signal: AbortSignal): void {
    // Each slice has a signal of its own, and may be the one that is waited for when all ends.
    signal.addEventListener('abort', this.#ended, { once: true });
    const from = checkpoint?.nextIndex ?? 0;
    if (this.#iterator !== null && this.#nextIndex === from) return;
    this.drop();
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    this.#position = checkpoint?.position ?? null;
    this.#nextIndex = from;
    this.#iterator = iteratorOf(this.#source, this.#position, this.#abort.signal);
  }

  take(): SourceEntry | null {
    const entry = this.#ahead[this.#taken];
    if (entry === undefined) return null;
    this.#taken += 1;
    this.#nextIndex += 1;
    this.#position = entry.position;
    return entry;
  }

  async more(late: Promise<'late'> | null): Promise<'more' | 'over' | 'late'> {
    if (this.#failure !== null) throw this.#failure.thrown;
    const iterator = this.#iterator;
    if (this.#isOver || iterator === null) return 'over';
    // The page is the source's again from here on: it may fill it anew.
    this.#ahead = [];
    this.#taken = 0;
    const pulling = (this.#pulling ??= pull(iterator));
    const answer = await (late === null ? pulling : Promise.race([pulling, late])).catch(
      (thrown: unknown) => {
        if (this.#iterator === iterator) this.#failure = { thrown };
        throw thrown;
      },
    );
    if (answer === 'late') return 'late';
    this.#pulling = null;
    if (answer.done === true) {
      this.#isOver = true;
      return 'over';
    }
    this.#keep(isEntries(answer.value) ? answer.value : [answer.value]);
    return 'more';
  }

  #keep(page: readonly unknown[]): void {
    const odd = page.findIndex((each) => !isEntry(each));
    this.#ahead = (odd < 0 ? page : page.slice(0, odd)) as readonly SourceEntry[];
    // This entry has no position behind which reading could resume; the rows before it are
    // accepted.
    if (odd >= 0)
      this.#failure = { thrown: noEntry(this.#source, this.#nextIndex + odd, page[odd]) };
  }

  drop(): void {
    giveUp(this.#iterator);
    this.#iterator = null;
    this.#ahead = [];
    this.#taken = 0;
    this.#pulling = null;
    this.#nextIndex = -1;
    this.#isOver = false;
    this.#failure = null;
  }

  end(): void {
    this.#abort.abort();
    this.drop();
  }
}

/** It may fail while no caller waits; the next caller gets the error. */
const pull = (iterator: AsyncIterator<Pulled>): Promise<IteratorResult<Pulled>> => {
  const pulling = iterator.next();
  pulling.catch(() => undefined);
  return pulling;
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
