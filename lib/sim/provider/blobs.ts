/**
 * Receives one blob's bytes in order. It does not keep a chunk after `write` resolves, unless it
 * copied it.
 */
export interface BlobWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the blob readable. */
  close(): Promise<void>;
}

/** A part of a blob: from `start`, up to but without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are already in the provider's blob store. The receiver owns them from then on. */
export interface StoredBlob {
  readonly blobKey: string;
  readonly bytes: number;
}

/** Stores file bytes. The provider chooses keys of letters, digits, `-` and `_` only. */
export interface BlobStore {
  create(key: string): Promise<BlobWriter>;
  read(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Removes a blob; a missing one is success. */
  remove(key: string): Promise<void>;
}

/** Blobs in memory, for small worlds. Large files belong in a store on disk. */
export const createMemoryBlobs = (): BlobStore => {
  const blobs = new Map<string, Uint8Array[]>();
  return {
    create: async (key) => {
      const chunks: Uint8Array[] = [];
      return {
        write: async (bytes) => {
          // Callers may reuse their buffer.
          chunks.push(bytes.slice());
        },
        close: async () => {
          blobs.set(key, chunks);
        },
      };
    },
    read: (key, range) => readChunks(blobs.get(key) ?? [], range ?? { start: 0, end: Infinity }),
    remove: async (key) => {
      blobs.delete(key);
    },
  };
};

async function* readChunks(
  chunks: readonly Uint8Array[],
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const chunk of chunks) {
    const from = Math.max(range.start - offset, 0);
    const to = Math.min(range.end - offset, chunk.length);
    offset += chunk.length;
    if (from < to) yield chunk.subarray(from, to);
  }
}
