import type { Port } from './port-error.ts';

/** A byte range of one object. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** The payload plane: immutable objects, whole or absent. Names are relative, `/`-separated, and never leave the root. */
export interface ArtifactStore {
  /** For messages: `folder /path`. */
  readonly describe: string;
  /** True after: the object is whole and durable (file and folder fsynced). An existing name is refused with `corrupt`: a committed object is never overwritten. */
  put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Port<{ readonly bytes: number }>;
  /** Bytes of the object, in chunks of at most about 1 MiB; `not_found` when it does not exist, `corrupt` when the range leaves it. */
  read(name: string, span?: Span): Port<AsyncIterable<Uint8Array>>;
  /** Several ranges of one object at once, in the order asked for; one file handle, no stream each. */
  readSpans(name: string, spans: readonly Span[]): Port<readonly Uint8Array[]>;
  /** Null when it does not exist. */
  size(name: string): Port<number | null>;
  /** Names under a prefix (`''`: all), in code-unit order, with sizes. */
  list(prefix: string): Port<readonly { readonly name: string; readonly bytes: number }[]>;
  /** True after: the object is gone; absent before is success. */
  remove(name: string): Port<void>;
}
