import type { Port } from './port-error.ts';

/** A byte range of one object. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** The result of checking every byte of an object. */
export interface ObjectCheck {
  readonly bytes: number;
  /**
   * False: it was put without checksums, by the release before or by a store that keeps none.
   * Nothing is known of its bytes then.
   */
  readonly hasSums: boolean;
  /** The first bytes that are not what was put; null: none are known. */
  readonly changed: Span | null;
}

/**
 * The payload plane: immutable objects, whole or absent. Names are relative, `/`-separated, and
 * never leave the root.
 */
export interface ArtifactStore {
  /** For messages: `folder /path`. */
  readonly describe: string;
  /**
   * True after: the object is whole and durable (file and folder fsynced). An existing name is
   * refused with `corrupt`: a committed object is never overwritten.
   */
  put(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Port<{ readonly bytes: number }>;
  /**
   * Bytes of the object, in chunks of at most about 1 MiB; `not_found` when it does not exist,
   * `corrupt` when the range leaves it. Where bytes are found not to be what was put, the iteration
   * throws `PayloadError`, and has given none of them.
   */
  read(name: string, span?: Span): Port<AsyncIterable<Uint8Array>>;
  /**
   * Several ranges of one object at once, in the order asked for; one file handle, no stream each.
   * `corrupt` where bytes are not what was put.
   */
  readSpans(name: string, spans: readonly Span[]): Port<readonly Uint8Array[]>;
  /**
   * Reads all of the object, and holds it against its checksums; `corrupt` where those are damaged.
   * A store that keeps none has no such thing.
   */
  check?(name: string): Port<ObjectCheck>;
  /** Null when it does not exist. */
  size(name: string): Port<number | null>;
  /** Names under a prefix (`''`: all), in code-unit order, with sizes. */
  list(prefix: string): Port<readonly { readonly name: string; readonly bytes: number }[]>;
  /** True after: the object is gone; absent before is success. */
  remove(name: string): Port<void>;
}
