/** A segment that covers `count` consecutive numbers. */
export interface Segment {
  readonly from: number;
  readonly count: number;
}

const cachedSegmentsMax = 32;

/**
 * The segments of a numbering without gaps, found by any number in them. New ones stay in memory
 * until the database has them; after that only the last few read are cached.
 */
export class SegmentList<P extends Segment> {
  readonly #starts: number[] = [];
  readonly #fresh = new Map<number, P>();
  readonly #cached = new Map<number, P>();
  readonly #load: (from: number) => P;
  /** The first number of the next segment. */
  next: number;

  constructor(first: number, load: (from: number) => P) {
    this.next = first;
    this.#load = load;
  }

  push(segment: P): void {
    this.#starts.push(segment.from);
    this.#fresh.set(segment.from, segment);
    this.next = segment.from + segment.count;
  }

  /** Removes the last segment. */
  pop(): void {
    const from = this.#starts.pop();
    if (from === undefined) return;
    this.#fresh.delete(from);
    this.next = from;
  }

  /** Adds a segment that the database already has. */
  addStored(from: number, count: number): void {
    this.#starts.push(from);
    this.next = from + count;
  }

  fresh(): Iterable<P> {
    return this.#fresh.values();
  }

  /** Marks every segment as stored in the database. */
  markStored(): void {
    for (const segment of this.#fresh.values()) this.#remember(segment);
    this.#fresh.clear();
  }

  /** The segment that contains the number, which must be below `next`. O(log segments). */
  at(number: number): P {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= number) low = middle;
      else high = middle - 1;
    }
    const from = this.#starts[low] as number;
    return this.#fresh.get(from) ?? this.#cached.get(from) ?? this.#remember(this.#load(from));
  }

  #remember(segment: P): P {
    this.#cached.set(segment.from, segment);
    if (this.#cached.size > cachedSegmentsMax) {
      const oldest = this.#cached.keys().next().value;
      if (oldest !== undefined) this.#cached.delete(oldest);
    }
    return segment;
  }
}
