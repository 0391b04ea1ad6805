const newline = 0x0a;

/** Counts lines as their bytes go by. */
export interface LineCount {
  add(chunk: Uint8Array): void;
  /** Lines so far that have a byte in them; the last needs no newline. */
  count(): number;
}

export const createLineCount = (): LineCount => {
  let whole = 0;
  let isOpen = false;
  return {
    add: (chunk) => {
      for (let from = 0; from < chunk.length;) {
        const end = chunk.indexOf(newline, from);
        if (end < 0) {
          isOpen = true;
          return;
        }
        if (isOpen || end > from) whole += 1;
        isOpen = false;
        from = end + 1;
      }
    },
    count: () => whole + (isOpen ? 1 : 0),
  };
};
