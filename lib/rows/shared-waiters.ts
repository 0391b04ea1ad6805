/**
 * Which rows wait for which row, in item order: linked lists in columns, twelve bytes a row when
 * any row waits.
 */
export class SharedWaiters {
  /** 1 + the row that is sent for each. */
  #sent = new Uint32Array(0);
  /**
   * For a row that is sent: the first row that may wait for it. For a row that waits: the next one.
   * 0 means none, since row 0 never waits.
   */
  #next = new Uint32Array(0);
  /** For a row that is sent: the last row that waits for it; 0: none does. */
  #last = new Uint32Array(0);

  /** Adds a row that waits; returns a function that removes it. Undo in reverse order. */
  add(sent: number, index: number): () => void {
    this.#reserve(index + 1);
    const before = this.#last[sent] as number;
    const link = before === 0 ? sent : before;
    this.#sent[index] = sent + 1;
    this.#next[link] = index;
    this.#next[index] = 0;
    this.#last[index] = 0;
    this.#last[sent] = index;
    return () => {
      this.#next[link] = 0;
      this.#last[sent] = before;
    };
  }

  /** The row that is sent for one that waits. */
  sentFor(index: number): number {
    return (this.#sent[index] ?? 0) - 1;
  }

  /**
   * The first `rowsMax` rows that still wait for this one. Rows that ended are skipped for good:
   * rows end in item order and never wait again.
   */
  waitingFor(
    sent: number,
    isWaiting: (index: number) => boolean,
    rowsMax: number,
  ): readonly number[] {
    let index = this.#next[sent] ?? 0;
    // For a row that itself waits, this is a neighbour, not a follower.
    if (index === 0 || (this.#last[sent] as number) === 0) return [];
    while (index !== 0 && !isWaiting(index)) index = this.#next[index] as number;
    this.#next[sent] = index;
    if (index === 0) this.#last[sent] = 0;
    const waiting: number[] = [];
    for (; index !== 0 && waiting.length < rowsMax; index = this.#next[index] as number)
      if (isWaiting(index)) waiting.push(index);
    return waiting;
  }

  #reserve(count: number): void {
    if (count <= this.#next.length) return;
    const capacity = Math.max(1_024, count, Math.ceil(this.#next.length * 1.5));
    const grown = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
      const larger = new Uint32Array(capacity);
      larger.set(column);
      return larger;
    };
    [this.#sent, this.#next, this.#last] = [
      grown(this.#sent),
      grown(this.#next),
      grown(this.#last),
    ];
  }
}
