/** The body of a request, made of request lines as they come. */
export interface JoinedLines {
  /** How long the body is, where the lines are `bytes` in all, newlines included. */
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of lines that came, where they are not as many as was said; null: they are. */
  wrongBytes(): number | null;
}

const newline = 0x0a;
const comma = 0x2c;

/**
 * `{"NAME":[…]}` of lines that each are one request: newlines become commas, the last one ends the
 * list. Memory: one chunk. Lines of another length break the body off, so that the service cannot
 * take it for whole.
 */
export const joinLines = (
  name: string,
  bytes: number,
  lines: AsyncIterable<Uint8Array>,
): JoinedLines => {
  const head = Buffer.from(`{${JSON.stringify(name)}:[`);
  const tail = Buffer.from(']}');
  let wrong: number | null = null;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield head;
    let seen = 0;
    // The last newline is none of the list: it is held back until more comes.
    let isHeld = false;
    for await (const chunk of lines) {
      if (chunk.byteLength === 0) continue;
      seen += chunk.byteLength;
      if (seen > bytes) break;
      const joined = commasFor(chunk, isHeld);
      isHeld = joined.isHeld;
      yield joined.bytes;
    }
    if (seen !== bytes || !isHeld) {
      wrong = seen;
      throw new Error('the lines are not as long as was said');
    }
    yield tail;
  }
  return {
    bytes: head.length + bytes - 1 + tail.length,
    chunks: chunks(),
    wrongBytes: () => wrong,
  };
};

const commasFor = (
  chunk: Uint8Array,
  wasHeld: boolean,
): { readonly bytes: Uint8Array; readonly isHeld: boolean } => {
  const isHeld = chunk[chunk.byteLength - 1] === newline;
  const length = chunk.byteLength + (wasHeld ? 1 : 0) - (isHeld ? 1 : 0);
  const bytes = Buffer.allocUnsafe(length);
  if (wasHeld) bytes[0] = comma;
  bytes.set(isHeld ? chunk.subarray(0, chunk.byteLength - 1) : chunk, wasHeld ? 1 : 0);
  // Inside a line there is none: JSON escapes it.
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1))
    bytes[at] = comma;
  return { bytes, isHeld };
};
