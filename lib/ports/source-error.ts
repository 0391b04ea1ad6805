/** Where a source's fault lies; what does not apply is left out. */
export interface SourceErrorPlace {
  /** A path or another name of the origin. */
  readonly ref: string;
  /** 1-based. */
  readonly line?: number | null;
  /** The field or column at fault. */
  readonly field?: string | null;
  /** What to do next, as whole sentences, where the message does not say it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A source that cannot be read at all: no such file, a missing column, a stored position that lies
 * behind the end. The message names the origin, the line if there is one, what is wrong, and what
 * to do.
 *
 * The only code among the ports: a source is the one port that users write and that may throw, so
 * what it throws to say "the user's fault, no stack wanted" has to be here, where both sides can
 * reach it. A bad row is not an error but an entry.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly ref: string;
  readonly line: number | null;
  readonly field: string | null;
  /** What to do next; null: the message says it. */
  readonly hint: string | null;

  constructor(what: string, place: SourceErrorPlace) {
    const line = place.line ?? null;
    super(
      `${place.ref}${line === null ? '' : `:${line}`}: ${what}`,
      place.cause === undefined ? {} : { cause: place.cause },
    );
    this.ref = place.ref;
    this.line = line;
    this.field = place.field ?? null;
    this.hint = place.hint ?? null;
  }
}
