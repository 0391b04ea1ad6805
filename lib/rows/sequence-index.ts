import type { SegmentList } from './segment-list.ts';
import type { ResultSegment } from './segments.ts';

/** The sequences of results by row, four bytes a row once they are asked for. */
export class SequenceIndex {
  #sequenceOf = new Uint32Array(0);
  #next = 1;

  /** Reads the results that are not in it yet. */
  upTo(rows: number, results: SegmentList<ResultSegment>): ArrayLike<number> {
    if (this.#sequenceOf.length < rows) {
      const larger = new Uint32Array(Math.max(rows, Math.ceil(this.#sequenceOf.length * 1.5)));
      larger.set(this.#sequenceOf);
      this.#sequenceOf = larger;
    }
    while (this.#next < results.next) {
      const segment = results.at(this.#next);
      for (let i = 0; i < segment.count; i += 1)
        this.#sequenceOf[segment.indexes[i] as number] = segment.from + i;
      this.#next = segment.from + segment.count;
    }
    return this.#sequenceOf;
  }
}
