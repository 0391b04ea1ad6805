/** A piece that covers `count` neighbours of an ascending numbering. */
export interface Piece {
  readonly from: number;
  readonly count: number;
}

const cachedPiecesMax = 32;

/**
 * Pieces of a numbering without gaps, found by any number in them. Fresh ones are held here until the database has them; after that they
 * are read from it, and only the last few stay.
 */
export class Shelf<P extends Piece> {
  readonly #starts: number[] = [];
  readonly #fresh = new Map<number, P>();
  readonly #cached = new Map<number, P>();
  readonly #load: (from: number) => P;
  /** The number that the next piece begins with. */
  next: number;

  constructor(first: number, load: (from: number) => P) {
    this.next = first;
    this.#load = load;
  }

  push(piece: P): void {
    this.#starts.push(piece.from);
    this.#fresh.set(piece.from, piece);
    this.next = piece.from + piece.count;
  }

  /** Takes the last piece away again. */
  pop(): void {
    const from = this.#starts.pop();
    if (from === undefined) return;
    this.#fresh.delete(from);
    this.next = from;
  }

  /** A piece that the database has. */
  shelve(from: number, count: number): void {
    this.#starts.push(from);
    this.next = from + count;
  }

  fresh(): Iterable<P> {
    return this.#fresh.values();
  }

  /** The database has them all now. */
  settleFresh(): void {
    for (const piece of this.#fresh.values()) this.#remember(piece);
    this.#fresh.clear();
  }

  /** The piece that holds the number; the number is below `next`. O(log pieces). */
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

  #remember(piece: P): P {
    this.#cached.set(piece.from, piece);
    if (this.#cached.size > cachedPiecesMax) {
      const oldest = this.#cached.keys().next().value;
      if (oldest !== undefined) this.#cached.delete(oldest);
    }
    return piece;
  }
}
