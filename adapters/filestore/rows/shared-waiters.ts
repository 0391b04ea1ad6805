/** Which rows wait for which, in item order: lists in columns, of twelve bytes a row, where any row waits at all. */
export class SharedWaiters {
  /** 1 + the row that is sent for each. */
  #sent = new Uint32Array(0);
  /** Of a row that is sent: the first that may wait for it. Of one that waits: the next one. 0: none, since the first row of a run waits for nobody. */
  #next = new Uint32Array(0);
  /** Of a row that is sent: the last that waits for it; 0: none does. */
  #last = new Uint32Array(0);

  /** Answers what takes the row away again: the last one first. */
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

  /** At most so many rows that still wait for this one. What has ended is not looked at again: rows end in item order, and never wait again. */
  waitingFor(sent: number, isWaiting: (index: number) => boolean, rowsMax: number): readonly number[] {
    let index = this.#next[sent] ?? 0;
    // Of a row that waits itself this is a neighbour, not a follower.
    if (index === 0 || (this.#last[sent] as number) === 0) return [];
    while (index !== 0 && !isWaiting(index)) index = this.#next[index] as number;
    this.#next[sent] = index;
    if (index === 0) this.#last[sent] = 0;
    const waiting: number[] = [];
    for (; index !== 0 && waiting.length < rowsMax; index = this.#next[index] as number) if (isWaiting(index)) waiting.push(index);
    return waiting;
  }

  #reserve(count: number): void {
    if (count <= this.#next.length) return;
    const room = Math.max(1_024, count, Math.ceil(this.#next.length * 1.5));
    const grown = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
      const larger = new Uint32Array(room);
      larger.set(column);
      return larger;
    };
    [this.#sent, this.#next, this.#last] = [grown(this.#sent), grown(this.#next), grown(this.#last)];
  }
}
