/** A part of one zstd frame. */
export interface FramePart {
  readonly bytes: Buffer;
  /** True where the frame ends with these bytes. */
  readonly isLast: boolean;
}

/** Cuts zstd data into its frames. */
export interface FrameCutter {
  /** True before a frame's first byte: the only place where a file may end. */
  readonly isBetween: boolean;
  /**
   * The parts of frames in the bytes that follow those of before. What is no frame makes one that
   * does not end: the decompressor says what is wrong with it.
   */
  cut(bytes: Buffer): readonly FramePart[];
}

/**
 * What a frame consists of, each with as many bytes as must be seen to know how it goes on; `skip`:
 * bytes that tell nothing.
 */
type Stage =
  | { readonly at: 'magic' | 'descriptor' | 'block' | 'skippable'; readonly needs: number }
  | { readonly at: 'skip'; readonly needs: number; readonly next: Stage | null }
  | { readonly at: 'unknown' };

/**
 * Node's decompressor forgets what follows a frame within one write, and takes a frame that is cut
 * off for whole (seen in 22.23). So the ends of frames are found here, by their lengths alone (RFC
 * 8878, 3.1): a header of a few bytes, then blocks that each tell their size.
 */
export const frameCutter = (): FrameCutter => {
  let stage: Stage = MAGIC;
  let hasChecksum = false;
  let seen = 0;
  let value = 0;

  /** The stage behind one whose bytes are complete; null at the end of the frame. */
  const after = (done: Exclude<Stage['at'], 'skip' | 'unknown'>): Stage | null => {
    if (done === 'magic') {
      if (value === 0xfd2fb528) return { at: 'descriptor', needs: 1 };
      return value >>> 4 === 0x184d2a5 ? { at: 'skippable', needs: 4 } : { at: 'unknown' };
    }
    if (done === 'skippable') return skip(value, null);
    if (done === 'descriptor') {
      hasChecksum = (value & 4) !== 0;
      return skip(headerBytes(value), BLOCK);
    }
    const isRunLength = ((value >> 1) & 3) === 1;
    const next = (value & 1) === 0 ? BLOCK : hasChecksum ? skip(4, null) : null;
    return skip(isRunLength ? 1 : value >>> 3, next);
  };

  return {
    get isBetween() {
      return stage === MAGIC && seen === 0;
    },
    cut: (bytes) => {
      const parts: FramePart[] = [];
      let begin = 0;
      let at = 0;
      while (at < bytes.length && stage.at !== 'unknown') {
        const taken = Math.min(stage.needs - seen, bytes.length - at);
        if (stage.at !== 'skip')
          for (let i = 0; i < taken; i += 1)
            value = (value | ((bytes[at + i] ?? 0) << (8 * (seen + i)))) >>> 0;
        at += taken;
        seen += taken;
        if (seen < stage.needs) break;
        const next: Stage | null = stage.at === 'skip' ? stage.next : after(stage.at);
        seen = 0;
        value = 0;
        stage = next ?? MAGIC;
        if (next !== null) continue;
        parts.push({ bytes: bytes.subarray(begin, at), isLast: true });
        begin = at;
      }
      if (begin < bytes.length) parts.push({ bytes: bytes.subarray(begin), isLast: false });
      return parts;
    },
  };
};

const MAGIC: Stage = { at: 'magic', needs: 4 };
const BLOCK: Stage = { at: 'block', needs: 3 };

const skip = (needs: number, next: Stage | null): Stage | null =>
  needs === 0 ? next : { at: 'skip', needs, next };

/** How many bytes of the frame's header follow its descriptor: window, dictionary, content size. */
const headerBytes = (descriptor: number): number => {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  return (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + contentSize;
};
