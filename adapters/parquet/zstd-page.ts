/** No encoder makes a larger block (RFC 8878, 3.1.1.2.4). */
const BLOCK_BYTES_MAX = 128 * 1024;

/** The window size that every zstd decoder accepts by default. */
const WINDOW_BYTES_MAX = 128 * 1024 * 1024;

/** More compressed blocks than this in so many bytes come from no encoder. */
const blocksMax = (length: number): number => 64 + length / 256;

/**
 * Returns the page if it is one zstd frame that can unpack to about `length` bytes at most. Throws
 * a `RangeError` otherwise, since the decoder allocates whatever a frame states, and a run of equal
 * bytes takes four. (A decoder with a given buffer is bounded, but eight times as slow.)
 */
export const boundedFrame = (page: Uint8Array, length: number): Uint8Array => {
  const { window, content, blocksAt, checksumBytes } = frameHeader(page);
  if (content !== null && content !== length)
    throw new RangeError(`a page of ${length} bytes unpacks to ${content}`);
  if (content === null && window > WINDOW_BYTES_MAX)
    throw new RangeError(`a page asks for a window of ${window} bytes`);
  let unpacked = 0;
  let compressed = 0;
  for (let at = blocksAt; ;) {
    const head = (page[at] ?? 0) | ((page[at + 1] ?? 0) << 8) | ((page[at + 2] ?? 0) << 16);
    const [isLast, type, size] = [(head & 1) === 1, (head >> 1) & 3, head >> 3];
    if (type === COMPRESSED) compressed += 1;
    else unpacked += size;
    if (size > BLOCK_BYTES_MAX || unpacked > length || compressed > blocksMax(length))
      throw new RangeError(`a page of ${length} bytes has blocks of more`);
    at += 3 + (type === RUN ? 1 : size);
    if (at > page.length) throw new RangeError('a page is cut off');
    if (!isLast) continue;
    if (at + checksumBytes !== page.length)
      throw new RangeError('a page is more, or less, than one frame of zstd');
    return page;
  }
};

const RUN = 1;
const COMPRESSED = 2;

interface FrameHeader {
  readonly window: number;
  /** Null: the frame does not state it. */
  readonly content: number | null;
  readonly blocksAt: number;
  readonly checksumBytes: number;
}

/** RFC 8878, 3.1.1.1. */
const frameHeader = (page: Uint8Array): FrameHeader => {
  const numberAt = (at: number, size: number): number =>
    page.subarray(at, at + size).reduce((sum, byte, at) => sum + byte * 256 ** at, 0);
  if (numberAt(0, 4) !== 0xfd2fb528) throw new RangeError('a page is not zstd data');
  const descriptor = page[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const size = descriptor >> 6 === 0 ? (isSingle ? 1 : 0) : 2 ** (descriptor >> 6);
  const contentAt = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const base = 2 ** (10 + ((page[5] ?? 0) >> 3));
  return {
    window: isSingle ? 0 : base + (base / 8) * ((page[5] ?? 0) & 7),
    content: size === 0 ? null : numberAt(contentAt, size) + (size === 2 ? 256 : 0),
    blocksAt: contentAt + size,
    checksumBytes: (descriptor & 4) === 0 ? 0 : 4,
  };
};
