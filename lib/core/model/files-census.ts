/** What one file of a batch turned out to be, while it was read. */
export interface FileCensus {
  readonly fileId: string;
  /** Lines with a byte in them. */
  readonly lines: number;
  /** Of those, lines that are no answer: not JSON, not UTF-8, of another shape. */
  readonly malformed: number;
  /**
   * Of those, answers to requests that this batch did not send: of another batch, or of another
   * run.
   */
  readonly unknown: number;
  /** Its last line has no end, and cannot be read. */
  readonly isCut: boolean;
  /** Its first bytes, for people: control characters are shown as dots. */
  readonly begins: string;
}

/** Both files of a batch, as they were found. */
export interface FilesCensus {
  /** Different rows of the batch that the files answer. */
  readonly rows: number;
  /** Rows that no line answers, and that a corrupt line names. */
  readonly spoilt: number;
  /** Null: there is no such file, or it is gone. */
  readonly output: FileCensus | null;
  readonly error: FileCensus | null;
  /**
   * What the provider said where it does not give out a file that it named; null: it gave out both.
   */
  readonly gone: { readonly part: 'output' | 'error'; readonly message: string } | null;
}

/**
 * The census of complete files: this many different rows of the batch are answered, and every line
 * is usable.
 */
export const censusOfRows = (rows: number): FilesCensus => ({
  rows,
  spoilt: 0,
  output: null,
  error: null,
  gone: null,
});
