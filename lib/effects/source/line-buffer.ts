/** Lines as bytes, one behind the other, and each one's byte length. */
export interface LineBuffer {
  /** A line, its newline included; or nothing, for a row that has none here. */
  push(line: string): void;
  /** Bytes taken so far; the last few lines count their UTF-16 units until they are encoded. */
  readonly byteCount: number;
  /** Replaces some lines, by line number; one pass over all bytes. */
  replace(lines: ReadonlyMap<number, string>): void;
  /** The first lines. */
  take(count: number): { readonly bytes: Uint8Array; readonly lengths: Uint32Array };
}

const encoder = new TextEncoder();
/**
 * Text is encoded when so much has come: one call for many lines, and no text lives long enough to
 * be moved by the garbage collector.
 */
const pendingCharsMax = 16 * 1024;

/** @param bytesExpected bytes to allocate at once */
export const createLineBuffer = (bytesExpected: number): LineBuffer =>
  new EncodedLines(bytesExpected);

class EncodedLines implements LineBuffer {
  #bytes: Uint8Array;
  #at = 0;
  #lengths: number[] = [];
  /** Text of the last lines, which is not encoded yet. */
  #pending = '';
  /** How many lines are pending: their lengths are in UTF-16 units until they are encoded. */
  #pendingLines = 0;

  constructor(bytesExpected: number) {
    this.#bytes = new Uint8Array(bytesExpected);
  }

  get byteCount(): number {
    return this.#at + this.#pending.length;
  }

  push(line: string): void {
    this.#lengths.push(line.length);
    this.#pending += line;
    this.#pendingLines += 1;
    if (this.#pending.length >= pendingCharsMax) this.#flush();
  }

  replace(lines: ReadonlyMap<number, string>): void {
    this.#flush();
    const [bytes, lengths] = [this.#bytes, this.#lengths];
    this.#bytes = new Uint8Array(this.#at);
    this.#at = 0;
    this.#lengths = [];
    let start = 0;
    lengths.forEach((length, lineIndex) => {
      const line = lines.get(lineIndex);
      this.#put(line === undefined ? bytes.subarray(start, start + length) : encoder.encode(line));
      start += length;
    });
  }

  take(count: number): { readonly bytes: Uint8Array; readonly lengths: Uint32Array } {
    this.#flush();
    const first = Uint32Array.from(this.#lengths.slice(0, count));
    const end =
      count === this.#lengths.length ? this.#at : first.reduce((sum, length) => sum + length, 0);
    return { bytes: this.#bytes.subarray(0, end), lengths: first };
  }

  #reserve(count: number): void {
    if (this.#bytes.length - this.#at >= count) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }

  #put(line: Uint8Array): void {
    this.#reserve(line.length);
    this.#bytes.set(line, this.#at);
    this.#at += line.length;
    this.#lengths.push(line.length);
  }

  /** Encodes what is pending. */
  #flush(): void {
    const pending = this.#pending;
    if (pending.length > 0) {
      // UTF-8 needs at most three bytes per UTF-16 unit.
      this.#reserve(pending.length * 3);
      const { written } = encoder.encodeInto(pending, this.#bytes.subarray(this.#at));
      if (written !== pending.length) this.#measurePending();
      this.#at += written;
    }
    this.#pending = '';
    this.#pendingLines = 0;
  }

  /** The byte lengths of the pending lines, in place of their UTF-16 units. */
  #measurePending(): void {
    const lengths = this.#lengths;
    let start = 0;
    let offset = this.#at;
    for (let i = lengths.length - this.#pendingLines; i < lengths.length; i += 1) {
      const end = start + (lengths[i] as number);
      const line = this.#pending.slice(start, end);
      const { written } = encoder.encodeInto(line, this.#bytes.subarray(offset));
      lengths[i] = written;
      offset += written;
      start = end;
    }
  }
}
